"""What both kinds of cells promise, and what the shared ones do when Redis is gone."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.breaker import Breakers
from core.cells import Cells, Memory, Shared
from core.testing import Clock
from tests import redis as servers

Make = Callable[[], Cells]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    if not servers.is_there():
        pytest.skip("group redis: no redis-server on PATH")
    with servers.running(tmp_path_factory.mktemp("redis")) as running:
        yield running


def client(url: str) -> Any:
    import redis

    return redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Cells as one process has them; with Redis each call makes another process's."""
    if request.param == "memory":
        cells = Memory()
        yield lambda: cells
        return
    url = request.getfixturevalue("server").url
    clients: list[Any] = []
    prefix = f"test{random.getrandbits(64):x}"

    def shared() -> Cells:
        clients.append(client(url))
        return Shared(clients[-1], now=Clock(), log=lambda *_, **__: None, prefix=prefix)

    yield shared
    for each in clients:
        each.close()


def test_a_turn_starts_from_what_the_last_one_left(make: Make) -> None:
    make().change("k", lambda text: text + "a")

    assert make().change("k", lambda text: text + "b") == "ab"


def test_an_empty_text_is_none(make: Make) -> None:
    make().change("k", lambda _: "a")
    make().change("k", lambda _: "")

    assert make().change("k", lambda text: f"<{text}>") == "<>"


def test_keys_are_apart(make: Make) -> None:
    make().change("k", lambda _: "a")

    assert make().change("é" * 300, lambda text: text or "none") == "none"


def test_no_turn_is_lost_among_threads(make: Make) -> None:
    cells = make()

    with ThreadPoolExecutor(20) as pool:
        for _ in range(100):
            pool.submit(cells.change, "k", lambda text: str(int(text or 0) + 1))

    assert cells.change("k", lambda text: text) == "100"


def test_an_error_in_a_turn_is_the_callers_own(make: Make) -> None:
    with pytest.raises(ValueError, match="mine"):
        make().change("k", lambda _: _raised())


def _raised() -> str:
    raise ValueError("mine")


def test_fifty_callers_of_several_processes_get_one_probe(make: Make) -> None:
    clock = Clock()
    processes = [Breakers(make(), now=clock, chance=lambda: 0.5) for _ in range(5)]
    permit = processes[0].ask("k")
    assert permit is not None
    processes[0].tell(permit, "fatal")
    clock.move(30.0)
    together = threading.Barrier(50)

    def ask(number: int) -> bool:
        together.wait(10)
        return processes[number % 5].ask("k") is not None

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(ask, range(50))) == 1


@pytest.mark.redis
def test_without_redis_a_process_goes_on_by_itself_and_comes_back(tmp_path: Path) -> None:
    if not servers.is_there():
        pytest.skip("group redis: no redis-server on PATH")
    clock, told = Clock(), []
    with servers.running(tmp_path) as server:
        link = client(server.url)
        cells = Shared(link, now=clock, log=lambda event, **_: told.append(event))
        cells.change("k", lambda _: "far")
        server.kill()

        assert [cells.change("k", lambda text: text + "own") for _ in range(2)] == ["own", "ownown"]
        assert told == ["cells.redis_gone"]

        server.start()
        clock.move(5.0)
        cells.change("k", lambda _: "back")
        assert link.get("autoweave:cell:k") == b"back"
        link.close()


def test_memory_forgets_what_was_not_touched_for_longest() -> None:
    cells = Memory(most=2)
    for key in "abac":
        cells.change(key, lambda text: text + "x")

    assert [cells.change(key, lambda text: text) for key in "ab"] == ["xx", ""]
