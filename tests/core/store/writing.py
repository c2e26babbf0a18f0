"""How a test starts the writers of `writers.py` and reads what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def writers(*arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("writers.py"), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.split("\n") if line]
