"""The real kubeconform and conftest, built from pinned versions: `python -m bench.go_tools`.

Our verdicts are held against theirs, and our speed is measured beside theirs. Not part of the product.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

BIN = Path(__file__).resolve().parent.parent / "build" / "go" / "bin"
PINNED = {
    "kubeconform": ("github.com/yannh/kubeconform", "cmd/kubeconform", "v0.7.0"),
    "conftest": ("github.com/open-policy-agent/conftest", "", "v0.69.0"),
}


def go() -> str | None:
    """The Go toolchain, where there is one."""
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


def installed(name: str, toolchain: str) -> bool:
    """Whether the binary is there and was built from the pinned version."""
    binary = BIN / name
    if not binary.is_file():
        return False
    shown = subprocess.run([toolchain, "version", "-m", binary], capture_output=True, text=True, check=False)
    module, _, version = PINNED[name]
    return any(line.split()[:3] == ["mod", module, version] for line in shown.stdout.splitlines())


def install(toolchain: str) -> Path:
    """Build what is missing; two callers at once wait for one another. conftest takes minutes."""
    BIN.mkdir(parents=True, exist_ok=True)
    with (BIN / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, (module, path, version) in PINNED.items():
            if not installed(name, toolchain):
                package = "/".join(part for part in (module, path) if part)
                env = {**os.environ, "GOBIN": str(BIN), "GOFLAGS": "-trimpath", "GOTOOLCHAIN": "local"}
                subprocess.run([toolchain, "install", f"{package}@{version}"], env=env, check=True)
    return BIN


if __name__ == "__main__":
    found = go()
    if found is None:
        raise SystemExit("There is no Go toolchain on PATH.")
    print(install(found))
