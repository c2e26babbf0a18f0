"""What LangServe's routes cost: a graph of five nodes behind ours, behind LangServe's, behind nothing.

    python -m bench.serving [ROUNDS=7] [SECONDS=4]

Each server is a process of its own, pinned to one core, with the load on another. Rounds are interleaved,
so that a busy machine slows all of them alike; CPU per request is read from /proc. Ours is the whole
application, with a key, its limits and its counters; the bare route checks its input and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

GOAL = 1.25
KINDS = ("bare", "langserve", "ours")
PATHS = {"bare": "/five", "langserve": "/five/invoke", "ours": "/five/invoke"}
CROWDS = (1, 16, 64)
TICK = os.sysconf("SC_CLK_TCK")
WORDS = "the quick brown fox jumps over the lazy dog " * 8


@contextlib.contextmanager
def server(kind: str, key: str) -> Iterator[tuple[int, int]]:
    """Its pid and port, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        words = [sys.executable, "-W", "ignore", "-m", "bench.five", kind, str(port), home, key]
        child = subprocess.Popen(words)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield child.pid, port
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(30)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def message(kind: str, key: str) -> bytes:
    text = f'{{"text": "{WORDS}"}}'
    body = (text if kind == "bare" else f'{{"input": {text}}}').encode()
    head = f"POST {PATHS[kind]} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}X-Api-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def client(port: int, sent: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = 0
    while time.perf_counter() < until:
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = await reader.readexactly(length)
        if not head.startswith(b"http/1.1 200") or b"the longest is" not in answer:
            sys.exit(f"{head!r} {answer[:300]!r}")
        done += 1
    writer.close()
    return done


async def load(port: int, sent: bytes, crowd: int, seconds: float) -> int:
    until = time.perf_counter() + seconds
    return sum(await asyncio.gather(*(client(port, sent, until) for _ in range(crowd))))


def compare(rounds: int, seconds: float) -> bool:
    key = f"aw_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"
    cost: dict[tuple[str, int], list[float]] = {(kind, crowd): [] for kind in KINDS for crowd in CROWDS}
    rate: dict[tuple[str, int], list[float]] = {each: [] for each in cost}
    with contextlib.ExitStack() as stack:
        up = {kind: stack.enter_context(server(kind, key)) for kind in KINDS}
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        for kind in KINDS:
            asyncio.run(load(up[kind][1], message(kind, key), 4, 1.0))  # first imports, first compilations
        for _ in range(rounds):
            for (kind, crowd), costs in cost.items():
                pid, port = up[kind]
                before = cpu_s(pid)
                done = asyncio.run(load(port, message(kind, key), crowd, seconds))
                costs.append((cpu_s(pid) - before) / done * 1000)
                rate[kind, crowd].append(done / seconds)
    return report(cost, rate)


def report(cost: dict[tuple[str, int], list[float]], rate: dict[tuple[str, int], list[float]]) -> bool:
    held = True
    print(f"{'':10}" + "".join(f"{f'at once {crowd}':>34}" for crowd in CROWDS))
    for kind in KINDS:
        cells = []
        for crowd in CROWDS:
            pairs = zip(cost[kind, crowd], cost["bare", crowd], strict=True)
            ratio = statistics.median(own / base for own, base in pairs)
            held = held and (kind != "ours" or ratio <= GOAL)
            spent, done = statistics.median(cost[kind, crowd]), statistics.median(rate[kind, crowd])
            cells.append(f"{spent:6.2f} CPU ms  x{ratio:.2f}  {done:6.0f}/s")
        print(f"{kind:10}" + "".join(f"{cell:>34}" for cell in cells))
    print(f"goal for ours: at most x{GOAL} of bare: {'held' if held else 'MISSED'}")
    return held


if __name__ == "__main__":
    numbers = [float(each) for each in sys.argv[1:]]
    rounds, seconds = (*numbers, 7, 4)[:2] if len(numbers) != 1 else (numbers[0], 4)
    sys.exit(0 if compare(int(rounds), seconds) else 1)
