"""The newer rows under the same faults as runs: held, read-only, full, killed, many threads at once."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from core import store
from core.store.sql import Store
from tests.postgres import Server

WRITES: dict[str, Callable[[Store], Any]] = {
    "thread": lambda db: db.threads.create("acme", "t", metadata={"a": 1}),
    "key": lambda db: db.keys.add("acme", key_id="k", name="", digest="d"),
    "reply": lambda db: db.replies.begin("acme", "k", "f"),
    "blob": lambda db: db.blobs.put(b"x"),
    "admissions": lambda db: db.runs.admit_many([store.Admission("acme", "g", "k", {}, thread="t")]),
}
READS: dict[str, Callable[[Store], Any]] = {
    "thread": lambda db: db.threads.search("acme", metadata={}),
    "key": lambda db: db.keys.of(),
    "blob": lambda db: db.blobs.get(db.blobs.put(b"x" * 70_000)),
}


@pytest.mark.parametrize("kind", WRITES)
def test_a_held_store_says_busy_and_works_afterwards(tmp_path: Path, kind: str) -> None:
    with store.open(f"sqlite:///{tmp_path}/store.db", busy_s=0.05) as db:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(store.StoreBusy):
            WRITES[kind](db)

        other.execute("ROLLBACK")
        other.close()
        WRITES[kind](db)


@pytest.mark.parametrize("kind", READS)
def test_reading_goes_on_while_another_writes(tmp_path: Path, kind: str) -> None:
    with store.open(f"sqlite:///{tmp_path}/store.db", busy_s=0.05) as db:
        db.blobs.put(b"x" * 70_000)
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        READS[kind](db)

        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("kind", WRITES)
def test_a_store_that_becomes_read_only_says_so(tmp_path: Path, kind: str) -> None:
    with store.open(f"sqlite:///{tmp_path}/store.db") as db:
        with db._database.engine.connect() as raw:
            raw.exec_driver_sql("PRAGMA query_only = ON")

        with pytest.raises(store.StoreReadOnly):
            WRITES[kind](db)


def test_a_blob_that_does_not_fit_leaves_nothing_half_written(tmp_path: Path) -> None:
    with store.open(f"sqlite:///{tmp_path}/store.db") as db:
        with db._database.engine.connect() as raw:
            pages = raw.exec_driver_sql("PRAGMA page_count").scalar_one()
            raw.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")

        with pytest.raises(store.StoreFull):
            db.blobs.put(b"x" * 100_000)

        assert db.blobs.get(db.blobs.put(b"small")) == b"small"
        db.check()


@pytest.mark.parametrize("name", ["threads", "keys", "replies", "blobs"])
def test_a_damaged_page_of_a_new_table_is_damage(tmp_path: Path, name: str) -> None:
    path = tmp_path / "store.db"
    with store.open(f"sqlite:///{path}") as db:
        for write in WRITES.values():
            with suppress(store.ThreadExists):
                write(db)
        with db._database.engine.connect() as raw:
            query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
            page = raw.exec_driver_sql(query, (name,)).scalar_one()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))

    with pytest.raises(store.StoreCorrupt):
        store.open(f"sqlite:///{path}")


def test_sixteen_threads_write_without_waiting_themselves_to_death(url: str) -> None:
    with store.open(url, pool=4) as db, ThreadPoolExecutor(16) as threads:

        def work(number: int) -> None:
            for each in range(10):
                run = db.runs.admit("acme", graph="g", key=f"{number}-{each}", input={})
                held = db.runs.claim("acme", run.id, worker=f"w{number}", lease_s=60)
                db.runs.finish(held, result=db.runs.get("acme", run.id).state)

        for ended in threads.map(work, range(16)):
            assert ended is None

        runs = db.runs.of("acme", limit=1000)
        assert (len(runs), {(run.state, run.result) for run in runs}) == (160, {("done", "running")})


def test_threads_that_admit_the_same_keys_in_other_orders_end_alike(url: str) -> None:
    """Rows locked in two orders would be a deadlock on PostgreSQL."""
    wanted = [store.Admission("acme", "g", str(key), {}, thread=str(key % 3)) for key in range(40)]
    with store.open(url) as db, ThreadPoolExecutor(4) as threads:

        def work(step: int) -> set[str]:
            return {run.id for run in db.runs.admit_many(wanted[::step])}

        ids = set().union(*threads.map(work, [1, -1, 1, -1] * 5))

        assert ids == {run.id for run in db.runs.of("acme", limit=1000)}
        assert len(ids) == sum(len(row.runs) for row in db.threads.search("acme", metadata={})) == 40


@pytest.mark.postgres
def test_a_name_no_index_of_postgres_takes_is_refused(server: Server) -> None:
    with store.open(server.url()) as db, pytest.raises(store.WordTooLong):
        db.runs.admit("acme", graph="g", key=os.urandom(5000).hex(), input={})


@pytest.mark.postgres
def test_the_newer_rows_outlive_a_killed_server(server: Server) -> None:
    with store.open(server.url()) as db:
        for write in (WRITES[kind] for kind in ("thread", "key", "reply", "blob")):
            write(db)
        server.stop(mode="immediate")
        try:
            with pytest.raises(store.StoreUnavailable):
                db.keys.of()
        finally:
            server.start()

        assert db.threads.get("acme", "t").metadata == {"a": 1}
        assert db.replies.begin("acme", "k", "f").state == "running"
        assert db.blobs.get(db.blobs.put(b"x")) == b"x"
        assert db.keys.find("d") is not None
