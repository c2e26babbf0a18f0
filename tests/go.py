"""Programs of others that tests hold ours against, built once from pinned versions into build/go/bin."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

BIN = Path(__file__).resolve().parent.parent / "build" / "go" / "bin"


def program(go: str, name: str, package: str, *, built: str = "") -> str:
    """The program's path. `built` is what Go calls it, where that is not its name."""
    found = BIN / name
    BIN.mkdir(parents=True, exist_ok=True)
    with (BIN / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            env = {**os.environ, "GOBIN": str(BIN), "GOTOOLCHAIN": "local"}
            subprocess.run([go, "install", package], env=env, check=True, timeout=280)
            (BIN / (built or name)).rename(found)
    return str(found)
