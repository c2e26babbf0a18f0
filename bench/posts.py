"""Webhook-sized posts at a fixed rate against the real server: is each one on disk, and how soon?

    python -m bench.posts [RATE=200] [SECONDS=60] [STORE_URL]

Arrivals are fixed beforehand (an open model): a slow answer delays no later post, and its wait counts
from when the post was due. The server works on no run. At the end it is killed with SIGKILL, and each
run that it acknowledged must be in the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import resource
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core import store

ROOT = Path(__file__).resolve().parent.parent
BODY_BYTES = 2048
GOAL_S = 0.25
PATIENCE_S = 30.0
IDLE_S = 10.0


@dataclass
class Tally:
    waits: list[float] = field(default_factory=list)
    runs: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


class Connections:
    """Kept-alive connections, as many as are in use at once; the server closes one idle for 15 s."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.opened = 0

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        if self._idle and time.perf_counter() - self._idle[-1][0] < IDLE_S:
            _, *ends = self._idle.pop()
        else:
            ends = await asyncio.open_connection("127.0.0.1", self._port)
            self.opened += 1
        yield ends[0], ends[1]
        self._idle.append((time.perf_counter(), ends[0], ends[1]))  # only after a whole answer


def message(number: int) -> bytes:
    spec = {
        "openapi": "3.0.3",
        "info": {"title": f"orders-{number}", "version": "1.0.0"},
        "paths": {"/orders": {"get": {"responses": {"200": {"description": "ok"}}}}},
        "x-pad": secrets.token_hex(BODY_BYTES // 2)[: BODY_BYTES - 300],
    }
    body = {"assistant_id": "integrate", "input": {"spec": json.dumps(spec)}}
    sent = json.dumps(body).encode()
    head = (
        "POST /runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent


async def post(connections: Connections, sent: bytes) -> tuple[int, bytes]:
    async with connections.one() as (reader, writer):
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
        return int(lines[0].split()[1]), await reader.readexactly(length)


async def arrive(connections: Connections, due: float, number: int, tally: Tally) -> None:
    sent = message(number)
    await asyncio.sleep(due - time.perf_counter())
    try:
        async with asyncio.timeout(PATIENCE_S):
            status, answer = await post(connections, sent)
    except (OSError, EOFError, TimeoutError) as error:
        tally.errors.append(type(error).__name__)
        return
    tally.waits.append(time.perf_counter() - due)
    if status == 200:
        tally.runs.add(json.loads(answer)["run_id"])
    else:
        tally.errors.append(f"{status} {answer[:200]!r}")


async def load(port: int, rate: int, seconds: int) -> tuple[Tally, int]:
    tally, connections = Tally(), Connections(port)
    await arrive(connections, time.perf_counter(), -1, Tally())  # the server's first imports
    begin = time.perf_counter() + 0.5
    async with asyncio.TaskGroup() as group:
        for number in range(rate * seconds):
            due = begin + number / rate
            await asyncio.sleep(max(0.0, due - 0.2 - time.perf_counter()))
            group.create_task(arrive(connections, due, number, tally))
    return tally, connections.opened


@contextlib.contextmanager
def server(home: Path, url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    child = subprocess.Popen(
        [sys.executable, ROOT / "server.py", "--workers", "0", "--port", "0"],
        env={**os.environ, "AUTOWEAVE_HOME": str(home), "AUTOWEAVE_STORE_URL": url},
        cwd=home,
        stdout=(home / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        while not (said := re.search(r"http://127\.0\.0\.1:(\d+)", (home / "log").read_text())):
            if child.poll() is not None:
                sys.exit((home / "log").read_text())
            time.sleep(0.1)
        yield child, int(said.group(1))
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


def memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(rate: int = 200, seconds: int = 60, url: str = "") -> None:
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        url = url or f"sqlite:///{home}/store.db"
        with server(home, url) as (child, port):
            before = cpu_s(child.pid)
            tally, opened = asyncio.run(load(port, rate, seconds))
            used, memory = cpu_s(child.pid) - before, memory_mb(child.pid)
        with store.open(url) as db:
            kept = {run.id for run in db.runs.of("main", limit=10_000_000)}
    waits = sorted(tally.waits)
    p50, p99 = (waits[int(len(waits) * part)] for part in (0.5, 0.99)) if waits else (0.0, 0.0)
    sent, lost = rate * seconds, len(tally.runs - kept)
    print(f"{sent} posts of {len(message(1))} bytes at {rate} a second, {opened} connections")
    print(f"p50 {p50 * 1000:.1f} ms  p99 {p99 * 1000:.1f} ms  max {max(waits, default=0) * 1000:.1f} ms")
    print(f"{used / sent * 1000:.2f} ms CPU a post, {memory:.0f} MB resident; load {os.getloadavg()[0]:.1f}")
    print(
        f"{len(tally.errors)} errors {tally.errors[:3]}; {len(tally.runs)} acknowledged, {lost} of them lost"
    )
    sys.exit(bool(tally.errors or lost or len(tally.runs) != sent or p99 > GOAL_S))


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*map(int, given[:2]), *given[2:3])
