"""The front with its workers, opened together and closed in order: stop taking, drain, then let go."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import queue, workers
from core.http.front import Front, Offer
from core.queue.loop import Crew
from core.queue.reaper import Reaper, left
from core.store import Run
from core.store.admissions import Admissions
from graphs.front.books import Books
from graphs.front.kinds import Kind
from graphs.front.runs import Runs
from graphs.front.threads import Snapshots, Threads
from graphs.front.work import Ended, Work

if TYPE_CHECKING:
    from core.store.sql import Store


@dataclass(frozen=True)
class Bounds:
    """How much is worked on at once here; with `slots` 0 other processes do it."""

    queue_url: str = ""
    queue_prefix: str = "autoweave"
    slots: int = 2
    drain_s: float = 20.0
    reap_s: float = 5.0


@dataclass(frozen=True)
class Opened:
    front: Front
    books: Books
    lane: queue.Queue
    crew: Crew | None

    async def drain(self) -> None:
        """Take nothing more, and give what is in hand its time."""
        if self.crew is not None:
            await self.crew.drain()


@contextlib.asynccontextmanager
async def opened(
    store: Store,
    kinds: Mapping[str, Kind],
    bounds: Bounds,
    *,
    ended: Ended,
    extra: Mapping[str, Offer] | None = None,
    count: Callable[[str], None] = lambda outcome: None,  # noqa: ARG005  # the callable's form
) -> AsyncIterator[Opened]:
    books = Books(store, kinds)
    work = Work(books, ended, workers.name())
    admissions = Admissions(store)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(admissions.close)
        lane = await stack.enter_async_context(queue.open(bounds.queue_url, prefix=bounds.queue_prefix))
        crew: Crew | None = None
        if bounds.slots:
            crew = Crew(
                lane,
                work.handle,
                slots=bounds.slots,
                hand_back=work.hand_back,
                drain_s=bounds.drain_s,
                count=count,
            )
            await stack.enter_async_context(crew)
        if bounds.slots or bounds.queue_url:
            reaper = Reaper(lane, lambda: left(store.runs, is_gone=workers.is_gone), every_s=bounds.reap_s)
            await stack.enter_async_context(reaper)

        async def put(run: Run) -> None:
            await lane.put(queue.turn(run))

        runs = Runs(books, admissions, put, extra or {})
        yield Opened(Front(runs, Threads(books), Snapshots(books)), books, lane, crew)
