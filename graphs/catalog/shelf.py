"""The catalog as it was last read. An old copy may say yes, marked with its age; never no.

What is not found in the copy is looked up again at the source, for it may have been published since.
A source that fails, or that gives a broken catalog, leaves the last good copy in use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from core.errors import AppError, Unavailable
from tools import catalog
from tools.catalog.sources import FileMissing

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "catalog"
T = TypeVar("T")


class Unverifiable(Unavailable):
    """The copy does not have it, and the catalog itself cannot be asked."""

    code = "AW374"
    fix = "Try again when the catalog can be read; ./autoweave catalog list shows whether it can."


@dataclass(frozen=True)
class Copy:
    """`problem` says why it could not be read anew; `age_s` is since it last could."""

    index: catalog.Index
    age_s: float = 0.0
    problem: AppError | None = None

    def to_dict(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "name": self.index.source.name,
            "version": self.index.version,
            "digest": self.index.digest,
        }
        if self.problem:
            told |= {"stale_s": round(self.age_s), "why": self.problem.to_dict()}
        return told


class Shelf:
    """Safe to share among threads. `now` counts seconds and never goes back: `time.monotonic`.

    Without a factory, the catalog's own config/factory.yaml says where its files are.
    """

    def __init__(
        self, source: catalog.Source, factory: catalog.Factory | None = None, *, now: Callable[[], float]
    ) -> None:
        self._source = source
        self._given = factory
        self._now = now
        self._lock = threading.Lock()
        self._index: catalog.Index | None = None
        self._read_at = 0.0
        self._failed: AppError | None = None
        self._tried_at = 0.0

    def copy(self) -> Copy:
        """The copy while it is fresh, else what the source says now."""
        with self._lock:
            if self._index is None:
                self._recall()
            if self._index is None or self._now() - self._tried_at >= self._index.factory.cache_ttl:
                self._read()
            return self._told()

    def reread(self) -> Copy:
        with self._lock:
            self._read()
            return self._told()

    def ask(self, question: Callable[[catalog.Index], T]) -> tuple[T, Copy]:
        """The question's answer, and the copy it came from; a no is confirmed at the source."""
        copy = self.copy()
        try:
            return question(copy.index), copy
        except catalog.HallucinationError as error:
            again = self.reread()
            if again.problem:
                raise Unverifiable(
                    "The catalog cannot be read, and its last good copy does not have this.",
                    place=again.problem.place, why=again.problem.message, missing=error.message,
                ) from error  # fmt: skip
            if again.index is copy.index and not isinstance(self._source, catalog.Kept):
                raise
        return question(self._origin(again.index)), again

    def _origin(self, index: catalog.Index) -> catalog.Index:
        """Whatever is kept on disk, a no is confirmed where it comes from."""
        kept = self._source
        return replace(index, source=kept.origin) if isinstance(kept, catalog.Kept) else index

    def _recall(self) -> None:
        """What an earlier run read counts from when it was read."""
        found = self._source.recalled() if isinstance(self._source, catalog.Kept) else None
        if found:
            self._index, age_s = found
            self._read_at = self._tried_at = self._now() - age_s

    def _read(self) -> None:
        self._tried_at = self._now()
        try:
            self._index = catalog.load(self._source, self._factory(), known=self._index)
        except AppError as error:
            if self._index is None:
                raise
            self._failed = error
        else:
            self._read_at, self._failed = self._tried_at, None

    def _factory(self) -> catalog.Factory:
        if self._given:
            return self._given
        try:
            return catalog.configured(self._source.read("config/factory.yaml"))
        except FileMissing:
            return catalog.Factory()

    def _told(self) -> Copy:
        assert self._index is not None
        return Copy(self._index, self._now() - self._read_at, self._failed)
