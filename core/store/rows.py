"""What the parts of the store share: a row as a run, and an INSERT that leaves what is there."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from core.store.errors import RunUnknown, WordTooLong
from core.store.records import Run
from core.store.schema import runs


def add(db: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert the row unless its key is taken. True when it was not."""
    # Without the option an INSERT's row count is not kept on PostgreSQL.
    done = db.execute(_insert(db.dialect.name, table), row, execution_options={"preserve_rowcount": True})
    return done.rowcount == 1


def add_all(db: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert each row whose key is not taken."""
    if rows:
        db.execute(_insert(db.dialect.name, table), rows)


def add_new(db: Connection, table: Table, rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """The tenants and ids of those rows whose key was not taken, inserted."""
    statement = _insert(db.dialect.name, table).returning(table.c.tenant, table.c.id)
    return {(tenant, word) for tenant, word in db.execute(statement, rows)} if rows else set()


def get(db: Connection, tenant: str, run_id: str) -> Run:
    found = first(db, runs.c.tenant == tenant, runs.c.id == run_id)
    if found is None:
        raise RunUnknown("There is no such run.", run=run_id[:64])
    return found


def first(db: Connection, *where: ColumnElement[bool]) -> Run | None:
    row = db.execute(select(runs).where(*where)).first()
    return None if row is None else run(row)


def run(row: Row[Any]) -> Run:
    values = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    for name in ("input", "result", "problem"):
        values[name] = None if values[name] is None else orjson.loads(values[name])
    return Run(**values)


def word(value: str, what: str) -> str:
    """A caller's own name for something, if an index can hold it."""
    if not 0 < len(value) <= _WORD:
        raise WordTooLong(f"The {what} has {len(value)} characters, not 1 to {_WORD}.")
    return value


_WORD = 255  # with the tenant beside it still under what a page of PostgreSQL's index takes (2.7 kB)


@cache
def _insert(dialect: str, table: Table) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing()
