"""Copies of a distant catalog on this disk: fewer questions, and answers while it is away.

An entry counts only for who read it (address, repository, branch, token), whole, and by a clock that
has not gone back. Whatever is odd about it, it is as if it were not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core import paths
from core.errors import AppError, Unavailable

from . import index, reading
from .github import GitHub
from .index import Index
from .local import METADATA
from .sources import FileMissing


@dataclass(frozen=True)
class Kept:
    """A source. `now` is the time of day in seconds: entries outlive the process."""

    origin: GitHub
    folder: Path
    now: Callable[[], float]

    @property
    def name(self) -> str:
        return self.origin.name

    def files(self, folder: str) -> Mapping[str, str]:
        return self.origin.files(folder)

    def read(self, path: str) -> bytes:
        """The catalog itself always from its origin; a module's metadata while its copy is fresh."""
        entry = self._entry(path) if path.endswith(f"/{METADATA}") else None
        if entry and entry[1] < self.origin.factory.cache_ttl:
            return entry[0]
        try:
            data = self.origin.read(path)
        except Unavailable:
            if entry:  # what was published under a version does not change
                return entry[0]
            raise
        except FileMissing:
            self._drop(path)
            raise
        if entry or path.endswith(f"/{METADATA}") or path == self.origin.factory.catalog_path:
            self._store(path, data)
        return data

    def recalled(self) -> tuple[Index, float] | None:
        """The catalog as it was read by an earlier run, and the seconds since."""
        entry = self._entry(self.origin.factory.catalog_path)
        if entry is None:
            return None
        try:
            found = index.load(_One(self.name, entry[0]), self.origin.factory)
        except AppError:
            return None
        return replace(found, source=self), entry[1]

    def forget(self) -> None:
        """After a publication: the next question goes to the origin."""
        self._drop(self.origin.factory.catalog_path)

    def _entry(self, path: str) -> tuple[bytes, float] | None:
        file = self.folder / paths.check(path)
        if not self._is_ours(file.parent):
            return None
        try:
            data = _bytes(file)
            meta = reading.from_json(_bytes(_meta(file)), "meta")
        except (OSError, AppError):
            return None
        digest = hashlib.sha256(data).hexdigest()
        if not isinstance(meta, dict) or (meta.get("key"), meta.get("sha256")) != (self._key(), digest):
            return None
        stored = meta.get("stored_at")
        if not isinstance(stored, int | float) or isinstance(stored, bool):
            return None
        return (data, self.now() - stored) if 0 <= stored <= self.now() else None

    def _store(self, path: str, data: bytes) -> None:
        """The copy is an extra: a disk that is full or read-only takes nothing away."""
        file = self.folder / paths.check(path)
        meta = {"key": self._key(), "sha256": hashlib.sha256(data).hexdigest(), "stored_at": self.now()}
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours(self.folder):
                return
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._is_ours(file.parent):
                _write(file, data)
                _write(_meta(file), json.dumps(meta).encode())

    def _drop(self, path: str) -> None:
        file = self.folder / paths.check(path)
        if self._is_ours(file.parent):
            with contextlib.suppress(OSError):
                _meta(file).unlink(missing_ok=True)
                file.unlink(missing_ok=True)

    def _key(self) -> str:
        """Of the token only what cannot be turned back."""
        factory = self.origin.factory
        words = [
            factory.api_url,
            factory.repository,
            factory.branch,
            factory.catalog_path,
            self.origin.wire.token,
        ]
        return hashlib.sha256(json.dumps(words).encode()).hexdigest()

    def _is_ours(self, folder: Path) -> bool:
        """Each folder down from the cache's own: no link, ours, and written by nobody else."""
        inside = folder.relative_to(self.folder).parts
        try:
            return all(
                _is_safe((self.folder.joinpath(*inside[:depth])).lstat()) for depth in range(len(inside) + 1)
            )
        except OSError:
            return False


@dataclass(frozen=True)
class _One:
    """The catalog's file alone, as a source."""

    name: str
    data: bytes

    def read(self, path: str) -> bytes:  # noqa: ARG002  # it has no other file
        return self.data

    def files(self, folder: str) -> dict[str, str]:  # noqa: ARG002  # as above
        return {}


def _meta(file: Path) -> Path:
    return file.with_name(f"{file.name}.meta")


def _is_safe(found: os.stat_result) -> bool:
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


def _bytes(file: Path) -> bytes:
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
            raise OSError("no file of ours")
        return stream.read(reading.MAX_BYTES + 1)


def _write(file: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
