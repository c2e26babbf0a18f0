"""Kill an integration, run it again, and look outside at what is there: for tests and the soak."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SPEC = ROOT / "examples" / "orders" / "openapi.yaml"


class Nursery:
    """A process that has imported everything and forks one integration per order."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def integrate(self, home: Path, point: str = "", count: int = 0) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        home.mkdir(parents=True, exist_ok=True)
        order = {"home": str(home), "spec": str(SPEC), "point": point, "count": count}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def nursery() -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.graphs.integrate.driver"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:  # closes both pipes and waits: the nursery ends when its input does
        yield Nursery(process)


def verdict(home: Path, again: dict[str, Any]) -> str:
    """Empty when all is well: the run is done, with one commit whose files are whole; else what is not."""
    if again["state"] != "done":
        return f"the run is {again['state'] or 'not there'}: {again['problem'] or again}"
    git = ["git", f"--git-dir={home / 'remote.git'}"]
    keys = _said(*git, "log", "--format=%(trailers:key=Build-Key,valueonly,separator=)", "main").split()
    if len(keys) != 1:
        return f"there are {len(keys)} commits"
    if tags := _said(*git, "tag").split():
        return f"there are tags: {tags}"
    return "" if not _said(*git, "fsck", "--full") else "git fsck objects"


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
