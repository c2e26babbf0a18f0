#!/usr/bin/env bash
# The long trials: too slow for the test suite, run before a release.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/python -m bench.crash "${1:-200}" "${2:-1}"
.venv/bin/python -m bench.git
.venv/bin/python -m bench.kills 500
.venv/bin/python -m bench.posts 200 60
.venv/bin/python -m bench.fuzz
