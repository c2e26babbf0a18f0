"""Who works on which run next: turns travel here, the truth stays in the table of runs.

A turn names a run and how often it had been claimed when it was put. Losing one loses nothing: the
reaper finds in the table what no queue knows. Delivering one twice doubles nothing: a run is
claimed before it is worked on. Three engines keep that promise: the process's own memory, and
BullMQ on Redis or on PostgreSQL. Priorities, delays, rate limits and schedules (the rest of
BullMQ's job API) will be options of a turn; the jobs written here can be read by BullMQ's own
dashboards and Node workers.

    async with queue.open("redis://localhost") as lane, loop.Crew(lane, handler, slots=4):
        await lane.put(queue.turn(run))
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.errors import Forbidden, Invalid, Unavailable, Unsupported

if TYPE_CHECKING:
    from core.store import Run


class QueueUrlInvalid(Invalid):
    """The URL names no queue."""

    code = "AW980"
    fix = "Give redis://host/0, rediss://host/0, unix:///socket, postgresql://host/db, or nothing at all."


class QueueUnavailable(Unavailable):
    """What keeps the queue does not answer, or refuses to be written."""

    code = "AW981"
    fix = (
        "Look whether Redis or PostgreSQL runs, has memory and can be reached. Admitted runs wait meanwhile."
    )


class QueueEvicts(Forbidden):
    """Redis may throw turns away when its memory is full."""

    code = "AW982"
    fix = "Start Redis with `maxmemory-policy noeviction`."


class QueueOpen(Forbidden):
    """Redis is reached over a network without a password."""

    code = "AW983"
    fix = "Put a password into the URL (redis://user:password@host) and into Redis (`requirepass` or an ACL)."


class QueueDriverMissing(Unsupported):
    """The URL names an engine whose library is not installed."""

    code = "AW984"
    fix = "Install it: uv sync --group server --group postgres."


@dataclass(frozen=True, slots=True)
class Turn:
    """`fence` is the run's as it was when the turn was put: the same wish twice is one turn."""

    tenant: str
    run: str
    fence: int = 0

    @property
    def id(self) -> str:
        return f"{self.run}-{self.fence}"


Do = Callable[[Turn], Awaitable[None]]


class Queue(Protocol):
    async def put(self, turn: Turn) -> None:
        """Raises `QueueUnavailable` within seconds; the run is safe and will be found by the reaper."""
        ...

    async def work(self, do: Do, *, slots: int) -> None:
        """Hand turns to `do`, at most `slots` at a time, until cancelled.

        Cancelled, it takes no more; what is in hand goes on until `close`. `do` never raises.
        """
        ...

    async def depth(self) -> int:
        """How many turns nobody has taken. Also the way to ask whether the queue answers."""
        ...

    async def close(self) -> None: ...


def turn(run: Run) -> Turn:
    return Turn(tenant=run.tenant, run=run.id, fence=run.fence)


@contextlib.asynccontextmanager
async def open(url: str, *, prefix: str = "autoweave", name: str = "runs") -> AsyncIterator[Queue]:  # noqa: A001  # read as `queue.open`
    """The queue at `url`; an empty one is this process's own. A queue that is down now may come later.

    `prefix` keeps several AutoWeaves apart on one server, `name` the queues of one.
    """
    queue = _engine(url, prefix, name)
    try:
        with contextlib.suppress(QueueUnavailable):
            await queue.depth()  # refuses now what would lose turns later
        yield queue
    finally:
        await queue.close()


def _engine(url: str, prefix: str, name: str) -> Queue:
    scheme = url.partition("://")[0]
    if not url:
        from core.queue.table import Table  # noqa: PLC0415  # it imports this module

        return Table()
    from core.queue import bull  # noqa: PLC0415  # BullMQ and Redis's client cost 0.3 CPU s

    if scheme in {"redis", "rediss", "unix"}:
        return bull.on_redis(url, prefix, name)
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        return bull.on_postgres(url, prefix, name)
    raise QueueUrlInvalid(f"No queue can be opened by {scheme[:32]!r}.")
