"""Content-addressed bytes: what a run makes is kept once, under its SHA-256, and never changes.

A graph's state holds digests; the bytes behind them live here, so a checkpoint stays small.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

from core.errors import NotFound, Unavailable


class BlobMissing(NotFound):
    """The state names bytes that are no longer kept."""

    code = "AW790"
    fix = "Run the same command again: the bytes are made anew from the input."


class HomeUnwritable(Unavailable):
    """The folder for AutoWeave's own state cannot be written: missing, read-only, or the disk is full."""

    code = "AW791"
    status = 507
    fix = "Free space there, or set AUTOWEAVE_HOME to a folder that this user may write."


class Blobs(Protocol):
    def put(self, content: bytes) -> str: ...

    def get(self, digest: str) -> bytes: ...


def digest(content: bytes) -> str:
    """The SHA-256 of the bytes, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


class Memory:
    """For one process: a dry run, a test."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        name = digest(content)
        self._kept[name] = content
        return name

    def get(self, name: str) -> bytes:
        try:
            return self._kept[name]
        except KeyError:
            raise BlobMissing("These bytes are not kept.", digest=name) from None


class Folder:
    """Files under a private folder, `ab/cdef…`; a file appears under its name only when whole."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes) -> str:
        name = digest(content)
        path = self._path(name)
        try:
            if not path.exists():
                private(path.parent)
                _write(path, content)
        except OSError as error:
            raise HomeUnwritable(f"{error.strerror}.", place=str(self._root)) from error
        return name

    def get(self, name: str) -> bytes:
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError:
            raise BlobMissing("These bytes are not kept.", digest=name) from None
        if digest(content) != name:
            raise BlobMissing("The kept bytes are not those that were put away.", digest=name)
        return content

    def _path(self, name: str) -> Path:
        if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            raise BlobMissing("That is not a SHA-256 in hex.", digest=name[:80])
        return self._root / name[:2] / name[2:]


def private(folder: Path) -> Path:
    """The folder, made where it is missing, for this user alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise HomeUnwritable(f"The folder cannot be made: {error.strerror}.", place=str(folder)) from error
    return folder


def _write(path: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
