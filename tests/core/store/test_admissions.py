"""Group commit: many admissions, few waits for the disk; each future tells the truth about its row."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from core import store
from core.store.admissions import Admissions
from core.store.sql import Store
from tests.core.store.writing import writers


@pytest.fixture
def admissions(db: Store) -> Iterator[Admissions]:
    opened = Admissions(db)
    yield opened
    opened.close()


@contextmanager
def held(url: str) -> Iterator[None]:
    """Nobody can admit while this lasts."""
    with store.open(url) as other, other._database.engine.begin() as raw:
        if raw.dialect.name == "postgresql":
            raw.exec_driver_sql("LOCK TABLE runs IN EXCLUSIVE MODE")
        yield


def admit(admissions: Admissions, key: str, **more: str) -> store.Run:
    return admissions.admit("acme", graph="integrate", key=key, input={"k": key}, **more).result(30)


def test_an_admitted_run_is_kept_whole(db: Store, admissions: Admissions) -> None:
    run = admit(admissions, "k", trace_id="t", parent_span="s")

    assert db.runs.get("acme", run.id) == run
    assert (run.state, run.input, run.trace_id, run.parent_span) == ("admitted", {"k": "k"}, "t", "s")


def test_what_arrives_meanwhile_shares_the_next_commit(db: Store, admissions: Admissions, url: str) -> None:
    commits: list[object] = []
    event.listen(db._database.engine, "commit", commits.append)

    with held(url):
        waiting = [admissions.admit("acme", graph="g", key=str(each), input=each) for each in range(200)]
    runs = [each.result(30) for each in waiting]

    assert [run.input for run in runs] == list(range(200))
    assert len(db.runs.of("acme", limit=1000)) == 200
    assert len(commits) <= 3


def test_the_same_key_twice_is_one_run_even_in_one_group(db: Store, admissions: Admissions, url: str) -> None:
    before = admit(admissions, "old")

    with held(url):
        waiting = [admissions.admit("acme", graph="g", key=key, input=1) for key in ("a", "old", "a", "b")]
    first, old, again, other = (each.result(30) for each in waiting)

    assert (first, old) == (again, before)
    assert len({first.id, old.id, other.id}) == len(db.runs.of("acme")) == 3


def test_a_row_that_cannot_be_kept_fails_alone(db: Store, admissions: Admissions, url: str) -> None:
    with held(url):
        admissions.admit("acme", graph="g", key="first", input=0)
        good = admissions.admit("acme", graph="g", key="good", input=1)
        worse = admissions.admit("acme", graph="g", key="\ud800", input=2)
        last = admissions.admit("acme", graph="g", key="last", input=3)

    with pytest.raises(store.ValueNotPlain):
        worse.result(30)
    assert {good.result(30).key, last.result(30).key} == {"good", "last"}
    assert len(db.runs.of("acme")) == 3


def test_what_cannot_be_kept_is_refused_at_once(admissions: Admissions) -> None:
    with pytest.raises(store.ValueNotPlain):
        admissions.admit("acme", graph="g", key="k", input={"at": object()})
    with pytest.raises(store.WordTooLong):
        admissions.admit("acme", graph="g", key="k", input=0, thread="x" * 300)
    with pytest.raises(store.MetadataTooLarge):
        admissions.admit("acme", graph="g", key="k", input=0, thread="t", metadata={"a": "x" * 70_000})


def test_a_thread_is_made_and_gets_its_runs_in_their_order(
    db: Store, admissions: Admissions, url: str
) -> None:
    db.threads.create("acme", "old", graph="review", metadata={"a": 1})

    with held(url):
        waiting = [
            admissions.admit("acme", graph="g", key=key, input=0, thread=thread)
            for key, thread in (("z", "new"), ("y", "old"), ("x", "new"), ("w", ""))
        ]
    z, y, x, w = (each.result(30).id for each in waiting)

    new, old = db.threads.get("acme", "new"), db.threads.get("acme", "old")
    assert (new.graph, new.runs) == ("g", (z, x))
    assert (old.graph, old.runs, old.metadata) == ("review", (y,), {"a": 1})
    assert db.threads.of_run("acme", w) == ()


def test_a_threads_metadata_is_merged_in_the_same_transaction(db: Store, admissions: Admissions) -> None:
    db.threads.create("acme", "old", metadata={"a": 1, "b": 1})
    for thread in ("old", "new"):
        admissions.admit(
            "acme", graph="g", key=thread, input=0, thread=thread, metadata={"b": 2, "c": 3}
        ).result(30)

    assert db.threads.get("acme", "old").metadata == {"a": 1, "b": 2, "c": 3}
    assert db.threads.get("acme", "new").metadata == {"b": 2, "c": 3}
    assert len(db.threads.search("acme", metadata={"b": 2})) == 2
    assert db.threads.search("acme", metadata={"b": 1}) == ()


def test_metadata_that_outgrows_its_thread_fails_alone(db: Store, admissions: Admissions, url: str) -> None:
    db.threads.create("acme", "t", metadata={str(number): 0 for number in range(400)})
    more = {f"m{number}": 0 for number in range(200)}

    with held(url):
        admissions.admit("acme", graph="g", key="first", input=0)
        worse = admissions.admit("acme", graph="g", key="bad", input=0, thread="t", metadata=more)
        good = admissions.admit("acme", graph="g", key="good", input=0)

    with pytest.raises(store.MetadataTooLarge):
        worse.result(30)
    assert good.result(30).key == "good"
    assert db.runs.find("acme", "bad") is None


def test_a_thread_named_like_another_tenants_is_ones_own(db: Store, admissions: Admissions) -> None:
    db.threads.create("other", "t", metadata={"secret": 1})

    run = admit(admissions, "k", thread="t")

    assert db.threads.get("acme", "t").metadata == {}
    assert db.threads.get("acme", "t").runs == (run.id,)
    assert db.threads.get("other", "t").runs == ()


def test_closing_writes_what_waits_and_refuses_what_comes(db: Store, url: str) -> None:
    admissions = Admissions(db)
    waiting = [admissions.admit("acme", graph="g", key=str(each), input=0) for each in range(600)]

    admissions.close()

    assert all(each.done() for each in waiting)
    assert len(db.runs.of("acme", limit=1000)) == 600
    with pytest.raises(store.AdmissionsClosed):
        admissions.admit("acme", graph="g", key="late", input=0)
    admissions.close()


def test_an_admission_that_nobody_waits_for_any_more_is_not_written(
    db: Store, admissions: Admissions, url: str
) -> None:
    with held(url):
        first = admissions.admit("acme", graph="g", key="first", input=0)
        second = admissions.admit("acme", graph="g", key="second", input=0)
        is_gone = second.cancel()
    first.result(30)
    admit(admissions, "third")

    assert (db.runs.find("acme", "second") is None) is is_gone


def test_more_than_the_backlog_is_refused_and_what_waits_is_kept(db: Store, url: str) -> None:
    admissions = Admissions(db, backlog=3)
    more = (admissions.admit("acme", graph="g", key=str(number), input=0) for number in range(300))
    taken: list[Future[store.Run]] = []

    with held(url), pytest.raises(store.StoreBusy, match="Too many"):
        taken.extend(more)
    admissions.close()

    assert {each.result(0).key for each in taken} == {run.key for run in db.runs.of("acme", limit=1000)}


def test_a_store_held_too_long_fails_the_futures_and_not_the_writer(url: str) -> None:
    with store.open(url, busy_s=0.05) as db:
        admissions = Admissions(db)
        with held(url):
            refused = admissions.admit("acme", graph="g", key="k", input=0)
            with pytest.raises(store.StoreBusy):
                refused.result(30)

        assert db.runs.of("acme") == ()
        assert admit(admissions, "k").state == "admitted"
        admissions.close()


def test_killed_writers_lose_no_acknowledged_run_nor_its_thread(url: str) -> None:
    acknowledged = writers("group", url, "6", "11")

    assert len(acknowledged) >= 50
    with store.open(url) as db:
        db.check()
        kept = {run.key: run.id for run in db.runs.of("acme", limit=100_000)}
        assert set(acknowledged) <= set(kept)
        threads = {row.id: row.runs for row in db.threads.search("acme", metadata={}, limit=1000)}
        assert threads.items() <= {key: (run,) for key, run in kept.items()}.items()
        assert len(threads) == min(len(kept), 1000)
