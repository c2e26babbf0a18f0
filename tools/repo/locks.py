"""File locks shared by processes. The kernel frees them when the holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Unavailable

_PAUSE_S = 0.02


class Busy(Unavailable):
    """Somebody else holds the lock for longer than we wait."""

    code = "AW517"
    fix = "Try again; another build works on the same branch or cache."


@contextmanager
def hold(
    path: Path, *, shared: bool = False, timeout_s: float = 120.0, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold the lock inside the block. The file stays: removing it would let two holders in."""
    handle = _opened(path)
    try:
        _acquire(handle, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, timeout_s, sleep)
        yield
    finally:
        os.close(handle)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Busy(
            f"Lock file {path.name} cannot be opened: {error.strerror}.",
            fix="Check who owns the folder and that the disk has space.",
            place=str(path),
        ) from error


def _acquire(handle: int, path: Path, mode: int, timeout_s: float, sleep: Callable[[float], None]) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise Busy(f"Lock {path.name} is held for more than {timeout_s:g} s.") from error
            sleep(_PAUSE_S)
        else:
            return
