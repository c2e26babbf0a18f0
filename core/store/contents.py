"""`core.blobs.Blobs` in the store's own database, so that several machines share what runs make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from core import blobs as bytes_kept
from core.blobs import BlobMissing
from core.store import rows
from core.store.schema import blobs

if TYPE_CHECKING:
    from core.store.sql import Database

_SMALL = 65_536


class Blobs:
    """Content-addressed: the same bytes are kept once, under their SHA-256."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, content: bytes) -> str:
        name = bytes_kept.digest(content)
        # To look first saves sending many bytes again; for a few it is one transaction more.
        if len(content) <= _SMALL or not self._has(name):
            row = {"digest": name, "content": content, "created": self._database.now()}
            self._database.write(lambda db: rows.add(db, blobs, row))
        return name

    def get(self, digest: str) -> bytes:
        query = select(blobs.c.content).where(blobs.c.digest == digest)
        kept = self._database.read(lambda db: db.scalar(query))
        if kept is None:
            raise BlobMissing("These bytes are not kept.", digest=digest[:80])
        content = bytes(kept)
        if bytes_kept.digest(content) != digest:
            raise BlobMissing("The kept bytes are not those that were put away.", digest=digest)
        return content

    def _has(self, name: str) -> bool:
        query = select(blobs.c.digest).where(blobs.c.digest == name)
        return self._database.read(lambda db: db.scalar(query)) is not None
