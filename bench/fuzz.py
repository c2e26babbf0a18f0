"""Schemathesis over our own OpenAPI document, all checks, against a server on the loopback.

    python -m bench.fuzz [--examples 200] [--only REGEX]

The graphs behind it are the small ones of the tests: what is tried is the contract, not the graphs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server

import uvicorn

from core.http import wire
from core.http.limits import Limits
from tests.http import ground, shelves

# Rates are tried by themselves; here they would only hide what is behind them.
LIMITS = Limits(per_key=100_000_000, per_peer=100_000_000)
# A query parameter that nobody knows is overlooked. What a right request may be answered with besides
# success: it names what is not there, comes too soon, or breaks a rule that JSON Schema cannot say
# (422; in OpenAI's form 400).
CONFIG = """
[generation]
allow-extra-parameters = false

[checks]
positive_data_acceptance.expected-statuses = ["2xx", "303", "400", "401", "403", "404", "409", "422"]
"""


@contextmanager
def serving() -> Iterator[str]:
    app = ground.Ground().app(limits=LIMITS, shelf=shelves.SHELF)
    listener = create_server(("127.0.0.1", 0))
    server = uvicorn.Server(wire.config(app, drain_s=1))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def run(url: str, *, examples: int, only: str = "", seed: int = 1) -> subprocess.CompletedProcess[str]:
    """Schemathesis's report, and 0 where it found nothing."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "schemathesis.toml").write_text(CONFIG)
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json",
            "--header", f"X-Api-Key:{ground.ACME}",
            # As through a proxy: what this machine alone may do is not the contract.
            "--header", "X-Forwarded-For:203.0.113.9",
            # Either header will do, which its generator takes for: both, with different keys.
            "--generation-with-security-parameters", "false",
            "--checks", "all", "--max-examples", str(examples),
            "--seed", str(seed), "--generation-database", "none", "--no-color", "--warnings", "off",
            "--continue-on-failure", "--no-shrink", "--suppress-health-check", "all",
            "--wait-for-schema", "30", "--request-timeout", "30",
            *(["--include-path-regex", only] if only else []),
        ]  # fmt: skip
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--examples", type=int, default=200)
    words.add_argument("--only", default="", help="paths that match this expression")
    given = words.parse_args()
    began = time.monotonic()
    with serving() as url:
        done = run(url, examples=given.examples, only=given.only)
    print(done.stdout, done.stderr, sep="\n")
    print(f"{given.examples} examples an operation, {time.monotonic() - began:.0f} s, exit {done.returncode}")
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
