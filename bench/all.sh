#!/usr/bin/env bash
# Every benchmark, printed one after the other. Those over the corpus need AUTOWEAVE_CORPUS or ../shared/corpus.
set -uo pipefail
cd "$(dirname "$0")/.."
for name in verdicts models hostile speed validation git sandbox start serving tracing gateway; do
    printf '\n== %s\n' "$name"
    .venv/bin/python -m "bench.$name" || echo "$name: fell short, see above"
done
