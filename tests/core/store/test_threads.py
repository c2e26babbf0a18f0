"""Threads: found by what their metadata holds, each with its runs in order, none of another tenant."""

from __future__ import annotations

from typing import Any

import pytest

from core import store
from core.store.sql import Store
from core.testing import Clock


def admitted(db: Store, key: str = "k", tenant: str = "acme") -> store.Run:
    return db.runs.admit(tenant, graph="integrate", key=key, input={})


def found(db: Store, metadata: dict[str, Any], tenant: str = "acme") -> list[str]:
    return [row.id for row in db.threads.search(tenant, metadata=metadata)]


def test_a_thread_is_kept_whole(db: Store, clock: Clock) -> None:
    made = db.threads.create("acme", "t", graph="integrate", metadata={"b": [1, None], "a": {"c": "é\x00"}})

    assert db.threads.get("acme", "t") == made
    assert made == store.ThreadRow(
        "t", "acme", "integrate", {"b": [1, None], "a": {"c": "é\x00"}}, (), clock(), clock()
    )


def test_an_id_is_taken_once_by_each_tenant(db: Store) -> None:
    db.threads.create("acme", "t", metadata={"n": 1})

    with pytest.raises(store.ThreadExists):
        db.threads.create("acme", "t", metadata={"n": 2})
    db.threads.create("other", "t", metadata={"n": 3})

    assert db.threads.get("acme", "t").metadata == {"n": 1}


def test_a_tenant_reaches_no_thread_of_another(db: Store) -> None:
    mine = db.threads.create("acme", "t", metadata={"a": 1})
    run = admitted(db, tenant="other")

    assert found(db, {"a": 1}, tenant="other") == []
    with pytest.raises(store.ThreadMissing):
        db.threads.get("other", "t")
    with pytest.raises(store.ThreadMissing):
        db.threads.change("other", "t", metadata={"a": 2})
    with pytest.raises(store.ThreadMissing):
        db.threads.remove("other", "t")
    with pytest.raises(store.ThreadMissing):
        db.threads.add_run("other", "t", run.id)
    with pytest.raises(store.RunUnknown):
        db.threads.add_run("acme", "t", run.id)
    assert db.threads.get("acme", "t") == mine


@pytest.mark.parametrize(
    ("kept", "asked", "is_found"),
    [
        ({"a": 1, "b": 2}, {}, True),
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": None}, {"a": None}, True),
        ({}, {"a": None}, False),
        ({"a": {"b": {"c": 1}, "d": 2}}, {"a": {"b": {}}}, True),
        ({"a": {"b": {"c": 1}, "d": 2}}, {"a": {"b": {"c": 1}}}, True),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, False),
        ({"a": 1}, {"a": {}}, False),
        ({"a.b": 1}, {"a": {"b": 1}}, False),
        ({"a": [1, 2]}, {"a": [1, 2]}, True),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ({"": ""}, {"": ""}, True),
    ],
)
def test_a_search_finds_what_holds_the_filter(
    db: Store, kept: dict[str, Any], asked: dict[str, Any], is_found: bool
) -> None:
    db.threads.create("acme", "t", metadata=kept)

    assert (found(db, asked) == ["t"]) is is_found


ODD = ["x') OR 1=1 --", "a'b", '"', "$.a", "%", "a\x00b", "'; DROP TABLE threads; --", "é" * 3000]


@pytest.mark.parametrize("word", ODD)
def test_an_odd_filter_is_only_data(db: Store, word: str) -> None:
    db.threads.create("acme", "plain", metadata={"a": "b"})
    db.threads.create("acme", "odd", metadata={word: word})

    assert found(db, {word: word}) == ["odd"]
    assert found(db, {word: "b"}) == []
    assert found(db, {"a": word}) == []
    assert found(db, {"a": "b"}) == ["plain"]


@pytest.mark.parametrize("thread", ["a:b", "a/../b", "other:1", "x') OR 1=1 --", "%", ".", "é" * 255])
def test_an_odd_id_is_only_a_name(db: Store, thread: str) -> None:
    db.threads.create("acme", "b", metadata={"n": 1})
    db.threads.create("acme", thread, metadata={"n": 2})

    assert db.threads.get("acme", thread).metadata == {"n": 2}
    assert db.threads.get("acme", "b").metadata == {"n": 1}
    with pytest.raises(store.ThreadMissing):
        db.threads.get("other", "1")


@pytest.mark.parametrize("thread", ["", "x" * 256, "x" * 10_000])
def test_an_id_no_index_holds_is_refused(db: Store, thread: str) -> None:
    with pytest.raises(store.WordTooLong):
        db.threads.create("acme", thread, metadata={})
    with pytest.raises(store.ThreadMissing):
        db.threads.get("acme", thread)


@pytest.mark.parametrize(
    "metadata", [{"pad": "x" * 70_000}, {str(number): 0 for number in range(501)}], ids=["bytes", "values"]
)
def test_metadata_has_a_limit_however_it_comes(db: Store, metadata: dict[str, Any]) -> None:
    before = db.threads.create("acme", "t", metadata={"a": 1})

    with pytest.raises(store.MetadataTooLarge):
        db.threads.create("acme", "large", metadata=metadata)
    with pytest.raises(store.MetadataTooLarge):
        db.threads.change("acme", "t", metadata=metadata)

    assert db.threads.search("acme", metadata={}) == (before,)


def test_a_list_names_the_newest_first_and_can_be_paged(db: Store, clock: Clock) -> None:
    for number in range(5):
        db.threads.create("acme", str(number), metadata={})
        clock.move(1)

    def page(limit: int, offset: int) -> list[str]:
        return [row.id for row in db.threads.search("acme", metadata={}, limit=limit, offset=offset)]

    assert page(2, 0) == ["4", "3"]
    assert page(2, 2) == ["2", "1"]
    assert page(-1, 2**80) == []
    assert page(2**80, -5) == ["4", "3", "2", "1", "0"]


def test_a_change_merges_and_the_search_follows(db: Store, clock: Clock) -> None:
    made = db.threads.create("acme", "t", metadata={"a": 1, "b": {"c": 1}})
    clock.move(5)

    changed = db.threads.change("acme", "t", metadata={"b": {"d": 2}}, graph="review")

    assert changed.metadata == {"a": 1, "b": {"d": 2}}
    assert (changed.graph, changed.created, changed.updated) == ("review", made.created, clock())
    assert found(db, {"b": {"c": 1}}) == []
    assert found(db, {"a": 1, "b": {"d": 2}}) == ["t"]


def test_runs_are_kept_in_order_and_once(db: Store) -> None:
    db.threads.create("acme", "t", metadata={})
    first, second = admitted(db, "zz"), admitted(db, "aa")

    for run in (first, second, first):
        db.threads.add_run("acme", "t", run.id)

    assert db.threads.get("acme", "t").runs == (first.id, second.id)
    assert db.threads.search("acme", metadata={})[0].runs == (first.id, second.id)
    assert db.threads.get("acme", "t").graph == "integrate"


def test_a_run_names_its_threads(db: Store) -> None:
    run = admitted(db)
    for name in ("b", "a"):
        db.threads.create("acme", name, metadata={})
        db.threads.add_run("acme", name, run.id)

    assert db.threads.of_run("acme", run.id) == ("a", "b")
    assert db.threads.of_run("other", run.id) == ()


def test_a_removed_thread_leaves_its_runs_and_no_trace_in_searches(db: Store) -> None:
    db.threads.create("acme", "t", metadata={"a": 1})
    run = admitted(db)
    db.threads.add_run("acme", "t", run.id)

    db.threads.remove("acme", "t")

    assert db.runs.get("acme", run.id) == run
    assert db.threads.of_run("acme", run.id) == ()
    assert db.threads.create("acme", "t", metadata={}).runs == ()
    assert found(db, {"a": 1}) == []
