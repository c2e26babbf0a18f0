"""Replies kept for a day under the caller's Idempotency-Key: asked twice, done once, answered alike."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, tuple_, update

from core.store import rows
from core.store.errors import StoreBusy
from core.store.records import Reply, canonical
from core.store.schema import replies

if TYPE_CHECKING:
    from core.store.sql import Database

_LIFE_S = 24 * 3600.0
_PURGED = 100  # old rows removed with each new one: the table shrinks faster than it grows
_ROUNDS = 5


class Replies:
    """One row per (tenant, key). Whoever began it holds it until `keep`, `drop`, or `patience_s`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = database.now

    def begin(self, tenant: str, key: str, fingerprint: str, *, patience_s: float = 600.0) -> Reply:
        """Take the key (`state` is then `new`), or say what is there.

        `fingerprint` tells one request from another; the caller compares it. A `running` one of the
        same request whose holder has not been heard of for `patience_s` is taken over.
        """
        row = {
            "tenant": tenant,
            "key": rows.word(key, "idempotency key"),
            "fingerprint": fingerprint,
            "holder": uuid.uuid4().hex,
            "state": "running",
            "status": 0,
            "headers": "{}",
            "body": b"",
            "created": self._now(),
        }
        return self._database.write(lambda db: _begin(db, row, patience_s))

    def keep(
        self,
        tenant: str,
        key: str,
        *,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        holder: str = "",
    ) -> bool:
        """Keep the answer. False when there is another already, or (given `holder`) another holds it."""
        values = {"state": "done", "status": status, "headers": canonical(dict(headers)), "body": body}
        done = {name: value for name, value in values.items() if name != "state"}

        def work(db: Connection) -> bool:
            held = _held(tenant, key, holder)
            if db.execute(update(replies).where(held).values(**values)).rowcount == 1:
                return True
            row = db.execute(select(replies).where(_is(tenant, key))).first()
            return row is not None and all(getattr(row, name) == value for name, value in done.items())

        return self._database.write(work)

    def drop(self, tenant: str, key: str, *, holder: str = "") -> None:
        """Let the same key be tried again: nothing was done under it."""
        self._database.write(lambda db: db.execute(delete(replies).where(_held(tenant, key, holder))))


def _begin(db: Connection, row: dict[str, Any], patience_s: float) -> Reply:
    _purge(db, row["created"])
    for _ in range(_ROUNDS):
        if rows.add(db, replies, row):
            return _reply(row, "new")
        kept = db.execute(select(replies).where(_is(row["tenant"], row["key"])).with_for_update()).first()
        if kept is not None:
            return _taken(db, row, kept, patience_s)
    raise StoreBusy("The key is taken and given back all the time.")


def _taken(db: Connection, row: dict[str, Any], kept: Row[Any], patience_s: float) -> Reply:
    is_old = abs(row["created"] - kept.created) > _LIFE_S
    is_left = (
        kept.state == "running"
        and kept.fingerprint == row["fingerprint"]
        and abs(row["created"] - kept.created) > patience_s
    )
    if is_old or is_left:
        db.execute(update(replies).where(_is(row["tenant"], row["key"])).values(row))
    if is_old or is_left or kept.holder == row["holder"]:  # the last: a first try's answer was lost
        return _reply(row, "new")
    return _reply(dict(kept._mapping), kept.state)  # noqa: SLF001  # SQLAlchemy's public name


def _purge(db: Connection, at: float) -> None:
    old = select(replies.c.tenant, replies.c.key).where(replies.c.created < at - _LIFE_S)
    old = old.limit(_PURGED).with_for_update(skip_locked=True)
    db.execute(delete(replies).where(tuple_(replies.c.tenant, replies.c.key).in_(old)))


def _reply(row: dict[str, Any], state: Any) -> Reply:
    return Reply(
        state=state,
        fingerprint=row["fingerprint"],
        status=row["status"],
        headers=orjson.loads(row["headers"]),
        body=bytes(row["body"]),
        holder=row["holder"],
    )


def _held(tenant: str, key: str, holder: str) -> ColumnElement[bool]:
    held = and_(_is(tenant, key), replies.c.state == "running")
    return and_(held, replies.c.holder == holder) if holder else held


def _is(tenant: str, key: str) -> ColumnElement[bool]:
    return and_(replies.c.tenant == tenant, replies.c.key == key)
