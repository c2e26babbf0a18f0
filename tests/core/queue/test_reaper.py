"""What is in the table and in no queue is queued again, as often as it takes, and once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core import queue, store
from core.queue import Turn, turn
from core.queue.reaper import Reaper, left
from core.queue.table import Table
from core.store.sql import Store
from core.testing import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(tmp_path: Path, clock: Clock) -> Any:
    with store.open(f"sqlite:///{tmp_path}/store.db", now=clock) as opened:
        yield opened


def admitted(db: Store, key: str = "a") -> store.Run:
    return db.runs.admit("acme", graph="echo", key=key, input={})


def nobody_gone(_: str) -> bool:
    return False


def test_a_run_admitted_and_never_queued_is_found(db: Store) -> None:
    run = admitted(db)

    assert left(db.runs, is_gone=nobody_gone) == (Turn("acme", run.id, 0),)


def test_a_run_in_good_hands_is_left_alone(db: Store) -> None:
    run = admitted(db)
    db.runs.claim("acme", run.id, worker="one", lease_s=60)

    assert left(db.runs, is_gone=nobody_gone) == ()


def test_a_run_whose_lease_is_over_is_found(db: Store, clock: Clock) -> None:
    run = admitted(db)
    db.runs.claim("acme", run.id, worker="one", lease_s=60)
    clock.move(61)

    assert left(db.runs, is_gone=nobody_gone) == (Turn("acme", run.id, 1),)


def test_the_run_of_a_worker_known_to_be_dead_is_found_at_once(db: Store) -> None:
    run = admitted(db)
    db.runs.claim("acme", run.id, worker="one", lease_s=60)

    assert left(db.runs, is_gone=lambda owner: owner == "one") == (Turn("acme", run.id, 1),)


def test_waiting_and_ended_runs_are_nobodys_work(db: Store) -> None:
    for number, end in enumerate((db.runs.finish, db.runs.fail)):
        held = db.runs.claim("acme", admitted(db, str(number)).id, worker="one", lease_s=60)
        end(held, **({"result": 1} if end == db.runs.finish else {"problem": {}}))
    asks = db.runs.claim("acme", admitted(db, "asks").id, worker="one", lease_s=60)
    db.runs.wait(asks, plan_digest="d")

    assert left(db.runs, is_gone=nobody_gone) == ()


def test_a_run_that_its_workers_never_survive_ends_with_the_reason(db: Store) -> None:
    run = admitted(db)
    for number in range(5):
        before = f"w{number - 1}" if number else ""
        db.runs.claim("acme", run.id, worker=f"w{number}", lease_s=60, instead_of=before)

    found = left(db.runs, is_gone=lambda owner: owner == "w4")

    ended = db.runs.get("acme", run.id)
    assert found == ()
    assert (ended.state, ended.problem["code"]) == ("failed", "AW717")


def test_a_run_in_its_last_attempt_is_left_to_its_worker(db: Store) -> None:
    run = admitted(db)
    for number in range(5):
        before = f"w{number - 1}" if number else ""
        db.runs.claim("acme", run.id, worker=f"w{number}", lease_s=60, instead_of=before)

    assert left(db.runs, is_gone=nobody_gone) == ()
    assert db.runs.get("acme", run.id).state == "running"


def test_the_first_round_is_at_the_start_and_the_next_ones_at_intervals(db: Store) -> None:
    async def body() -> None:
        lane = Table()
        asked: list[float] = []
        paused, go_on = asyncio.Event(), asyncio.Event()

        async def pause(seconds: float) -> None:
            asked.append(seconds)
            paused.set()
            await go_on.wait()
            go_on.clear()

        first = admitted(db, "a")
        async with Reaper(lane, lambda: left(db.runs, is_gone=nobody_gone), every_s=7, pause=pause):
            await paused.wait()
            assert await lane.depth() == 1
            paused.clear()
            admitted(db, "b")
            go_on.set()
            await paused.wait()

        assert await lane.depth() == 2
        assert first.id
        assert asked == [7, 7]

    asyncio.run(body())


def test_a_queue_that_does_not_answer_ends_no_reaper(db: Store) -> None:
    class Deaf(Table):
        def __init__(self) -> None:
            super().__init__()
            self.tries = 0
            self.heard = asyncio.Event()

        async def put(self, turn: Turn) -> None:
            self.tries += 1
            if self.tries == 1:
                raise queue.QueueUnavailable("The queue does not answer.")
            await super().put(turn)
            self.heard.set()

    async def body() -> None:
        lane = Deaf()

        async def pause(_: float) -> None:
            await asyncio.sleep(0)

        admitted(db)
        async with asyncio.timeout(30), Reaper(lane, lambda: left(db.runs, is_gone=nobody_gone), pause=pause):
            await lane.heard.wait()

        assert await lane.depth() == 1

    asyncio.run(body())


def test_any_number_of_rounds_queue_a_run_once(db: Store, url: str, name: str) -> None:
    run = admitted(db)

    async def body() -> None:
        async with queue.open(url, name=name) as lane:
            for _ in range(3):
                await Reaper(lane, lambda: left(db.runs, is_gone=nobody_gone)).round()
            await lane.put(turn(run))

            assert await lane.depth() == 1

    asyncio.run(body())
