#!/usr/bin/env bash
# The whole suite: installs what its groups need where it may, then runs them all.
# Anything that cannot be had is said at the start and named again at the end as NOT RUN.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/local/go/bin"

note() { echo "tests: $*"; }

debian() { # debian PACKAGE PROBE: install PACKAGE when PROBE finds nothing
    if eval "$2" >/dev/null 2>&1; then return; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        note "installing Debian package $1"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"; } \
            >build/apt-"$1".log 2>&1 || note "could not install $1 (build/apt-$1.log)"
    else
        note "$1 is missing and this user cannot install it"
    fi
}

mkdir -p build
uv=$(command -v uv || echo build/uv/bin/uv)
bash .ci/setup "$uv"
debian postgresql "ls /usr/lib/postgresql/*/bin/initdb || command -v initdb"
debian openssl "command -v openssl"
debian bubblewrap "command -v bwrap"
debian redis-server "command -v redis-server"
debian chromium "command -v chromium"
if command -v go >/dev/null; then
    note "building kubeconform, conftest and helm into build/go (once; minutes)"
    .venv/bin/python -m bench.go_tools
else
    note "no Go toolchain: the comparison with kubeconform and conftest cannot run"
fi
command -v npm >/dev/null || note "no npm: the clients that people write in JavaScript cannot be tried"
exec .venv/bin/pytest -n "${AUTOWEAVE_TEST_JOBS:-2}" --dist loadfile --durations 10 "$@"
