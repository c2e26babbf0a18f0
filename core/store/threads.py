"""Threads: a caller's name for a row of runs that follow one another, with metadata to find it by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from core.store import marks, rows
from core.store.errors import ThreadExists, ThreadMissing
from core.store.records import Run, ThreadRow
from core.store.schema import thread_marks, thread_runs, threads

if TYPE_CHECKING:
    from core.store.sql import Database

_PAGE = 1000


class Threads:
    """The threads of all tenants; each question names one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = database.now

    def create(
        self, tenant: str, thread_id: str, *, graph: str = "", metadata: Mapping[str, Any]
    ) -> ThreadRow:
        at = self._now()
        text, found = marks.kept(metadata)
        row = {
            "tenant": tenant,
            "id": rows.word(thread_id, "thread's id"),
            "graph": graph,
            "metadata": text,
            "created": at,
            "updated": at,
        }
        return self._database.write(lambda db: _create(db, row, found))

    def get(self, tenant: str, thread_id: str) -> ThreadRow:
        return self._database.read(lambda db: _get(db, tenant, thread_id))

    def search(
        self, tenant: str, *, metadata: Mapping[str, Any], limit: int = 10, offset: int = 0
    ) -> tuple[ThreadRow, ...]:
        """Newest first, at most 1000 at a time. Nested objects match when they hold those of `metadata`."""
        query = select(threads).where(threads.c.tenant == tenant)
        for mark in sorted(marks.of(metadata)):
            query = query.where(threads.c.id.in_(_marked(tenant, mark)))
        query = query.order_by(threads.c.created.desc(), threads.c.id)
        query = query.limit(min(max(limit, 0), _PAGE)).offset(min(max(offset, 0), 2**31))
        return self._database.read(lambda db: _rows(db, tenant, query))

    def change(
        self,
        tenant: str,
        thread_id: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        graph: str | None = None,
    ) -> ThreadRow:
        """Put these keys of the metadata in the place of the old ones; the others stay."""
        values = {"updated": self._now()} | ({} if graph is None else {"graph": graph})
        return self._database.write(lambda db: _change(db, tenant, thread_id, metadata or {}, values))

    def remove(self, tenant: str, thread_id: str) -> None:
        """The thread goes, its runs stay: they are evidence."""

        def work(db: Connection) -> None:
            if db.execute(delete(threads).where(_is(tenant, thread_id))).rowcount != 1:
                raise _missing(thread_id)

        self._database.write(work)

    def add_run(self, tenant: str, thread_id: str, run_id: str) -> None:
        """Append the run to the thread; a run that is in it already stays where it is."""

        def work(db: Connection) -> None:
            run = rows.get(db, tenant, run_id)
            if not _append(db, run, thread_id, self._now()):
                raise _missing(thread_id)

        self._database.write(work)

    def of_run(self, tenant: str, run_id: str) -> tuple[str, ...]:
        """The threads that hold the run."""
        query = select(thread_runs.c.thread).where(
            thread_runs.c.tenant == tenant, thread_runs.c.run == run_id
        )
        return self._database.read(lambda db: tuple(db.scalars(query.order_by(thread_runs.c.thread))))


@dataclass(frozen=True, slots=True)
class Link:
    """A run for a thread, which is made where it is missing. The metadata is merged."""

    run: Run
    thread: str
    metadata: Mapping[str, Any]

    @property
    def place(self) -> tuple[str, str]:
        return self.run.tenant, self.thread


def link(db: Connection, links: Sequence[Link]) -> None:
    """All of them in the order given; new threads a whole group at a time."""
    first: dict[tuple[str, str], Link] = {}
    for each in links:
        first.setdefault(each.place, each)
    made = rows.add_new(db, threads, [_row(first[place]) for place in sorted(first)])
    fresh = [first[place] for place in sorted(made)]
    _mark(db, [(each.place, mark) for each in fresh for mark in sorted(marks.of(each.metadata))])
    rows.add_all(db, thread_runs, [_held_by(each.run, each.thread, 1) for each in fresh])
    ids = {id(each) for each in fresh}
    for each in sorted((each for each in links if id(each) not in ids), key=lambda each: each.place):
        _append(db, each.run, each.thread, each.run.updated)
        if each.metadata:
            _merge(db, *each.place, each.metadata, {"updated": each.run.updated})


def _row(new: Link) -> dict[str, Any]:
    return {
        "tenant": new.run.tenant,
        "id": new.thread,
        "graph": new.run.graph,
        "metadata": marks.kept(new.metadata)[0],
        "created": new.run.updated,
        "updated": new.run.updated,
    }


def _held_by(run: Run, thread_id: str, seq: int) -> dict[str, Any]:
    return {"tenant": run.tenant, "thread": thread_id, "seq": seq, "run": run.id}


def _change(
    db: Connection, tenant: str, thread_id: str, metadata: Mapping[str, Any], values: dict[str, Any]
) -> ThreadRow:
    _merge(db, tenant, thread_id, metadata, values)
    return _get(db, tenant, thread_id)


def _merge(
    db: Connection, tenant: str, thread_id: str, metadata: Mapping[str, Any], values: dict[str, Any]
) -> None:
    old = db.scalar(select(threads.c.metadata).where(_is(tenant, thread_id)).with_for_update())
    if old is None:
        raise _missing(thread_id)
    text, found = marks.kept(orjson.loads(old) | dict(metadata))
    db.execute(update(threads).where(_is(tenant, thread_id)).values(metadata=text, **values))
    if text != old:
        mine = and_(thread_marks.c.tenant == tenant, thread_marks.c.thread == thread_id)
        db.execute(delete(thread_marks).where(mine))
        _mark(db, [((tenant, thread_id), mark) for mark in sorted(found)])


def _append(db: Connection, run: Run, thread_id: str, at: float) -> bool:
    """False when there is no such thread. Its row is held, so two appends have two numbers."""
    mine = _is(run.tenant, thread_id)
    graph = db.scalar(select(threads.c.graph).where(mine).with_for_update())
    if graph is None:
        return False
    before = and_(thread_runs.c.tenant == run.tenant, thread_runs.c.thread == thread_id)
    last = db.scalar(select(func.max(thread_runs.c.seq)).where(before)) or 0
    if rows.add(db, thread_runs, _held_by(run, thread_id, last + 1)):
        db.execute(update(threads).where(mine).values(graph=graph or run.graph, updated=at))
    return True


def _create(db: Connection, row: dict[str, Any], found: frozenset[str]) -> ThreadRow:
    if not rows.add(db, threads, row):
        raise ThreadExists("There is a thread of this id.", thread=row["id"])
    _mark(db, [((row["tenant"], row["id"]), mark) for mark in sorted(found)])
    return ThreadRow(**row | {"metadata": orjson.loads(row["metadata"])}, runs=())


def _mark(db: Connection, found: Sequence[tuple[tuple[str, str], str]]) -> None:
    each = [{"tenant": tenant, "mark": mark, "thread": thread} for (tenant, thread), mark in found]
    rows.add_all(db, thread_marks, each)


def _marked(tenant: str, mark: str) -> Any:
    return select(thread_marks.c.thread).where(thread_marks.c.tenant == tenant, thread_marks.c.mark == mark)


def _get(db: Connection, tenant: str, thread_id: str) -> ThreadRow:
    found = _rows(db, tenant, select(threads).where(_is(tenant, thread_id)))
    if not found:
        raise _missing(thread_id)
    return found[0]


def _rows(db: Connection, tenant: str, query: Any) -> tuple[ThreadRow, ...]:
    found = db.execute(query).mappings().all()
    held = _held(db, tenant, [row["id"] for row in found])
    return tuple(
        ThreadRow(**{**row, "metadata": orjson.loads(row["metadata"])}, runs=tuple(held[row["id"]]))
        for row in found
    )


def _held(db: Connection, tenant: str, ids: Sequence[str]) -> dict[str, list[str]]:
    query = select(thread_runs.c.thread, thread_runs.c.run)
    query = query.where(thread_runs.c.tenant == tenant, thread_runs.c.thread.in_(ids))
    held: dict[str, list[str]] = defaultdict(list)
    for thread, run in db.execute(query.order_by(thread_runs.c.seq)) if ids else ():
        held[thread].append(run)
    return held


def _is(tenant: str, thread_id: str) -> ColumnElement[bool]:
    return and_(threads.c.tenant == tenant, threads.c.id == thread_id)


def _missing(thread_id: str) -> ThreadMissing:
    return ThreadMissing("There is no such thread.", thread=thread_id[:64])
