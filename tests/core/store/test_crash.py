"""Many processes at once, kill -9, power loss, and a database that goes away."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from core import store
from core.store.sql import Store
from core.testing import Clock
from tests.core.store.writing import writers
from tests.postgres import Server

ROOT = Path(__file__).resolve().parents[3]


def test_six_processes_that_admit_one_key_have_one_run(url: str) -> None:
    ids = writers("race", url, "6")

    assert len(ids) == 6
    assert len(set(ids)) == 1
    with store.open(url) as db:
        assert [run.id for run in db.runs.of("acme")] == ids[:1]


def test_six_processes_that_claim_one_run_have_one_winner(url: str) -> None:
    with store.open(url) as db:
        db.runs.admit("acme", graph="integrate", key="one", input={})

    winners = writers("claim", url, "6")

    assert len(winners) == 1
    with store.open(url) as db:
        run = db.runs.of("acme")[0]
        assert (run.owner, run.fence, run.attempt) == (winners[0], 1, 1)


def test_thirty_killed_writers_lose_no_acknowledged_run(url: str) -> None:
    acknowledged = writers("kill", url, "30", "7")

    assert len(acknowledged) >= 30
    with store.open(url) as db:
        db.check()
        kept = {run.key: run for run in db.runs.of("acme", limit=100_000)}
        assert set(acknowledged) <= set(kept)
        assert [
            key for key, run in kept.items() if run.state == "done" and len(db.effects.of(run)) != 1
        ] == []


def test_a_store_is_used_at_once_after_its_writers_were_killed(url: str) -> None:
    writers("kill", url, "3", "1")

    with store.open(url, busy_s=1.0) as db:
        assert db.runs.admit("acme", graph="integrate", key="next", input={}).state == "admitted"


@pytest.mark.parametrize("seed", range(12))
def test_a_log_cut_by_power_loss_leaves_a_whole_store_without_gaps(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    live, cut = tmp_path / "live.db", tmp_path / "cut.db"
    with store.open(f"sqlite:///{live}") as db:
        for number in range(20):
            db.runs.admit(
                "acme", graph="integrate", key=f"{number:02}", input={"pad": "x" * dice.randrange(9000)}
            )
        shutil.copy(live, cut)
        log = (tmp_path / "live.db-wal").read_bytes()
    (tmp_path / "cut.db-wal").write_bytes(log[: len(log) - dice.randrange(1, len(log))])

    with store.open(f"sqlite:///{cut}") as after:
        after.check()
        keys = sorted(run.key for run in after.runs.of("acme"))
        after.runs.admit("acme", graph="integrate", key="next", input={})

    assert keys == [f"{number:02}" for number in range(len(keys))]
    assert len(keys) < 20


def test_a_store_held_by_another_writer_says_busy_and_works_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with store.open(f"sqlite:///{path}", busy_s=0.05) as db:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(store.StoreBusy) as refused:
            db.runs.admit("acme", graph="integrate", key="k", input={})

        assert (refused.value.status, refused.value.retryable) == (503, True)
        assert db.runs.of("acme") == ()  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        assert db.runs.admit("acme", graph="integrate", key="k", input={}).state == "admitted"


def test_a_full_disk_is_said_and_nothing_half_written_stays(tmp_path: Path) -> None:
    with store.open(f"sqlite:///{tmp_path}/store.db") as db:
        db.runs.admit("acme", graph="integrate", key="before", input={})
        with db._database.engine.connect() as raw:
            pages = raw.exec_driver_sql("PRAGMA page_count").scalar_one()
            raw.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")

        with pytest.raises(store.StoreFull) as refused:
            db.runs.admit("acme", graph="integrate", key="large", input={"pad": "x" * 100_000})

        assert refused.value.status == 507
        assert [run.key for run in db.runs.of("acme")] == ["before"]
        db.check()


def test_after_a_failed_write_nothing_more_is_written(tmp_path: Path) -> None:
    """A limit on the size of files makes the system refuse a write as a failing disk would."""
    program = """
import resource, sys
from core import store
from core.store.sql import Store
db = store.open(sys.argv[1])
db.runs.admit("acme", graph="integrate", key="before", input={})
resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, resource.RLIM_INFINITY))
for lifted in (False, True):
    try:
        db.runs.admit("acme", graph="integrate", key="after", input={"pad": "x" * 300_000})
    except store.StoreBroken as error:
        print(error.code, error.status, error.retryable)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
    url = f"sqlite:///{tmp_path}/store.db"

    done = subprocess.run(
        [sys.executable, "-c", program, url], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("AW718 503 False\n" * 2, "")
    with store.open(url) as db:
        assert [run.key for run in db.runs.of("acme")] == ["before"]


@pytest.mark.postgres
def test_a_server_that_was_killed_and_came_back_is_used_again(server: Server, clock: Clock) -> None:
    with store.open(server.url(), now=clock) as db:
        run = db.runs.admit("acme", graph="integrate", key="k", input={})
        server.stop(mode="immediate")
        try:
            with pytest.raises(store.StoreUnavailable) as refused:
                db.runs.get("acme", run.id)
        finally:
            server.start()

        assert (refused.value.status, refused.value.retryable) == (503, True)
        assert db.runs.get("acme", run.id) == run
        assert db.runs.claim("acme", run.id, worker="w", lease_s=5).fence == 1


@pytest.mark.postgres
def test_a_server_killed_again_and_again_loses_no_acknowledged_run(server: Server) -> None:
    kept: list[str] = []
    enough, stop = threading.Semaphore(0), threading.Event()

    def work(db: Store) -> None:
        while not stop.is_set():
            key = str(len(kept))
            with suppress(store.StoreUnavailable):
                kept.append(db.runs.admit("acme", graph="integrate", key=key, input={}).key)
                enough.release()

    with store.open(server.url()) as db:
        writer = threading.Thread(target=work, args=(db,))
        writer.start()
        for _ in range(3):
            for _ in range(20):
                assert enough.acquire(timeout=30)
            server.stop(mode="immediate")
            server.start()
        stop.set()
        writer.join(30)

        found = [run.key for run in db.runs.of("acme", limit=100_000)]
    assert len(kept) >= 60
    assert set(kept) <= set(found)
    assert len(found) == len(set(found))
