"""The store over SQLAlchemy Core: opening, migrating, and one transaction per question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import URL, Connection, Engine

from core.store import engine as engines
from core.store import files, schema
from core.store.contents import Blobs
from core.store.errors import StoreBroken, StoreCorrupt, StoreUnavailable
from core.store.failures import translated
from core.store.journal import Approvals, Effects
from core.store.keys import Keys
from core.store.replies import Replies
from core.store.runs import Runs
from core.store.threads import Threads
from core.store.turns import Turns

T = TypeVar("T")
_TRIES = 3  # a question is asked again only when the connection was lost under it
_CHECKED_BYTES = (
    64_000_000  # `check` reads the whole file, 0.15 s for this size; larger ones not at each start
)


class Database:
    """Runs work in a transaction. Work may run twice, so each must be safe to repeat."""

    def __init__(self, engine: Engine, place: str, now: Callable[[], float], busy_s: float) -> None:
        self.engine = engine
        self.place = place
        self.now = now
        self._reading = engine.execution_options(reads=True)
        is_sqlite = engine.dialect.name == "sqlite"
        self._turns = Turns(self._together, busy_s=busy_s) if is_sqlite else None
        self._broken: StoreBroken | None = None

    def write(self, work: Callable[[Connection], T]) -> T:
        return self._attempt(self.engine, work) if self._turns is None else self._turns.write(work)

    def read(self, work: Callable[[Connection], T]) -> T:
        return self._attempt(self._reading, work)

    def _together(self, works: Sequence[Callable[[Connection], Any]]) -> list[Any]:
        return self._attempt(self.engine, lambda db: [work(db) for work in works])

    def _attempt(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        if self._broken is not None:  # after a failed fsync the next one succeeds without having written
            raise self._broken
        for left in reversed(range(_TRIES)):
            try:
                with translated(self.place), engine.begin() as db:
                    return work(db)
            except StoreBroken as error:
                self._broken = error
                raise
            except StoreUnavailable:
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")


class Store:
    """One attribute for each kind of row, over one database. Close it, or use it in a `with`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.runs = Runs(database)
        self.effects = Effects(database)
        self.approvals = Approvals(database)
        self.threads = Threads(database)
        self.keys = Keys(database)
        self.replies = Replies(database)
        self.blobs = Blobs(database)

    @property
    def place(self) -> str:
        """Which store this is, without its password."""
        return self._database.place

    def check(self) -> None:
        """Read every page of a SQLite store and refuse a damaged one; ask PostgreSQL for an answer."""
        self._database.read(lambda db: _check(db, self.place))

    def close(self) -> None:
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(url: str, *, now: Callable[[], float], busy_s: float, pool: int) -> Store:
    parsed = engines.parse(url)
    if parsed.drivername != "sqlite":
        return _open(parsed, now, busy_s, pool)
    path = Path(str(parsed.database)).resolve()  # the rights that count are those where the file lies
    files.create(path, lambda new: _open(parsed.set(database=str(new)), now, busy_s, 1).close())
    files.refuse_unsafe(path)
    store = _open(parsed.set(database=str(path)), now, busy_s, pool)
    try:
        if path.stat().st_size <= _CHECKED_BYTES:
            store.check()
    except BaseException:
        store.close()
        raise
    return store


def _open(url: URL, now: Callable[[], float], busy_s: float, pool: int) -> Store:
    engine = engines.start(url, busy_s=busy_s, pool=pool)
    place = (
        str(engine.url.database) if url.drivername == "sqlite" else url.render_as_string(hide_password=True)
    )
    database = Database(engine, place, now, busy_s)
    try:
        if database.read(schema.version) != len(schema.STEPS):
            database.write(lambda db: _migrate(db, now()))
    except BaseException:
        engine.dispose()
        raise
    return Store(database)


def _migrate(db: Connection, at: float) -> None:
    engines.lock_schema(db)
    schema.migrate(db, at=at)


def _check(db: Connection, place: str) -> None:
    if db.dialect.name != "sqlite":
        db.exec_driver_sql("SELECT 1")
        return
    verdict = db.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if verdict != "ok":
        raise StoreCorrupt(f"The store is damaged: {verdict}.", place=place)
