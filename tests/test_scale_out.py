"""Two servers on one PostgreSQL and one Redis: what one knows the other knows, and either may die."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import kills, outside
from tests import postgres, processes, redis

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.slow]


@dataclass
class Cluster:
    """Two servers, a repository, and the modules that were asked for so far."""

    nursery: processes.Nursery
    client: processes.Client
    keeper: redis.Server
    database: postgres.Server
    folder: Path
    env: dict[str, str]
    one: processes.Server
    two: processes.Server
    modules: set[str]

    @property
    def remote(self) -> Path:
        return Path(self.env["AUTOWEAVE_GIT_REMOTE"])

    def ask(self, server: processes.Server, name: str) -> tuple[str, str]:
        self.modules.add(name)
        thread = f"thread-{name}"
        return thread, self.client.ask(server.url, thread, name)

    def faults(self) -> list[str]:
        return outside.faults(self.remote, self.env["AUTOWEAVE_STORE_URL"], self.modules)


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[processes.Nursery]:
    with processes.nursery(tmp_path_factory.mktemp("logs")) as found:
        yield found


@pytest.fixture(scope="module")
def cluster(nursery: processes.Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    binaries = postgres.binaries()
    if binaries is None:
        pytest.skip("group postgres: no initdb on PATH or in /usr/lib/postgresql")
    if not redis.is_there():
        pytest.skip("group redis: no redis-server on PATH")
    folder = tmp_path_factory.mktemp("cluster")
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(postgres.running(binaries))
        keeper = stack.enter_context(redis.running(folder / "redis"))
        env = {
            "AUTOWEAVE_STORE_URL": database.url(),
            "AUTOWEAVE_QUEUE_URL": keeper.url,
            "AUTOWEAVE_GIT_REMOTE": str(folder / "remote.git"),
            "AUTOWEAVE_STORE_LEASE_S": "6",
        }
        one, two = (nursery.serve(folder / name, env=env) for name in ("one", "two"))
        client = stack.enter_context(processes.client())
        yield Cluster(nursery, client, keeper, database, folder, env, one, two, set())


def test_an_approval_given_to_one_server_ends_the_run_asked_of_the_other(cluster: Cluster) -> None:
    one, two, client = cluster.one.url, cluster.two.url, cluster.client
    thread, run = cluster.ask(cluster.one, "rye")

    assert client.settled(two, thread) == "interrupted"
    assert client.approve(two, thread)

    assert client.settled(one, thread) == "idle"
    assert client.run(one, thread, run) == client.run(two, thread, run) == "success"
    assert cluster.faults() == []


def test_the_same_question_to_both_servers_is_one_run(cluster: Cluster) -> None:
    thread, run = cluster.ask(cluster.one, "spelt")

    again = cluster.client.ask(cluster.two.url, "thread-spelt-again", "spelt")

    assert again == run
    assert cluster.client.settled(cluster.two.url, thread) == "interrupted"
    assert cluster.client.approve(cluster.one.url, thread)
    assert cluster.client.settled(cluster.two.url, thread) == "idle"
    assert cluster.faults() == []


def test_many_approvals_at_once_on_one_branch_are_one_commit_each(cluster: Cluster) -> None:
    asked = [cluster.ask(cluster.one if n % 2 else cluster.two, f"roll-{n}")[0] for n in range(4)]
    for thread in asked:
        assert cluster.client.settled(cluster.two.url, thread) == "interrupted"

    both = threading.Barrier(len(asked))

    def approve(number: int) -> None:
        both.wait(30)
        cluster.client.approve((cluster.one, cluster.two)[number % 2].url, asked[number])

    threads = [threading.Thread(target=approve, args=(number,)) for number in range(len(asked))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert [cluster.client.settled(cluster.one.url, thread) for thread in asked] == ["idle"] * len(asked)
    assert cluster.faults() == []


def test_a_server_killed_under_load_loses_and_doubles_nothing(cluster: Cluster) -> None:
    asked = [cluster.ask(cluster.one, f"bun-{n}")[0] for n in range(6)]
    for thread in asked[:3]:
        assert cluster.client.settled(cluster.two.url, thread) == "interrupted"
        cluster.client.approve(cluster.one.url, thread)

    cluster.one.kill()

    try:
        for thread in asked:
            while cluster.client.settled(cluster.two.url, thread) == "interrupted":
                cluster.client.approve(cluster.two.url, thread)
            assert cluster.client.settled(cluster.two.url, thread) == "idle"
        assert cluster.faults() == []
    finally:
        cluster.one = cluster.nursery.serve(cluster.folder / "one", env=cluster.env)


def test_a_frozen_server_wakes_up_too_late_to_double_anything(cluster: Cluster) -> None:
    asked = [cluster.ask(cluster.one, f"naan-{n}")[0] for n in range(4)]
    for thread in asked:
        assert cluster.client.settled(cluster.two.url, thread) == "interrupted"
    for thread in asked:
        cluster.client.approve(cluster.one.url, thread)

    cluster.one.signal(signal.SIGSTOP)
    try:
        for thread in asked:
            while cluster.client.settled(cluster.two.url, thread) == "interrupted":
                cluster.client.approve(cluster.two.url, thread)
    finally:
        cluster.one.signal(signal.SIGCONT)

    thread, _ = cluster.ask(cluster.one, "naan-after")
    assert cluster.client.settled(cluster.one.url, thread) == "interrupted"
    assert cluster.client.approve(cluster.one.url, thread)
    assert cluster.client.settled(cluster.one.url, thread) == "idle"
    assert cluster.faults() == []


def test_without_redis_runs_are_admitted_and_done_when_it_is_back(cluster: Cluster) -> None:
    cluster.keeper.kill()
    try:
        thread, _ = cluster.ask(cluster.one, "baguette")
        ready = cluster.client.http.get(f"{cluster.one.url}/ready")
        queue = next(part for part in ready.json()["parts"] if part["name"] == "queue")
    finally:
        cluster.keeper.start()

    assert (ready.status_code, queue["state"]) == (200, "degraded")
    assert cluster.client.settled(cluster.two.url, thread) == "interrupted"
    assert cluster.client.approve(cluster.two.url, thread)
    assert cluster.client.settled(cluster.one.url, thread) == "idle"
    assert cluster.faults() == []


def test_without_its_database_nothing_is_acknowledged_and_afterwards_all_goes_on(cluster: Cluster) -> None:
    thread, _ = cluster.ask(cluster.one, "bagel")
    cluster.database.stop(mode="immediate")
    try:
        refused = cluster.client.http.post(f"{cluster.one.url}/threads", json={})
        ready = cluster.client.http.get(f"{cluster.one.url}/ready")
    finally:
        cluster.database.start()

    assert (refused.status_code, ready.status_code) == (503, 503)
    assert refused.headers["content-type"] == "application/problem+json"
    for server in (cluster.two, cluster.one):
        assert cluster.client.settled(server.url, thread) == "interrupted"
    assert cluster.client.approve(cluster.one.url, thread)
    assert cluster.client.settled(cluster.two.url, thread) == "idle"
    assert cluster.faults() == []


def test_a_server_told_to_end_hands_on_what_it_has_in_hand(cluster: Cluster) -> None:
    asked = [cluster.ask(cluster.two, f"scone-{n}")[0] for n in range(4)]

    cluster.two.signal(signal.SIGTERM)

    try:
        for thread in asked:
            while cluster.client.settled(cluster.one.url, thread) == "interrupted":
                cluster.client.approve(cluster.one.url, thread)
        assert cluster.two.is_over(30)
        assert "Traceback" not in cluster.two.log.read_text()
        assert cluster.faults() == []
    finally:
        cluster.two.kill()
        cluster.two = cluster.nursery.serve(cluster.folder / "two", env=cluster.env)


def test_a_worker_does_what_a_server_without_workers_admits(
    nursery: processes.Nursery, tmp_path: Path
) -> None:
    env = {"AUTOWEAVE_SERVE_WORKERS": "0"}
    server, worker = nursery.serve(tmp_path, env=env), nursery.work(tmp_path)
    with processes.client() as client:
        client.ask(server.url, "thread-tart", "tart")
        assert client.settled(server.url, "thread-tart") == "interrupted"
        client.approve(server.url, "thread-tart")
        assert client.settled(server.url, "thread-tart") == "idle"

    worker.signal(signal.SIGTERM)

    assert worker.is_over(30)
    assert outside.faults(tmp_path / "remote.git", f"sqlite:///{tmp_path}/store.db", {"tart"}) == []


def test_ten_kills_of_a_server_lose_and_double_nothing() -> None:
    assert kills.main(trials=10, seed=7, lanes=1) == 0
