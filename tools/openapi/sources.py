"""Where a document's files come from: a folder, or memory. Nothing outside is ever opened."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from core.errors import Invalid, NotFound

from .limits import Limits
from .problems import RefRefused, TooBig


class FileMissing(NotFound):
    """A file that the document, or the command, names is not there."""

    code = "AW114"
    fix = "Check the name; inside a document it is relative to the file that names it."


class FileRefused(Invalid):
    """A symbolic link, device, pipe or folder where a plain file is expected."""

    code = "AW116"
    fix = "Put a plain copy of the file into the folder."


class Source(Protocol):
    """The files one document may be made of, by their POSIX path below one root."""

    @property
    def entry(self) -> str: ...

    def read(self, name: str, limits: Limits) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Memory:
    """Files already in memory, as an upload brings them."""

    files: Mapping[str, bytes]
    entry: str

    def read(self, name: str, limits: Limits) -> bytes:
        data = self.files.get(checked(name))
        if data is None:
            raise FileMissing(f"There is no file {name!r} in the upload.", place=name)
        if len(data) > limits.file_bytes:
            raise TooBig(f"The file has {len(data):,} bytes.", place=name, limit=limits.file_bytes)
        return data


@dataclass(frozen=True, slots=True)
class Folder:
    """Files below one folder, opened one by one when a reference names them."""

    root: Path
    entry: str

    def read(self, name: str, limits: Limits) -> bytes:
        """The bytes of a plain file; each folder on the way is opened without following links."""
        parts = PurePosixPath(checked(name)).parts
        held = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts[:-1]:
                below = _opened(part, held, os.O_DIRECTORY, name)
                os.close(held)
                held = below
            file = _opened(parts[-1], held, os.O_NONBLOCK, name)
        finally:
            os.close(held)
        try:
            return _content(file, name, limits)
        finally:
            os.close(file)


def checked(name: str) -> str:
    """The name itself, when it stays below the root by its spelling alone."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise RefRefused(f"The file name {name!r} leaves the document's folder.", place=name)
    return name


def _opened(part: str, folder: int, extra: int, name: str) -> int:
    try:
        return os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | extra, dir_fd=folder)
    except FileNotFoundError as error:
        raise FileMissing(f"There is no file {name!r} in the document's folder.", place=name) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO):
            raise FileRefused(f"{name!r} is a link, or no plain file.", place=name) from error
        raise FileRefused(f"{name!r} cannot be opened: {error.strerror}.", place=name) from error


def _content(file: int, name: str, limits: Limits) -> bytes:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused(f"{name!r} is a device, a pipe or a folder.", place=name)
    if status.st_size > limits.file_bytes:
        raise TooBig(f"The file has {status.st_size:,} bytes.", place=name, limit=limits.file_bytes)
    chunks: list[bytes] = []
    left = limits.file_bytes + 1
    while left > 0 and (chunk := os.read(file, min(left, 1 << 20))):
        chunks.append(chunk)
        left -= len(chunk)
    if left <= 0:
        raise TooBig("The file grew over the limit while it was read.", place=name, limit=limits.file_bytes)
    return b"".join(chunks)
