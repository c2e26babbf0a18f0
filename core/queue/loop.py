"""The worker loop: takes turns from a queue and works each in a thread, so nothing waits for it.

The handler claims the run and keeps its lease by itself; this knows neither. Leaving the `async
with` drains: nothing more is taken, work in hand has its time, the rest is handed back.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Self

from core import logs
from core.errors import AppError
from core.queue import Queue, QueueUnavailable, Turn
from core.store import LeaseLost, RunEnded, RunTaken

log = logs.named(__name__)
_REST_S = 2.0

Handler = Callable[[Turn], None]
HandBack = Callable[[Turn], Turn | None]


class Crew:
    """`slots` turns at a time. `hand_back` frees the run of a turn that was not done in time and
    says under which turn it is to be put again. `count` is told how each turn went.
    """

    def __init__(
        self,
        queue: Queue,
        handler: Handler,
        *,
        slots: int,
        hand_back: HandBack,
        drain_s: float = 20.0,
        count: Callable[[str], None] = lambda outcome: None,  # noqa: ARG005  # the callable's form
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._slots = slots
        self._hand_back = hand_back
        self._drain_s = drain_s
        self._count = count
        self._in_hand: dict[Turn, asyncio.Future[str]] = {}
        self._taking: asyncio.Task[None] | None = None
        self._is_draining = False

    async def __aenter__(self) -> Self:
        self._taking = asyncio.create_task(self._take(), name="crew")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drain()

    @property
    def in_hand(self) -> tuple[Turn, ...]:
        return tuple(self._in_hand)

    async def drain(self) -> None:
        self._is_draining = True
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.gather(self._taking, return_exceptions=True)
        if self._in_hand:
            await asyncio.wait(tuple(self._in_hand.values()), timeout=self._drain_s)
        for turn, done in tuple(self._in_hand.items()):
            if not done.done():
                await self._return(turn)
                _resolve(done, "handed back")
        await asyncio.sleep(0)  # lets each turn's task end before the queue is closed

    async def _take(self) -> None:
        while True:
            try:
                await self._queue.work(self._do, slots=self._slots)
            except AppError as error:
                log.warning("queue.down", code=error.code, why=error.message)
            except Exception as error:  # noqa: BLE001  # an edge of the program: without it nobody works any more
                log.error("queue.broken", error=error)
            await asyncio.sleep(_REST_S)

    async def _do(self, turn: Turn) -> None:
        if self._is_draining or turn in self._in_hand:
            return  # still in the table, so the reaper finds it
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._in_hand[turn] = done
        # Not a pool's thread: one that hangs must not keep the process from ending.
        threading.Thread(target=self._work, args=(turn, done), name=f"turn-{turn.id}", daemon=True).start()
        try:
            self._count(await done)
        finally:
            del self._in_hand[turn]

    def _work(self, turn: Turn, done: asyncio.Future[str]) -> None:
        outcome = self._handled(turn)
        with contextlib.suppress(RuntimeError):  # the loop ended before the work did
            done.get_loop().call_soon_threadsafe(_resolve, done, outcome)

    def _handled(self, turn: Turn) -> str:
        try:
            self._handler(turn)
        except (LeaseLost, RunTaken, RunEnded):
            return "elsewhere"  # delivered twice, or taken over: whoever holds the run finishes it
        except AppError as error:
            log.warning("turn.failed", run=turn.run, code=error.code, why=error.message)
            return "failed"
        except Exception as error:  # noqa: BLE001  # an edge of the program: a handler may throw anything
            log.error("turn.crashed", error=error, run=turn.run)
            return "crashed"
        return "done"

    async def _return(self, turn: Turn) -> None:
        try:
            again = await asyncio.to_thread(self._hand_back, turn)
            if again is not None:
                await self._queue.put(again)
        except (LeaseLost, RunTaken, RunEnded, QueueUnavailable):
            return  # somebody else has it, or the reaper will find it
        except AppError as error:
            log.warning("turn.kept", run=turn.run, code=error.code, why=error.message)


def _resolve(done: asyncio.Future[str], outcome: str) -> None:
    if not done.done():
        done.set_result(outcome)
