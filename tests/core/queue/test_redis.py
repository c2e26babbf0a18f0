"""Redis at its worst: down, emptied, full, frozen, badly set up. No run is lost, none done twice."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core import queue, store
from core.queue import QueueEvicts, QueueOpen, QueueUnavailable, QueueUrlInvalid, Turn, loop, turn
from core.queue.reaper import Reaper, left
from core.store.sql import Store
from tests import redis

pytestmark = pytest.mark.redis
ROOT = Path(__file__).resolve().parents[3]
ONE = Turn("acme", "1" * 32)


@pytest.fixture
def db(tmp_path: Path) -> Any:
    with store.open(f"sqlite:///{tmp_path}/store.db") as opened:
        yield opened


class Hands:
    """A handler over the store, with a gate, that counts how often each run was truly worked."""

    def __init__(self, db: Store) -> None:
        self.db = db
        self.begun, self.gate = threading.Event(), threading.Event()
        self.worked: list[str] = []
        self.ended = asyncio.Queue[str]()

    def __call__(self, given: Turn) -> None:
        held = self.db.runs.claim(given.tenant, given.run, worker="one", lease_s=60)
        self.worked.append(given.run)
        self.begun.set()
        assert self.gate.wait(60)
        self.db.runs.finish(held, result=1)

    def reaper(self, lane: queue.Queue) -> Reaper:
        return Reaper(lane, lambda: left(self.db.runs, is_gone=lambda _: False), every_s=0.2)

    def crew(self, lane: queue.Queue) -> loop.Crew:
        return loop.Crew(lane, self, slots=2, hand_back=lambda _: None, count=self.ended.put_nowait)


def admitted(db: Store, key: str = "a") -> store.Run:
    return db.runs.admit("acme", graph="echo", key=key, input={})


def test_a_redis_that_evicts_is_refused_at_the_start(tmp_path: Path) -> None:
    async def body(url: str) -> None:
        async with queue.open(url):
            pytest.fail("it was opened")

    with redis.running(tmp_path, "--maxmemory-policy", "allkeys-lru") as server, pytest.raises(QueueEvicts):
        asyncio.run(body(server.url))


def test_a_redis_that_evicts_after_a_restart_is_refused_too(tmp_path: Path) -> None:
    async def body(server: redis.Server) -> None:
        async with queue.open(server.url) as lane:
            server.start()
            with pytest.raises(QueueEvicts):
                await _answered(lane)

    server = redis.Server(tmp_path, "--maxmemory-policy", "volatile-ttl")
    try:
        asyncio.run(body(server))
    finally:
        server.kill()


@pytest.mark.parametrize("url", ["redis://queue.internal:6379/0", "rediss://user@10.0.0.5/0"])
def test_a_redis_beyond_this_machine_needs_a_password(url: str) -> None:
    async def body() -> None:
        async with queue.open(url):
            pytest.fail("it was opened")

    with pytest.raises(QueueOpen) as caught:
        asyncio.run(body())

    assert caught.value.place.startswith(url.partition("://")[0])


@pytest.mark.parametrize("url", ["kafka://x", "redis", "redis://127.0.0.1:port/0", "http://127.0.0.1"])
def test_a_url_that_names_no_queue_is_refused(url: str) -> None:
    async def body() -> None:
        async with queue.open(url):
            pytest.fail("it was opened")

    with pytest.raises(QueueUrlInvalid):
        asyncio.run(body())


def test_messages_hold_no_password(own_keeper: redis.Server) -> None:
    url = own_keeper.url.replace("redis://", "redis://someone:hunter2-secret@")

    async def body() -> None:
        async with queue.open(url) as lane:
            with pytest.raises(QueueUnavailable) as caught:
                await lane.put(ONE)
            assert "hunter2" not in str(caught.value.to_dict())

    asyncio.run(body())


def test_a_password_that_is_demanded_and_given_opens(tmp_path: Path) -> None:
    async def body(server: redis.Server) -> None:
        async with queue.open(server.url.replace("redis://", "redis://:hunter2@")) as lane:
            await lane.put(ONE)
            assert await lane.depth() == 1

    with redis.running(tmp_path, "--requirepass", "hunter2") as server:
        asyncio.run(body(server))


def test_every_key_carries_our_prefix(own_keeper: redis.Server) -> None:
    async def body() -> None:
        async with queue.open(own_keeper.url) as lane:
            await lane.put(ONE)

    asyncio.run(body())
    keys = subprocess.run(
        ["redis-cli", "-p", str(own_keeper.port), "keys", "*"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert keys
    assert all(key.startswith("autoweave:runs:") for key in keys)


def test_a_job_that_somebody_else_put_is_passed_over(own_keeper: redis.Server) -> None:
    async def body() -> None:
        from bullmq import Queue

        foreign = Queue("runs", {"connection": own_keeper.url, "prefix": "autoweave"})
        await foreign.add("x", {"run": ["no", "turn"]})
        seen: list[Turn] = []
        done = asyncio.Event()

        async def do(given: Turn) -> None:
            seen.append(given)
            done.set()

        async with asyncio.timeout(20), queue.open(own_keeper.url) as lane:
            work = asyncio.create_task(lane.work(do, slots=1))
            await lane.put(ONE)
            await done.wait()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        await foreign.close()

        assert seen == [ONE]

    asyncio.run(body())


def test_redis_down_at_the_start_delays_a_run_and_loses_none(db: Store, tmp_path: Path) -> None:
    server = redis.Server(tmp_path)
    run = admitted(db)

    async def body() -> None:
        hands = Hands(db)
        hands.gate.set()
        async with asyncio.timeout(30), queue.open(server.url) as lane:
            with pytest.raises(QueueUnavailable):
                await lane.put(turn(run))
            async with hands.crew(lane), hands.reaper(lane):
                server.start()
                assert await hands.ended.get() == "done"

    try:
        asyncio.run(body())
    finally:
        server.kill()
    assert db.runs.get("acme", run.id).state == "done"


def test_redis_that_comes_back_empty_is_filled_from_the_table(own_keeper: redis.Server, db: Store) -> None:
    runs = [admitted(db, str(number)) for number in range(3)]

    async def body() -> None:
        hands = Hands(db)
        hands.gate.set()
        async with asyncio.timeout(30), queue.open(own_keeper.url) as lane:
            for run in runs:
                await lane.put(turn(run))
            own_keeper.kill()
            own_keeper.start()
            async with hands.crew(lane), hands.reaper(lane):
                assert [await hands.ended.get() for _ in runs] == ["done"] * 3
            assert sorted(hands.worked) == sorted(run.id for run in runs)

    asyncio.run(body())


@pytest.mark.slow
def test_redis_dying_under_a_job_does_not_double_it(tmp_path: Path, db: Store) -> None:
    """With an append-only file the job is still there, unlocked, and is delivered once more."""
    run = admitted(db)

    async def body(server: redis.Server) -> None:
        hands, failed = Hands(db), asyncio.Event()
        report = logging.getLogger("core.queue.bull")
        report.addFilter(noted := lambda record: failed.set() is None)
        async with asyncio.timeout(60), queue.open(server.url) as lane, hands.crew(lane):
            await lane.put(turn(run))
            await asyncio.to_thread(hands.begun.wait, 20)
            server.kill()
            hands.gate.set()
            assert await hands.ended.get() == "done"
            await failed.wait()  # BullMQ could not take the job off its books
            server.start()
            assert await hands.ended.get() == "elsewhere"
            assert hands.worked == [run.id]
        report.removeFilter(noted)

    with redis.running(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always") as server:
        asyncio.run(body(server))


def test_a_full_redis_refuses_the_turn_and_not_the_run(own_keeper: redis.Server, db: Store) -> None:
    run = admitted(db)
    _tell(own_keeper, "config", "set", "maxmemory", "1mb")

    async def body() -> None:
        async with queue.open(own_keeper.url) as lane:
            with pytest.raises(QueueUnavailable):
                await lane.put(turn(run))

    asyncio.run(body())
    assert left(db.runs, is_gone=lambda _: False) == (turn(run),)


def test_a_frozen_redis_is_given_up_in_time_and_then_not_asked_for_a_while(
    own_keeper: redis.Server,
) -> None:
    async def body() -> None:
        async with queue.open(own_keeper.url) as lane:
            own_keeper.signal(signal.SIGSTOP)
            start = time.monotonic()
            with pytest.raises(QueueUnavailable):
                await lane.put(ONE)
            first = time.monotonic()
            for _ in range(100):
                with pytest.raises(QueueUnavailable):
                    await lane.put(ONE)

            assert first - start < 3.5
            assert time.monotonic() - first < 0.2

    try:
        asyncio.run(body())
    finally:
        own_keeper.signal(signal.SIGCONT)


def test_a_run_delivered_twice_is_worked_once(own_keeper: redis.Server, db: Store) -> None:
    run = admitted(db)

    async def body() -> None:
        hands = Hands(db)
        async with asyncio.timeout(30), queue.open(own_keeper.url) as lane, hands.crew(lane):
            await lane.put(turn(run))
            await asyncio.to_thread(hands.begun.wait, 20)
            await lane.put(Turn("acme", run.id, fence=7))
            assert await hands.ended.get() == "elsewhere"
            hands.gate.set()
            assert await hands.ended.get() == "done"
            assert hands.worked == [run.id]

    asyncio.run(body())


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["keeper", pytest.param("database", marks=pytest.mark.postgres)])
def test_the_turn_of_a_killed_worker_is_given_to_another(
    engine: str, name: str, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue(engine)
    url = server.url if engine == "keeper" else server.url()

    async def body() -> None:
        got = asyncio.Event()

        async def do(_: Turn) -> None:
            got.set()

        async with asyncio.timeout(30), queue.open(url, name=name) as lane:
            await lane.put(ONE)
            victim = await asyncio.to_thread(_victim, url, name)
            victim.kill()
            await asyncio.to_thread(victim.communicate)
            work = asyncio.create_task(lane.work(do, slots=1))
            await got.wait()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    asyncio.run(body())


def _victim(url: str, name: str) -> subprocess.Popen[bytes]:
    """A process that took the turn and will never let go of it."""
    script = (
        "import asyncio, sys\n"
        "from core import queue\n"
        "async def do(turn):\n"
        "    print(turn.id, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "async def main():\n"
        "    async with queue.open(sys.argv[1], name=sys.argv[2]) as lane:\n"
        "        await lane.work(do, slots=1)\n"
        "asyncio.run(main())\n"
    )
    victim = subprocess.Popen([sys.executable, "-c", script, url, name], cwd=ROOT, stdout=subprocess.PIPE)
    assert victim.stdout is not None
    assert victim.stdout.readline()
    return victim


async def _answered(lane: queue.Queue) -> None:
    """Once the breaker lets a question through."""
    async with asyncio.timeout(20):
        while True:
            try:
                await lane.depth()
            except QueueUnavailable:
                await asyncio.sleep(0)
            else:
                return


def _tell(server: redis.Server, *words: str) -> None:
    subprocess.run(["redis-cli", "-p", str(server.port), *words], capture_output=True, check=True)
