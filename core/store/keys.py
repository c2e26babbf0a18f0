"""The keys that callers show: kept as digests only, each with one tenant, an end and a revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, or_, select, update

from core.store import rows
from core.store.errors import KeyExists, KeyMissing
from core.store.records import Key
from core.store.schema import keys

if TYPE_CHECKING:
    from core.store.sql import Database


class Keys:
    """Who holds the digest's secret is never known here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = database.now

    def add(self, tenant: str, *, key_id: str, name: str, digest: str, expires: float | None = None) -> Key:
        row = {
            "id": rows.word(key_id, "key's id"),
            "tenant": rows.word(tenant, "tenant's name"),
            "name": name,
            "digest": rows.word(digest, "key's digest"),
            "created": self._now(),
            "expires": expires,
            "revoked": None,
        }
        return self._database.write(lambda db: _add(db, row))

    def find(self, digest: str) -> Key | None:
        """The key of this digest, be it valid or not."""
        query = select(keys).where(keys.c.digest == digest)
        return self._database.read(lambda db: _key(db.execute(query).first()))

    def of(self, tenant: str | None = None) -> tuple[Key, ...]:
        """The tenant's keys, or all: oldest first, revoked ones too."""
        query = select(keys) if tenant is None else select(keys).where(keys.c.tenant == tenant)
        query = query.order_by(keys.c.created, keys.c.id)
        return self._database.read(lambda db: tuple(Key(**row) for row in db.execute(query).mappings()))

    def revoke(self, key_id: str) -> Key:
        """From now on the key opens nothing. The first revocation's time stays."""
        return self._database.write(lambda db: _revoke(db, key_id, self._now()))

    def expire(self, key_id: str, *, at: float) -> None:
        """From that time on the key opens nothing; an earlier end stays."""
        sooner = or_(keys.c.expires.is_(None), keys.c.expires > at)

        def work(db: Connection) -> None:
            db.execute(update(keys).where(keys.c.id == key_id, sooner).values(expires=at))

        self._database.write(work)

    def exist(self) -> bool:
        """Whether any key was ever added; the answer stays yes when all are revoked."""
        return self._database.read(lambda db: bool(db.scalar(select(select(keys.c.id).exists()))))


def _add(db: Connection, row: dict[str, Any]) -> Key:
    if rows.add(db, keys, row):
        return Key(**row)
    same = select(keys).where(*(keys.c[name] == row[name] for name in ("id", "tenant", "name", "digest")))
    kept = _key(db.execute(same).first())  # written by a first try whose answer was lost
    if kept is None:
        raise KeyExists("There is a key of this id or digest.", key=row["id"])
    return kept


def _revoke(db: Connection, key_id: str, at: float) -> Key:
    mine = keys.c.id == key_id
    db.execute(update(keys).where(mine).values(revoked=func.coalesce(keys.c.revoked, at)))
    kept = _key(db.execute(select(keys).where(mine)).first())
    if kept is None:
        raise KeyMissing("There is no such key.", key=key_id[:64])
    return kept


def _key(row: Row[Any] | None) -> Key | None:
    return None if row is None else Key(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name
