"""What each engine promises: once per turn, no more than its slots, nothing after it was cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from core import queue
from core.queue import Turn

Body = Callable[[queue.Queue], Coroutine[Any, Any, None]]


def turn(number: int, fence: int = 0) -> Turn:
    return Turn(tenant="acme", run=f"{number:032x}", fence=fence)


def opened(url: str, name: str, body: Body) -> None:
    async def whole() -> None:
        async with asyncio.timeout(30), queue.open(url, name=name) as lane:
            await body(lane)

    asyncio.run(whole())


class Taken:
    """Notes what it is given, and lets a test wait for so many."""

    def __init__(self, hold: Callable[[], Awaitable[Any]] | None = None) -> None:
        self.turns: list[Turn] = []
        self.now = self.most = 0
        self._hold = hold
        self._changed = asyncio.Condition()

    async def __call__(self, given: Turn) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        self.turns.append(given)
        async with self._changed:
            self._changed.notify_all()
        if self._hold is not None:
            await self._hold()
        self.now -= 1
        async with self._changed:
            self._changed.notify_all()

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(is_so)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_turns_are_taken_in_order_and_once(url: str, name: str) -> None:
    async def body(lane: queue.Queue) -> None:
        taken = Taken()
        for number in range(5):
            await lane.put(turn(number))

        work = asyncio.create_task(lane.work(taken, slots=1))
        await taken.until(lambda: len(taken.turns) == 5)
        await ended(work)

        assert taken.turns == [turn(number) for number in range(5)]
        assert await lane.depth() == 0

    opened(url, name, body)


def test_a_turn_put_while_workers_wait_is_taken(url: str, name: str) -> None:
    async def body(lane: queue.Queue) -> None:
        taken = Taken()
        work = asyncio.create_task(lane.work(taken, slots=2))
        await lane.put(turn(1))
        await taken.until(lambda: taken.turns == [turn(1)])

        await lane.put(turn(2))
        await taken.until(lambda: taken.turns == [turn(1), turn(2)])

        await ended(work)

    opened(url, name, body)


def test_the_same_turn_twice_is_one(url: str, name: str) -> None:
    async def body(lane: queue.Queue) -> None:
        taken = Taken()
        for _ in range(3):
            await lane.put(turn(1))
        await lane.put(turn(2))
        waiting = await lane.depth()

        work = asyncio.create_task(lane.work(taken, slots=1))
        await taken.until(lambda: turn(2) in taken.turns)
        await ended(work)

        assert waiting == 2
        assert taken.turns == [turn(1), turn(2)]

    opened(url, name, body)


def test_a_turn_that_was_done_can_be_put_again(url: str, name: str) -> None:
    async def body(lane: queue.Queue) -> None:
        taken = Taken()
        work = asyncio.create_task(lane.work(taken, slots=1))
        await lane.put(turn(1))
        await taken.until(lambda: len(taken.turns) == 1)
        await lane.put(turn(2))  # one slot: when this was taken, the first is off the books
        await taken.until(lambda: len(taken.turns) == 2)

        await lane.put(turn(1))
        await taken.until(lambda: len(taken.turns) == 3)

        await ended(work)
        assert taken.turns == [turn(1), turn(2), turn(1)]

    opened(url, name, body)


def test_the_next_turn_of_a_run_in_hand_is_kept(url: str, name: str) -> None:
    """An approval may come in before the worker that asked for it has let go of its turn."""

    async def body(lane: queue.Queue) -> None:
        gate = asyncio.Event()
        taken = Taken(hold=gate.wait)
        work = asyncio.create_task(lane.work(taken, slots=1))
        await lane.put(turn(1))
        await taken.until(lambda: len(taken.turns) == 1)

        await lane.put(turn(1, fence=1))
        gate.set()
        await taken.until(lambda: len(taken.turns) == 2)

        await ended(work)
        assert taken.turns == [turn(1), turn(1, fence=1)]

    opened(url, name, body)


def test_no_more_turns_than_slots_are_in_hand(url: str, name: str) -> None:
    async def body(lane: queue.Queue) -> None:
        gate = asyncio.Event()
        taken = Taken(hold=gate.wait)
        for number in range(6):
            await lane.put(turn(number))

        work = asyncio.create_task(lane.work(taken, slots=2))
        await taken.until(lambda: taken.now == 2)
        waiting = await lane.depth()
        gate.set()
        await taken.until(lambda: len(taken.turns) == 6 and taken.now == 0)

        await ended(work)
        assert waiting == 4
        assert taken.most == 2

    opened(url, name, body)


def test_cancelled_it_takes_no_more_and_work_in_hand_goes_on(url: str, name: str) -> None:
    async def body(lane: queue.Queue) -> None:
        gate = asyncio.Event()
        taken = Taken(hold=gate.wait)
        work = asyncio.create_task(lane.work(taken, slots=1))
        await lane.put(turn(1))
        await taken.until(lambda: taken.now == 1)

        await ended(work)
        await lane.put(turn(2))
        gate.set()
        await taken.until(lambda: taken.now == 0)

        assert taken.turns == [turn(1)]
        assert await lane.depth() == 1

    opened(url, name, body)
