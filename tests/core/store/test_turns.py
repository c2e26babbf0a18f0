"""Threads that wait for the one writer go along in its transaction; each hears of its own failure only."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from core import store
from core.store.sql import Store


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Store]:
    with store.open(f"sqlite:///{tmp_path}/store.db") as opened:
        yield opened


@contextmanager
def held(tmp_path: Path) -> Iterator[None]:
    """Another process writes."""
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def in_line(db: Store, count: int) -> None:
    """Until so many wait behind the first."""
    turns = db._database._turns
    assert turns is not None
    while len(turns._waiting) < count:
        os.sched_yield()


def admit(db: Store, key: str) -> store.Run:
    return db.runs.admit("acme", graph="g", key=key, input={})


def test_those_who_wait_share_a_commit(db: Store, tmp_path: Path) -> None:
    commits: list[object] = []
    event.listen(db._database.engine, "commit", commits.append)

    with ThreadPoolExecutor(32) as threads:
        with held(tmp_path):
            runs = [threads.submit(admit, db, str(number)) for number in range(32)]
            in_line(db, 31)
        keys = [run.result().key for run in runs]

    assert len(commits) == 2
    assert keys == [str(number) for number in range(32)]
    assert len(db.runs.of("acme")) == 32


def test_one_that_fails_takes_no_other_along(db: Store, tmp_path: Path) -> None:
    claimed = db.runs.claim("acme", admit(db, "k").id, worker="dead", lease_s=60)
    db.runs.cancelled("acme", claimed.id, problem={})
    waiting: list[Future[Any]] = []

    with ThreadPoolExecutor(9) as threads:
        with held(tmp_path):
            waiting += [threads.submit(admit, db, str(number)) for number in range(4)]
            late = threads.submit(db.runs.finish, claimed, result="late")
            waiting += [threads.submit(admit, db, str(number)) for number in range(4, 8)]
            in_line(db, 8)
        assert [run.result().key for run in waiting] == [str(number) for number in range(8)]

    with pytest.raises(store.LeaseLost):
        late.result()
    assert len(db.runs.of("acme", state="admitted")) == 8


def test_one_that_waited_too_long_is_refused_and_never_written(tmp_path: Path) -> None:
    with store.open(f"sqlite:///{tmp_path}/store.db", busy_s=0.1) as db:
        with ThreadPoolExecutor(4) as threads, held(tmp_path):
            refused = [threads.submit(admit, db, str(number)) for number in range(4)]
            failures = [each.exception() for each in refused]
        admit(db, "later")

        assert [type(each) for each in failures] == [store.StoreBusy] * 4
        assert [run.key for run in db.runs.of("acme")] == ["later"]


def test_a_writer_that_is_interrupted_leaves_nobody_waiting(db: Store, tmp_path: Path) -> None:
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        db._database.write(stop)

    assert admit(db, "next").key == "next"
