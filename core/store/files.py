"""The file of a SQLite store: made whole or not at all, and refused where it is not safe to use."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from core.store.errors import StoreCorrupt, StoreExposed, StoreReadOnly, StoreUnavailable

_MAGIC = b"SQLite format 3\x00"


def refuse_unsafe(path: Path) -> None:
    """Raise unless the existing file is a database this user may write and strangers may not."""
    try:
        with path.open("rb") as file:
            head, mode = file.read(16), os.fstat(file.fileno()).st_mode
        folder = path.parent.stat().st_mode
    except OSError as error:
        raise StoreUnavailable(f"The store cannot be read: {error.strerror}.", place=str(path)) from error
    if mode & stat.S_IWOTH or (folder & stat.S_IWOTH and not folder & stat.S_ISVTX):
        raise StoreExposed("Every user of this machine can write to the store.", place=str(path))
    # The mode is asked besides `access`, which lets root write anything.
    if not mode & 0o222 or not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StoreReadOnly("The store's file is read-only.", place=str(path))
    if head != _MAGIC:
        raise StoreCorrupt("The file is not a SQLite database.", place=str(path))


def create(path: Path, fill: Callable[[Path], None]) -> None:
    """Make the file if it is missing: filled under another name, then linked to its own.

    So whatever stands under the name was whole once, and an empty or cut file is damage, not news.
    """
    if os.path.lexists(path):
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise StoreUnavailable(f"The store cannot be made: {error.strerror}.", place=str(path)) from error
    os.close(handle)
    new = Path(made)
    try:
        fill(new)
        _link(new, path)
    finally:
        for left in (new, *path.parent.glob(f"{new.name}-*")):
            left.unlink(missing_ok=True)


def _link(new: Path, path: Path) -> None:
    handle = os.open(new, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    try:
        os.link(new, path)
    except FileExistsError:  # another process was faster; its file is as good
        return
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
