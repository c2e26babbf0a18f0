"""The few C calls Python does not offer: prctl, capset, raw system calls. Linux only."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

SET_PDEATHSIG, SET_NO_NEW_PRIVS, SET_CHILD_SUBREAPER = 1, 38, 36
SET_SECCOMP, CAPBSET_DROP, CAP_AMBIENT = 22, 24, 47
_CAPABILITY_VERSION_3 = 0x20080522


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def load() -> None:
    """Find the C library now, so that a child need not after its walls are up."""
    _libc()


def syscall(number: int, *args: Any) -> int:
    """A raw system call; -1 and errno on failure."""
    return int(_libc().syscall(ctypes.c_long(number), *args))


def prctl(option: int, *args: Any) -> None:
    words = [ctypes.c_ulong(arg) if isinstance(arg, int) else arg for arg in args]
    words += [ctypes.c_ulong(0)] * (4 - len(words))
    must(_libc().prctl(option, *words), f"prctl {option}")


def must(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def drop_capabilities() -> None:
    """Even root keeps no power beyond owning its files."""
    if os.geteuid() == 0:
        for number in range(64):
            if _libc().prctl(CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0) < 0:
                break
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    empty = (ctypes.c_uint32 * 6)()
    must(_libc().capset(header, empty), "capset")
