"""Node's packages for the tests of other people's clients; a group that says when it cannot run."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent


def installed(name: str) -> Path:
    """The folder `tests/clients/<name>` with its locked packages beside it; installed once."""
    if not shutil.which("npm"):
        pytest.skip("group node: no npm on this machine")
    folder = HERE / name
    lock = (folder / "package-lock.json").read_bytes()
    with (folder / ".installing").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # the workers of one test run share the folder
        mark = folder / "node_modules" / ".autoweave"
        if not mark.exists() or mark.read_bytes() != lock:
            done = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                cwd=folder, capture_output=True, text=True, timeout=600, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr[-2000:]
            mark.write_bytes(lock)
    return folder


def run(name: str, script: str, *words: str, timeout_s: float = 120) -> Any:
    """What `node <script>` prints, read as JSON."""
    folder = installed(name)
    done = subprocess.run(
        ["node", script, *words], cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)
