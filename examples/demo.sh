#!/usr/bin/env bash
# Integrates the example module into a repository of its own below build/demo, and says what to do next.
set -euo pipefail
cd "$(dirname "$0")/.."
export AUTOWEAVE_HOME="$PWD/build/demo"
mkdir -p "$AUTOWEAVE_HOME"

./autoweave integrate examples/orders/openapi.yaml --yes

cat <<TEXT

The module is in build/demo/remote.git, a bare repository AutoWeave made. Look at it:
  git --git-dir=build/demo/remote.git log --stat
  git --git-dir=build/demo/remote.git show main:apps/orders/base/deployment.yaml

Type next:
  make demo                                  again: nothing changes
  AUTOWEAVE_HOME=build/demo ./autoweave integrate examples/orders/openapi.yaml --replicas 5
  ./autoweave plan YOUR-OPENAPI.yaml --image registry.example.com/you/app:1.0.0
  ./autoweave --help
TEXT
