"""The worker's own process: what it refuses, and how it ends. What it does with runs: test_scale_out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_queue_that_cannot_be_used_ends_the_start_with_one_line(tmp_path: Path) -> None:
    url, code = "redis://queue.internal:6379/0", "AW983"

    done = subprocess.run(
        [sys.executable, "-m", "graphs.worker"],
        env={**os.environ, "AUTOWEAVE_HOME": str(tmp_path), "AUTOWEAVE_QUEUE_URL": url},
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["code"] for line in lines if line["event"] == "worker.refused"] == [code]
    assert "Traceback" not in done.stderr
