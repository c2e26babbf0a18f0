"""Give up, in this process and for good, everything a call does not need."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.sandbox import landlock, native, seccomp
from core.sandbox.terms import Level, Limits

_SYSTEM = (
    "/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives",
    "/dev/urandom",
)  # fmt: skip

_RESERVED = 256 << 20


@dataclass(frozen=True, slots=True)
class Walls:
    """What a child is to be confined to. Paths are absolute, `reserved` are bytes."""

    level: Level
    limits: Limits
    read: Sequence[str]
    write: Sequence[str]
    landlock_abi: int
    reserved: int = _RESERVED


def enter(walls: Walls) -> None:
    """Limits first, then (from CONFINED on) no powers, no files, no system calls."""
    _limit(walls.limits, walls.reserved)
    if sys.platform != "linux":
        return
    native.prctl(native.SET_NO_NEW_PRIVS, 1)
    if walls.level >= Level.CONFINED:
        native.drop_capabilities()
        run = walls.limits.processes > 0
        landlock.restrict(
            read=(*_SYSTEM, *walls.read), write=walls.write, run=run, version=walls.landlock_abi
        )
        seccomp.install(processes=run, signals=run and walls.landlock_abi >= 6)


def _limit(limits: Limits, reserved: int) -> None:
    cpu = max(1, math.ceil(limits.cpu_s))
    wanted = {
        resource.RLIMIT_CPU: (cpu, cpu + 1),
        resource.RLIMIT_FSIZE: (limits.file_mb << 20,) * 2,
        resource.RLIMIT_NOFILE: (limits.open_files,) * 2,
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_AS: ((limits.memory_mb << 20) + reserved,) * 2,
    }
    if limits.processes:
        wanted[resource.RLIMIT_NPROC] = (_tasks() + limits.processes,) * 2
    for kind, (soft, hard) in wanted.items():
        # A limit of the machine's own that is tighter stays.
        ceiling = resource.getrlimit(kind)[1]
        ceiling = hard if ceiling == resource.RLIM_INFINITY else ceiling
        resource.setrlimit(kind, (min(soft, ceiling), min(hard, ceiling)))


def reserved() -> int:
    """Bytes of address space this process has without using them: mapped libraries, reservations."""
    with contextlib.suppress(OSError):
        size, resident = Path("/proc/self/statm").read_text().split()[:2]
        return (int(size) - int(resident)) * os.sysconf("SC_PAGESIZE")
    return _RESERVED


def _tasks() -> int:
    """Tasks of this user now: RLIMIT_NPROC counts them all (and never binds uid 0)."""
    total, own = 0, os.getuid()
    with contextlib.suppress(OSError), os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if entry.stat().st_uid == own:
                        total += len(os.listdir(f"/proc/{entry.name}/task"))  # noqa: PTH208 - names only
    return total
