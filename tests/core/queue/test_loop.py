"""The crew over a real queue and, where leases matter, a real store."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from core import store
from core.queue import Do, Turn, loop, turn
from core.queue.table import Table
from core.store import LeaseLost, RunTaken
from core.store.sql import Store
from graphs.integrate.runner import Held

ONE = Turn("acme", "1" * 32)
TWO = Turn("acme", "2" * 32)


def played(body: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(30):
            await body()

    asyncio.run(whole())


def nothing(_: Turn) -> None:
    return None


class Outcomes:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self._more = asyncio.Condition()

    def __call__(self, outcome: str) -> None:
        self.seen.append(outcome)
        self._waking = asyncio.ensure_future(self._wake())

    async def _wake(self) -> None:
        async with self._more:
            self._more.notify_all()

    async def until(self, number: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: len(self.seen) >= number)


@pytest.fixture
def db(tmp_path: Path) -> Any:
    with store.open(f"sqlite:///{tmp_path}/store.db") as opened:
        yield opened


def admitted(db: Store, key: str = "a") -> store.Run:
    return db.runs.admit("acme", graph="echo", key=key, input={})


def freed(db: Store, worker: str) -> loop.HandBack:
    def hand_back(given: Turn) -> Turn | None:
        run = db.runs.get(given.tenant, given.run)
        return turn(db.runs.release(run)) if run.owner == worker else None

    return hand_back


def test_a_handler_that_raises_is_logged_and_counted_and_the_next_is_worked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(given: Turn) -> None:
        if given == ONE:
            raise ZeroDivisionError("a mistake of ours")

    async def body() -> None:
        outcomes = Outcomes()
        lane = Table()
        async with loop.Crew(lane, handler, slots=1, hand_back=nothing, count=outcomes):
            await lane.put(ONE)
            await lane.put(TWO)
            await outcomes.until(2)

        assert outcomes.seen == ["crashed", "done"]

    with caplog.at_level(logging.ERROR):
        played(body)
    assert caplog.records[0].getMessage() == "turn.crashed"
    assert "ZeroDivisionError" in str(caplog.records[0].exc_info)


@pytest.mark.parametrize("error", [LeaseLost("over"), RunTaken("held")])
def test_a_run_that_is_somebody_elses_is_left_without_a_word(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(_: Turn) -> None:
        raise error

    async def body() -> None:
        outcomes = Outcomes()
        lane = Table()
        async with loop.Crew(lane, handler, slots=1, hand_back=nothing, count=outcomes):
            await lane.put(ONE)
            await outcomes.until(1)

        assert outcomes.seen == ["elsewhere"]

    played(body)
    assert caplog.records == []


def test_a_queue_that_breaks_is_taken_up_again(caplog: pytest.LogCaptureFixture) -> None:
    class Fragile(Table):
        falls = 1

        async def work(self, do: Do, *, slots: int) -> None:
            if self.falls:
                self.falls -= 1
                raise ZeroDivisionError("a mistake of a library's")
            await super().work(do, slots=slots)

    async def body() -> None:
        outcomes = Outcomes()
        lane = Fragile()
        async with loop.Crew(lane, nothing, slots=1, hand_back=nothing, count=outcomes):
            await lane.put(ONE)
            await outcomes.until(1)

        assert outcomes.seen == ["done"]

    played(body)
    assert [record.getMessage() for record in caplog.records] == ["queue.broken"]


def test_as_many_turns_as_slots_are_worked_side_by_side() -> None:
    both = threading.Barrier(2)

    def meet(_: Turn) -> None:
        both.wait(20)

    async def body() -> None:
        outcomes = Outcomes()
        lane = Table()
        async with loop.Crew(lane, meet, slots=2, hand_back=nothing, count=outcomes):
            await lane.put(ONE)
            await lane.put(TWO)
            await outcomes.until(2)

        assert outcomes.seen == ["done", "done"]

    played(body)


def test_draining_waits_for_work_in_hand_and_takes_no_more() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def handler(_: Turn) -> None:
        begun.set()
        assert may_end.wait(20)

    async def body() -> None:
        outcomes = Outcomes()
        lane = Table()
        crew = loop.Crew(lane, handler, slots=1, hand_back=nothing, count=outcomes)
        async with crew:
            await lane.put(ONE)
            await lane.put(TWO)
            await asyncio.to_thread(begun.wait, 20)
            asyncio.get_running_loop().call_later(0.05, may_end.set)

        assert outcomes.seen == ["done"]
        assert await lane.depth() == 1

    played(body)


def test_work_that_is_not_done_in_time_is_handed_back_and_another_finishes_it(db: Store) -> None:
    run = admitted(db)
    begun, may_end = threading.Event(), threading.Event()
    late: list[type[Exception]] = []

    def slow(given: Turn) -> None:
        held = db.runs.claim(given.tenant, given.run, worker="first", lease_s=60)
        begun.set()
        assert may_end.wait(20)
        try:
            db.runs.finish(held, result="first")
        except LeaseLost as error:
            late.append(type(error))
            raise

    def quick(given: Turn) -> None:
        held = db.runs.claim(given.tenant, given.run, worker="second", lease_s=60)
        db.runs.finish(held, result="second")

    async def body() -> None:
        lane = Table()
        crew = loop.Crew(lane, slow, slots=1, hand_back=freed(db, "first"), drain_s=0.05)
        async with crew:
            await lane.put(turn(run))
            await asyncio.to_thread(begun.wait, 20)
        outcomes = Outcomes()
        async with loop.Crew(lane, quick, slots=1, hand_back=nothing, count=outcomes):
            await outcomes.until(1)
        may_end.set()
        await asyncio.to_thread(_joined)

    played(body)
    ended = db.runs.get("acme", run.id)
    assert (ended.state, ended.result, ended.attempt) == ("done", "second", 1)
    assert late == [LeaseLost]


def test_a_blocked_event_loop_loses_no_lease(db: Store) -> None:
    run = admitted(db)
    begun, renewed = threading.Event(), threading.Event()

    def handler(given: Turn) -> None:
        held = db.runs.claim(given.tenant, given.run, worker="one", lease_s=0.6)
        with Held(held, db):
            begun.set()
            until = held.lease_until
            for _ in range(3):
                while (row := db.runs.get("acme", run.id)).lease_until == until:
                    assert db.runs.expired() == ()
                until = row.lease_until
            renewed.set()
        db.runs.finish(held, result="whole")

    async def body() -> None:
        outcomes = Outcomes()
        lane = Table()
        async with loop.Crew(lane, handler, slots=1, hand_back=nothing, count=outcomes):
            await lane.put(turn(run))
            await asyncio.to_thread(begun.wait, 20)
            assert renewed.wait(20)  # blocks the loop on purpose
            await outcomes.until(1)

        assert outcomes.seen == ["done"]

    played(body)
    assert db.runs.get("acme", run.id).result == "whole"


def _joined() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("turn-"):
            thread.join(20)
