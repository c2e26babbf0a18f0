"""An Idempotency-Key is taken once, answered alike, given back, taken over and forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core import store
from core.store.schema import replies
from core.store.sql import Store
from core.testing import Clock

DAY_S = 24 * 3600


def kept(db: Store, key: str = "k", *, body: bytes = b'{"a":1}', holder: str = "") -> bool:
    return db.replies.keep("acme", key, status=201, headers={"x-a": "b"}, body=body, holder=holder)


def test_the_first_takes_the_key_and_the_next_waits(db: Store) -> None:
    first = db.replies.begin("acme", "k", "f1")
    second = db.replies.begin("acme", "k", "f2")

    assert (first.state, first.fingerprint) == ("new", "f1")
    assert (second.state, second.fingerprint) == ("running", "f1")


def test_the_answer_is_given_again_as_it_was(db: Store) -> None:
    body = bytes(range(256))
    db.replies.begin("acme", "k", "f1")

    assert kept(db, body=body)

    again = db.replies.begin("acme", "k", "f2")
    assert (again.state, again.fingerprint, again.status) == ("done", "f1", 201)
    assert (again.headers, again.body) == ({"x-a": "b"}, body)


def test_two_tenants_share_no_key(db: Store) -> None:
    db.replies.begin("acme", "k", "f1")
    kept(db)

    assert db.replies.begin("other", "k", "f1").state == "new"


def test_a_dropped_key_can_be_tried_again(db: Store) -> None:
    db.replies.begin("acme", "k", "f1")

    db.replies.drop("acme", "k")

    assert db.replies.begin("acme", "k", "f2").state == "new"


def test_a_kept_answer_is_neither_dropped_nor_changed(db: Store) -> None:
    db.replies.begin("acme", "k", "f1")
    assert kept(db)

    db.replies.drop("acme", "k")

    assert not kept(db, body=b"other")
    assert kept(db), "the same answer again is no error"
    assert db.replies.begin("acme", "k", "f1").body == b'{"a":1}'


def test_what_a_dead_worker_held_is_taken_over(db: Store, clock: Clock) -> None:
    db.replies.begin("acme", "k", "f1")
    clock.move(599)
    assert db.replies.begin("acme", "k", "f1").state == "running"

    clock.move(2)

    assert db.replies.begin("acme", "k", "f1").state == "new"
    assert db.replies.begin("acme", "k", "f1").state == "running"


def test_another_request_does_not_take_over_a_dead_workers_key(db: Store, clock: Clock) -> None:
    db.replies.begin("acme", "k", "f1")
    clock.move(3600)

    assert db.replies.begin("acme", "k", "f2").state == "running"


def test_a_worker_that_was_taken_over_neither_answers_nor_gives_back(db: Store, clock: Clock) -> None:
    zombie = db.replies.begin("acme", "k", "f1")
    clock.move(601)
    db.replies.begin("acme", "k", "f1")

    assert not kept(db, holder=zombie.holder)
    db.replies.drop("acme", "k", holder=zombie.holder)

    assert db.replies.begin("acme", "k", "f1").state == "running"


def test_an_answer_is_forgotten_after_a_day(db: Store, clock: Clock) -> None:
    db.replies.begin("acme", "k", "f1")
    kept(db)
    clock.move(DAY_S - 1)
    assert db.replies.begin("acme", "k", "f1").state == "done"

    clock.move(2)

    assert db.replies.begin("acme", "k", "f2").state == "new"


def test_old_answers_are_removed_by_the_way(db: Store, clock: Clock) -> None:
    for number in range(5):
        db.replies.begin("acme", str(number), "f")
    clock.move(DAY_S + 1)

    db.replies.begin("acme", "new", "f")

    names = db._database.read(
        lambda raw: raw.scalars(replies.select().with_only_columns(replies.c.key)).all()
    )
    assert names == ["new"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_no_index_holds_is_refused(db: Store, key: str) -> None:
    with pytest.raises(store.WordTooLong):
        db.replies.begin("acme", key, "f")


def test_of_sixteen_threads_one_takes_the_key(db: Store) -> None:
    with ThreadPoolExecutor(16) as threads:
        states = list(threads.map(lambda _: db.replies.begin("acme", "k", "f").state, range(16)))

    assert sorted(states) == ["new"] + ["running"] * 15
