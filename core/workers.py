"""A name for whoever does the work, and whether the one of that name is gone."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def name(pid: int | None = None) -> str:
    """`host:pid:start`. The start time tells a process from a later one with the same id."""
    pid = os.getpid() if pid is None else pid
    return f"{socket.gethostname()}:{pid}:{_started(pid)}"


def is_gone(worker: str) -> bool:
    """True only when the worker was a process on this very host and is there no more."""
    host, _, rest = worker.rpartition(":")[0].rpartition(":")
    start = worker.rpartition(":")[2]
    if host != socket.gethostname() or not rest.isdigit() or start == "0":
        return False
    return _started(int(rest)) != start


def _started(pid: int) -> str:
    """Clock ticks since boot at the process's start, from proc(5); `0` where that cannot be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else "0"
    return stat.rpartition(")")[2].split()[19]
