"""A call's private folder: made before, measured while, removed after it.

What a hostile child leaves there (deep trees, closed folders, links) must neither stop the
removal nor lead it elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from itertools import count

from core.sandbox.terms import Limits

_TRIES = 20
_NOFOLLOW = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make(parent: str) -> str:
    """A new folder only we can enter."""
    path = os.path.join(parent, "aw-" + os.urandom(8).hex())  # noqa: PTH118 - one string, hot path
    os.mkdir(path, 0o700)  # noqa: PTH102 - same
    return path


def over(path: str, limits: Limits) -> bool:
    """Whether more lies there than allowed. Looks at no more entries than are allowed."""
    entries, size, folders = 0, 0, [path]
    while folders:
        try:
            with os.scandir(folders.pop()) as found:
                for entry in found:
                    entries += 1
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entries > limits.files or size > limits.file_mb << 20:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        except OSError:
            return True  # a path too long to look at is nothing a harmless call makes
    return False


def remove(path: str) -> None:
    """Remove the tree. Tried again while a child that was just killed is still in it."""
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            _remove(path)
        if not os.path.lexists(path):
            return
        time.sleep(0.01)


def _remove(path: str) -> None:
    """Without recursion: folders inside folders are first moved to the top."""
    with contextlib.suppress(FileNotFoundError):
        top = os.open(path, _NOFOLLOW)
        try:
            names = count()
            while True:
                folders = _clear(top)
                if not folders:
                    break
                for name in folders:
                    _flatten(top, name, names)
        finally:
            os.close(top)
        os.rmdir(path)  # noqa: PTH106 - beside the descriptor calls


def _clear(folder: int) -> list[str]:
    """Unlink what is not a folder; the names of what is."""
    kept = []
    for name in os.listdir(folder):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            kept.append(name)
        else:
            os.unlink(name, dir_fd=folder)
    return kept


def _flatten(top: int, name: str, names: count[int]) -> None:
    os.chmod(name, 0o700, dir_fd=top)
    folder = os.open(name, _NOFOLLOW, dir_fd=top)
    try:
        for inner in _clear(folder):
            os.chmod(inner, 0o700, dir_fd=folder)
            os.rename(inner, f"\x01{next(names)}", src_dir_fd=folder, dst_dir_fd=top)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)
