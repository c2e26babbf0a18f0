"""Cold start of `serve` to its first answered request: CPU seconds and resident memory.

python -m bench.start
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CPU_S, MEMORY_MB = 3.0, 200.0


@dataclass(frozen=True)
class Start:
    cpu_s: float
    memory_mb: float
    integrated_mb: float
    """Resident after an integration was planned: the graph, the checkpointer and git are loaded."""


@contextmanager
def served(home: str, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and its base URL as its log tells it."""
    process = subprocess.Popen(
        [str(ROOT / "autoweave"), "serve", "--port", "0", *words],
        env={**os.environ, "AUTOWEAVE_HOME": home},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if '"server.listening"' in line:
                yield process, json.loads(line)["url"]
                break
        else:
            raise RuntimeError(f"the server ended with {process.wait()}")
    finally:
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        process.wait(60)
        process.stderr.close()


def once() -> Start:
    with tempfile.TemporaryDirectory() as home, served(home) as (process, url):
        _get(f"{url}/ready")
        cpu, memory = _cpu_s(process.pid), _resident_mb(process.pid)
        spec = (ROOT / "examples" / "orders" / "openapi.yaml").read_text()
        module = {"spec": spec, "name": "orders", "image": "registry.example.com/a/orders:1.0.0"}
        _get(f"{url}/integrate/invoke", {"input": module})
        return Start(cpu, memory, _resident_mb(process.pid))


def _get(url: str, body: object = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return bytes(answer.read())


def _cpu_s(pid: int) -> float:
    """Of the process and of its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    once()  # compiles what is not compiled yet
    runs = [once() for _ in range(5)]
    cpu, memory = median(run.cpu_s for run in runs), max(run.memory_mb for run in runs)
    told = max(run.integrated_mb for run in runs)
    print(
        f"first answer after {cpu:.2f} CPU s (goal {CPU_S}), {memory:.0f} MB resident (goal {MEMORY_MB:.0f});"
    )
    print(f"after an integration {told:.0f} MB")
    sys.exit(cpu > CPU_S or max(memory, told) > MEMORY_MB)


if __name__ == "__main__":
    main()
