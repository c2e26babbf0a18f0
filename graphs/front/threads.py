"""Threads and their steps, for every protocol: rows of the store, joined with their runs' checkpoints."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.http.front import Caller, Snapshot, Thread, ThreadUnknown
from core.store import Run, ThreadExists, ThreadMissing, ThreadRow
from graphs.front.books import Books

_SHOWN = 100
_STATUS = {
    "admitted": "busy", "running": "busy", "waiting": "interrupted",
    "done": "idle", "cancelled": "idle", "failed": "error",
}  # fmt: skip


@dataclass(frozen=True)
class Threads:
    """`core.http.front.Threads`."""

    books: Books

    async def create(
        self, caller: Caller, *, thread: str = "", metadata: Mapping[str, Any], if_exists: str = "raise"
    ) -> Thread:
        def work() -> Thread:
            rows = self.books.store.threads
            graph = str(metadata.get("graph_id", ""))
            try:
                row = rows.create(
                    caller.tenant, thread or str(uuid.uuid4()), graph=graph, metadata=dict(metadata)
                )
            except ThreadExists:
                if if_exists != "do_nothing":
                    raise
                row = rows.get(caller.tenant, thread)
            return self._seen(row, is_whole=True)

        return await asyncio.to_thread(work)

    async def get(self, caller: Caller, thread: str) -> Thread:
        return await asyncio.to_thread(lambda: self._seen(row(self.books, caller, thread), is_whole=True))

    async def search(
        self,
        caller: Caller,
        *,
        metadata: Mapping[str, Any],
        status: str = "",
        limit: int = 10,
        offset: int = 0,
    ) -> Sequence[Thread]:
        """A status is not a column but what the last run says, so it is looked for a page at a time."""

        def work() -> list[Thread]:
            found: list[Thread] = []
            at = 0
            want = offset + min(limit, _SHOWN)
            while len(found) < want:
                page = self.books.store.threads.search(
                    caller.tenant, metadata=metadata, limit=_SHOWN, offset=at
                )
                threads = (self._seen(each, is_whole=True) for each in page)
                found += [each for each in threads if status in ("", each.status)]
                at += _SHOWN
                if len(page) < _SHOWN:
                    break
            return found[offset:want]

        return await asyncio.to_thread(work)

    async def change(
        self, caller: Caller, thread: str, *, metadata: Mapping[str, Any] | None
    ) -> Thread | None:
        def work() -> Thread | None:
            found = row(self.books, caller, thread)
            if metadata is None:
                self.books.store.threads.remove(caller.tenant, found.id)
                self.books.forget(found)
                return None
            changed = self.books.store.threads.change(caller.tenant, found.id, metadata=dict(metadata))
            return self._seen(changed, is_whole=True)

        return await asyncio.to_thread(work)

    def _seen(self, found: ThreadRow, *, is_whole: bool = False) -> Thread:
        last = _last(self.books, found)
        status = _STATUS[last.state] if last else "idle"
        snapshot = self.books.latest(last, found.id) if last and is_whole else None
        return Thread(
            id=found.id,
            graph=found.graph,
            metadata=found.metadata,
            status=status,
            created=found.created,
            updated=last.updated if last else found.updated,
            values=snapshot.values if snapshot else None,
            interrupts=snapshot.interrupts if snapshot and status == "interrupted" else (),
            runs=found.runs,
        )


@dataclass(frozen=True)
class Snapshots:
    """`core.http.front.Snapshots`: each run's steps, the latest run's first."""

    books: Books

    async def state(self, caller: Caller, thread: str, checkpoint: str = "") -> Snapshot:
        def work() -> Snapshot:
            found = row(self.books, caller, thread)
            runs = [self.books.store.runs.get(caller.tenant, each) for each in reversed(found.runs)]
            for run in runs:
                snapshot = self.books.latest(run, found.id, checkpoint)
                if not checkpoint or snapshot.created:
                    return snapshot
            if checkpoint:
                raise ThreadUnknown("The thread has no such checkpoint.")
            return _blank(found)

        return await asyncio.to_thread(work)

    async def history(
        self, caller: Caller, thread: str, *, limit: int = 10, before: str = ""
    ) -> Sequence[Snapshot]:
        def work() -> list[Snapshot]:
            found = row(self.books, caller, thread)
            made: list[Snapshot] = []
            seen: set[str] = set()  # the turns of a conversation share their steps
            for run_id in reversed(found.runs):
                run = self.books.store.runs.get(caller.tenant, run_id)
                place = self.books.place(run, found.id)
                if place in seen:
                    continue
                seen.add(place)
                made += self.books.history(run, found.id, limit=limit - len(made), before=before)
                if len(made) >= limit:
                    break
            return made[:limit]

        return await asyncio.to_thread(work)


def row(books: Books, caller: Caller, thread: str) -> ThreadRow:
    try:
        return books.store.threads.get(caller.tenant, thread)
    except ThreadMissing as error:
        raise ThreadUnknown("There is no such thread.") from error


def _last(books: Books, found: ThreadRow) -> Run | None:
    return books.store.runs.get(found.tenant, found.runs[-1]) if found.runs else None


def _blank(found: ThreadRow) -> Snapshot:
    place = {"thread_id": found.id, "checkpoint_ns": "", "checkpoint_id": ""}
    return Snapshot(values={}, next=(), tasks=(), metadata={}, created="", checkpoint=place, parent=None)
