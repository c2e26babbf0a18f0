"""Where a catalog's files come from. A folder here; anything that can read a path can stand beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from core import paths
from core.errors import Forbidden, NotFound

from .reading import MAX_BYTES


class FileMissing(NotFound):
    """The catalog has no such file."""

    code = "AW366"
    fix = "Name a folder with a catalog.json in it, or publish what is missing."


class FileOutside(Forbidden):
    """A file of the catalog is a link to somewhere else, or no plain file."""

    code = "AW373"
    fix = "Put the file itself into the catalog's folder."


class Source(Protocol):
    """One catalog. `name` says which, to people and in locks; a read gives all bytes or raises.

    `files` are those below a folder, by their path from there, each with git's id of its bytes.
    """

    @property
    def name(self) -> str: ...

    def read(self, path: str) -> bytes: ...

    def files(self, folder: str) -> Mapping[str, str]: ...


def blob_id(data: bytes) -> str:
    """What git calls these bytes: equal ids, equal files."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Folder:
    """A catalog in a local folder. Nothing outside the folder is read, through no link."""

    def __init__(self, root: Path, name: str = "") -> None:
        self._root = root
        self._name = name or root.name

    @property
    def name(self) -> str:
        return self._name

    def files(self, folder: str) -> dict[str, str]:
        top = self._root / paths.check(folder)
        found = sorted(
            each.relative_to(top).as_posix()
            for each in top.rglob("*")
            if not each.is_dir() and not each.name.startswith(".git")
        )
        return {name: blob_id(self.read(f"{folder}/{name}")) for name in found}

    def read(self, path: str) -> bytes:
        """One byte over the limit is read at most, so that a huge file is noticed and not loaded."""
        file = self._root / paths.check(path)
        if not file.resolve().is_relative_to(self._root.resolve()):
            raise FileOutside("A link leads out of the catalog's folder.", place=path)
        if not file.exists():
            raise FileMissing("The catalog has no such file.", place=f"{self._name}/{path}")
        if not file.is_file():  # a pipe would be read for ever
            raise FileOutside("This is no plain file.", place=path)
        try:
            with file.open("rb") as stream:
                return stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise FileOutside(f"The file cannot be read: {error.strerror}.", place=path) from error
