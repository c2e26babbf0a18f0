"""Open the two kinds of database so that both behave the same: durable, typed errors, bounded waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from core.store.errors import StoreDriverMissing, StoreReplaced, StoreUnavailable, StoreUrlInvalid

_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


def parse(url: str) -> URL:
    """The URL of a store. Messages never repeat it: it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreUrlInvalid("The store's URL cannot be read.") from error
    if parsed.drivername == "sqlite":
        if parsed.host or not parsed.database or parsed.database == ":memory:" or parsed.query:
            raise StoreUrlInvalid("A SQLite store needs a file: a run must outlive the process.")
        return parsed
    if parsed.drivername in _POSTGRES:
        if not parsed.database:
            raise StoreUrlInvalid("The PostgreSQL URL names no database.")
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreUrlInvalid(f"No store can be opened by {parsed.drivername!r}.")


def start(url: URL, *, busy_s: float, pool: int = 16) -> Engine:
    """`pool` connections at most, each made when it is first needed, the last used taken first."""
    sizes = {"pool_size": pool, "max_overflow": 0, "pool_timeout": busy_s, "pool_use_lifo": True}
    return _sqlite(url, busy_s, sizes) if url.drivername == "sqlite" else _postgres(url, busy_s, sizes)


def lock_schema(db: Connection) -> None:
    """One process migrates at a time. SQLite's transaction already holds the only write lock."""
    if db.dialect.name == "postgresql":
        db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")


_SCHEMA_LOCK = 0x4157_5354  # "AWST": any fixed number no other application is likely to use


def _sqlite(url: URL, busy_s: float, sizes: dict[str, Any]) -> Engine:
    engine = create_engine(url, creator=_opener(Path(str(url.database)), busy_s), **sizes)

    @event.listens_for(engine, "connect")
    def _set_up(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver's own BEGIN is deferred: two writers would deadlock
        try:
            for pragma in _PRAGMAS:
                raw.execute(f"PRAGMA {pragma}")
        except BaseException:
            raw.close()  # the pool has not taken it yet, so nobody else would
            raise

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        reads = db.get_execution_options().get("reads", False)
        db.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _opener(path: Path, busy_s: float) -> Callable[[], sqlite3.Connection]:
    """Opens the one file that was there first: never a new one, never another in its place."""
    first: list[tuple[int, int]] = []

    def opened() -> sqlite3.Connection:
        address = f"file:{quote(str(path))}?mode=rw"
        raw = sqlite3.connect(address, uri=True, timeout=busy_s, check_same_thread=False)
        try:
            found = path.stat()
        except OSError as error:
            raw.close()
            raise StoreUnavailable(f"The store is gone: {error.strerror}.", place=str(path)) from error
        seen = (found.st_dev, found.st_ino)
        if not first:
            first.append(seen)
        if seen != first[0]:
            raw.close()
            raise StoreReplaced("The store's file was replaced while it was open.", place=str(path))
        return raw

    return opened


# FULL: an acknowledged run survives a power cut too. WAL is kept in the file's header.
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "cell_size_check = ON",
)


def _postgres(url: URL, busy_s: float, sizes: dict[str, Any]) -> Engine:
    wait_ms = max(1, int(busy_s * 1000))
    options = (
        f"-c lock_timeout={wait_ms} -c statement_timeout={6 * wait_ms} -c synchronous_commit=on"
        " -c idle_in_transaction_session_timeout=60000"
    )
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            **sizes,
            isolation_level="READ COMMITTED",
            connect_args={"options": options, "connect_timeout": 5, "application_name": "autoweave"},
        )
    except (ImportError, NoSuchModuleError) as error:
        raise StoreDriverMissing("The driver for PostgreSQL is not installed.") from error
