"""Finds in the table of runs what nobody works on and no queue may know, and queues it (again).

Any number of reapers may act at once: putting a turn twice is putting it once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, Self

from core import logs
from core.errors import AppError
from core.queue import Queue, Turn, turn
from core.store import AttemptsUsedUp, LeaseLost, Run, RunEnded, RunTaken

log = logs.named(__name__)
_HOLD_S = 10.0  # to write one row
_AT_ONCE = 1000  # of the oldest; the others follow when these are worked off


class Rows(Protocol):
    """What the store's `runs` answer."""

    def unfinished(self) -> tuple[Run, ...]: ...

    def expired(self) -> tuple[Run, ...]: ...

    def claim(
        self, tenant: str, run_id: str, *, worker: str, lease_s: float, instead_of: str = ""
    ) -> Run: ...

    def fail(self, run: Run, *, problem: Any) -> Run: ...


def left(rows: Rows, *, is_gone: Callable[[str], bool], attempts: int = 5) -> tuple[Turn, ...]:
    """The runs that want a worker: admitted, their lease over, or their worker known to be dead.

    One whose workers died so often is not given to another: it ends here, with the reason.
    """
    over = {run.id for run in rows.expired()}
    found: list[Turn] = []
    for run in rows.unfinished():
        gone = run.owner if run.state == "running" and is_gone(run.owner) else ""
        is_left = bool(gone) or run.id in over
        if is_left and run.attempt >= attempts:
            _give_up(rows, run, gone)
        elif is_left or run.state == "admitted":
            found.append(turn(run))
    return tuple(found[:_AT_ONCE])


def _give_up(rows: Rows, run: Run, gone: str) -> None:
    problem = AttemptsUsedUp(f"The run was begun {run.attempt} times and never ended.", run=run.id)
    with contextlib.suppress(RunTaken, RunEnded, LeaseLost):  # another reaper was quicker
        held = rows.claim(run.tenant, run.id, worker="reaper", lease_s=_HOLD_S, instead_of=gone)
        rows.fail(held, problem=problem.to_dict())
        log.warning("run.given_up", run=run.id, attempts=run.attempt)


class Reaper:
    """A round at the start and then every `every_s` seconds. `wanted` may block: it gets a thread."""

    def __init__(
        self,
        queue: Queue,
        wanted: Callable[[], Iterable[Turn]],
        *,
        every_s: float = 5.0,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._queue = queue
        self._wanted = wanted
        self._every_s = every_s
        self._pause = pause
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._rounds(), name="reaper")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def round(self) -> int:
        """How many turns were put. Raises when the store or the queue does not answer."""
        found = tuple(await asyncio.to_thread(lambda: tuple(self._wanted())))
        for each in found:
            await self._queue.put(each)
        return len(found)

    async def _rounds(self) -> None:
        while True:
            try:
                await self.round()
            except AppError as error:
                log.warning("reaper.failed", code=error.code, why=error.message)
            await self._pause(self._every_s)
