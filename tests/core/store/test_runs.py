"""Runs: one per key, one holder at a time, no word from a zombie. Over SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from core import store
from core.store.sql import Store
from core.testing import Clock

KEY = store.key("acme", {"spec": "x"}, version="1", templates="t")


def admitted(db: Store, *, tenant: str = "acme", key: str = KEY) -> store.Run:
    return db.runs.admit(tenant, graph="integrate", key=key, input={"spec": "x"}, trace_id="t1")


def claimed(db: Store, *, worker: str = "one", lease_s: float = 30) -> store.Run:
    run = db.runs.claim_next(worker=worker, lease_s=lease_s)
    assert run is not None
    return run


def test_an_admitted_run_is_kept_whole(db: Store, clock: Clock) -> None:
    run = admitted(db)

    assert db.runs.get("acme", run.id) == run
    assert (run.state, run.attempt, run.input, run.trace_id) == ("admitted", 0, {"spec": "x"}, "t1")
    assert run.created == run.updated == clock()


def test_a_run_outlives_the_process_that_admitted_it(url: str, clock: Clock) -> None:
    with store.open(url, now=clock) as first:
        run = admitted(first)

    with store.open(url, now=clock) as second:
        assert second.runs.get("acme", run.id) == run


def test_the_same_input_twice_is_the_same_run(db: Store) -> None:
    first = admitted(db)

    assert admitted(db) == first
    assert len(db.runs.of("acme")) == 1


def test_the_same_key_of_two_tenants_is_two_runs(db: Store) -> None:
    assert admitted(db).id != admitted(db, tenant="other").id


def test_admitting_again_tells_how_the_run_ended(db: Store) -> None:
    admitted(db)
    db.runs.finish(claimed(db), result={"commit": "abc"})

    again = admitted(db)

    assert (again.state, again.result) == ("done", {"commit": "abc"})


def test_a_tenant_sees_no_run_of_another(db: Store) -> None:
    run = admitted(db)

    assert db.runs.of("other") == ()
    assert db.runs.find("other", KEY) is None
    with pytest.raises(store.RunUnknown):
        db.runs.get("other", run.id)
    with pytest.raises(store.RunUnknown):
        db.runs.claim("other", run.id, worker="w", lease_s=5)
    with pytest.raises(store.RunUnknown):
        db.runs.reopen("other", run.id)
    with pytest.raises(store.RunUnknown):
        db.approvals.add("other", run.id, plan_digest="d", actor="eve", decision="approve")


WORDS = ["a' OR '1'='1", "x'; DROP TABLE runs; --", '"', "a:b", "a/../b", "%", "é" * 2000]


@pytest.mark.parametrize("word", WORDS)
def test_words_of_sql_are_only_words(db: Store, word: str) -> None:
    run = admitted(db)
    odd = admitted(db, tenant=word, key=word)

    assert db.runs.of(word) == (odd,)
    assert db.runs.find(word, word) == odd
    assert db.runs.of("acme") == (run,)


def test_a_word_that_is_no_text_is_refused(db: Store) -> None:
    with pytest.raises(store.ValueNotPlain):
        db.runs.find("acme", "\ud800")


def test_a_list_names_the_newest_first_and_can_be_cut(db: Store, clock: Clock) -> None:
    for number in range(3):
        admitted(db, key=str(number))
        clock.move(1)

    assert [run.key for run in db.runs.of("acme", limit=2)] == ["2", "1"]
    assert db.runs.of("acme", state="done") == ()


def test_a_claim_raises_fence_and_attempt(db: Store, clock: Clock) -> None:
    admitted(db)

    run = claimed(db, worker="one", lease_s=30)

    assert (run.state, run.owner, run.attempt, run.fence) == ("running", "one", 1, 1)
    assert run.lease_until == clock() + 30


def test_the_oldest_run_is_claimed_first(db: Store, clock: Clock) -> None:
    for name in "abc":
        admitted(db, key=name)
        clock.move(1)

    assert [claimed(db).key for _ in range(3)] == ["a", "b", "c"]
    assert db.runs.claim_next(worker="w", lease_s=5) is None


def test_a_held_run_cannot_be_claimed(db: Store) -> None:
    run = admitted(db)
    claimed(db)

    with pytest.raises(store.RunTaken, match="one"):
        db.runs.claim("acme", run.id, worker="two", lease_s=30)


def test_the_lease_of_a_holder_known_to_be_dead_is_not_waited_for(db: Store) -> None:
    run = admitted(db)
    dead = claimed(db, worker="dead")

    taken = db.runs.claim("acme", run.id, worker="two", lease_s=30, instead_of="dead")

    assert (taken.owner, taken.fence) == ("two", 2)
    with pytest.raises(store.LeaseLost):
        db.runs.finish(dead, result="late")


@pytest.mark.parametrize("named", ["", "somebody else"])
def test_naming_another_than_the_holder_frees_nothing(db: Store, named: str) -> None:
    run = admitted(db)
    claimed(db, worker="alive")

    with pytest.raises(store.RunTaken):
        db.runs.claim("acme", run.id, worker="two", lease_s=30, instead_of=named)


def test_a_run_whose_lease_ended_is_listed_and_taken_over(db: Store, clock: Clock) -> None:
    admitted(db)
    first = claimed(db, lease_s=30)
    assert db.runs.expired() == ()

    clock.move(31)

    assert db.runs.expired() == (first,)
    second = claimed(db, worker="two")
    assert (second.id, second.fence, second.attempt) == (first.id, 2, 2)


def test_unfinished_runs_are_those_of_workers_not_of_people(db: Store) -> None:
    def held(key: str) -> store.Run:
        return db.runs.claim("acme", admitted(db, key=key).id, worker="one", lease_s=30)

    new, running = admitted(db, key="new"), held("running")
    db.runs.finish(held("done"), result={})
    db.runs.wait(held("asked"), plan_digest="sha256:1")

    assert {run.id for run in db.runs.unfinished()} == {new.id, running.id}


def test_a_recalled_run_is_worked_on_again_and_no_other_is_touched(db: Store) -> None:
    run = admitted(db)
    db.runs.wait(claimed(db), plan_digest="sha256:1")

    recalled = db.runs.recall("acme", run.id)

    assert (recalled.state, recalled.awaits) == ("admitted", "")
    held = claimed(db)
    assert db.runs.recall("acme", run.id) == held


def test_a_renewed_lease_does_not_end(db: Store, clock: Clock) -> None:
    admitted(db)
    run = claimed(db, lease_s=30)
    clock.move(20)

    renewed = db.runs.renew(run)
    clock.move(20)

    assert db.runs.expired() == ()
    assert renewed.lease_until == run.lease_until + 20


@pytest.mark.parametrize("write", ["renew", "finish", "fail", "cancel", "wait", "release"])
def test_a_zombie_writes_nothing(db: Store, clock: Clock, write: str) -> None:
    admitted(db)
    zombie = claimed(db, worker="zombie", lease_s=30)
    clock.move(60)
    holder = claimed(db, worker="holder")
    late = {
        "renew": lambda: db.runs.renew(zombie),
        "finish": lambda: db.runs.finish(zombie, result="late"),
        "fail": lambda: db.runs.fail(zombie, problem={"code": "AW000"}),
        "cancel": lambda: db.runs.cancel(zombie, problem={"code": "AW000"}),
        "wait": lambda: db.runs.wait(zombie, plan_digest="d"),
        "release": lambda: db.runs.release(zombie),
    }[write]

    with pytest.raises(store.LeaseLost):
        late()

    assert db.runs.get("acme", holder.id) == holder


def test_a_holder_that_overslept_may_finish_if_nobody_took_over(db: Store, clock: Clock) -> None:
    admitted(db)
    run = claimed(db, lease_s=30)
    clock.move(3600)

    assert db.runs.finish(run, result=1).state == "done"


def test_finishing_twice_alike_is_no_error_and_unlike_is(db: Store) -> None:
    admitted(db)
    run = claimed(db)
    done = db.runs.finish(run, result={"b": 1, "a": 2})

    assert db.runs.finish(run, result={"a": 2, "b": 1}) == done
    with pytest.raises(store.LeaseLost):
        db.runs.finish(run, result={"a": 3})
    with pytest.raises(store.LeaseLost):
        db.runs.fail(run, problem={})


@pytest.mark.parametrize("state", ["admitted", "running", "waiting"])
def test_an_unfinished_run_can_be_cancelled_from_outside(db: Store, state: str) -> None:
    run = admitted(db)
    worker = claimed(db) if state != "admitted" else run
    if state == "waiting":
        db.runs.wait(worker, plan_digest="d")

    ended = db.runs.cancelled("acme", run.id, problem={"code": "AW000"})

    assert (ended.state, ended.problem, ended.owner, ended.awaits) == ("cancelled", {"code": "AW000"}, "", "")
    assert ended.fence == worker.fence + 1
    assert db.runs.claim_next(worker="w", lease_s=5) is None
    assert db.runs.cancelled("acme", run.id, problem={"code": "AW001"}) == ended


@pytest.mark.parametrize("write", ["renew", "finish", "wait", "intend"])
def test_the_worker_of_a_cancelled_run_writes_nothing_more(db: Store, write: str) -> None:
    admitted(db)
    worker = claimed(db)
    ended = db.runs.cancelled("acme", worker.id, problem={"code": "AW000"})
    late = {
        "renew": lambda: db.runs.renew(worker),
        "finish": lambda: db.runs.finish(worker, result="late"),
        "wait": lambda: db.runs.wait(worker, plan_digest="d"),
        "intend": lambda: db.effects.intend(worker, "push", key="k", detail={}),
    }[write]

    with pytest.raises(store.LeaseLost):
        late()

    assert db.runs.get("acme", worker.id) == ended


def test_a_finished_or_foreign_run_cannot_be_cancelled(db: Store) -> None:
    run = admitted(db)
    with pytest.raises(store.RunUnknown):
        db.runs.cancelled("other", run.id, problem={})
    done = db.runs.finish(claimed(db), result=1)

    with pytest.raises(store.RunEnded, match="done"):
        db.runs.cancelled("acme", run.id, problem={})

    assert db.runs.get("acme", run.id) == done


def test_a_run_knows_the_span_that_admitted_it(db: Store) -> None:
    run = db.runs.admit("acme", graph="integrate", key="k", input={}, trace_id="a" * 32, parent_span="b" * 16)

    assert claimed(db).parent_span == run.parent_span == "b" * 16


def test_an_ended_run_is_not_claimed(db: Store) -> None:
    run = admitted(db)
    db.runs.fail(claimed(db), problem={"code": "AW703"})

    assert db.runs.claim_next(worker="w", lease_s=5) is None
    with pytest.raises(store.RunEnded):
        db.runs.claim("acme", run.id, worker="w", lease_s=5)


def test_an_ended_run_can_be_opened_again(db: Store) -> None:
    run = admitted(db)
    db.runs.fail(claimed(db), problem={"code": "AW703"})

    again = db.runs.reopen("acme", run.id)

    assert (again.state, again.problem, again.attempt) == ("admitted", None, 0)
    assert claimed(db).fence == 2


def test_a_run_under_way_is_not_opened_again(db: Store) -> None:
    run = admitted(db)

    with pytest.raises(store.RunEnded, match="admitted"):
        db.runs.reopen("acme", run.id)


def test_a_released_run_is_free_at_once_and_the_attempt_not_counted(db: Store) -> None:
    admitted(db)

    freed = db.runs.release(claimed(db))

    assert (freed.state, freed.attempt, freed.owner) == ("admitted", 0, "")
    assert claimed(db, worker="two").owner == "two"


def test_a_run_that_kills_its_workers_ends_as_failed(db: Store, clock: Clock) -> None:
    run = admitted(db)
    for _ in range(3):
        assert db.runs.claim_next(worker="w", lease_s=10, attempts=3) is not None
        clock.move(11)

    assert db.runs.claim_next(worker="w", lease_s=10, attempts=3) is None

    ended = db.runs.get("acme", run.id)
    assert (ended.state, ended.problem["code"]) == ("failed", "AW717")


def test_a_lease_taken_before_the_clock_was_set_back_still_ends(db: Store, clock: Clock) -> None:
    admitted(db)
    claimed(db, lease_s=30)

    clock.move(-3600)

    assert len(db.runs.expired()) == 1
    assert claimed(db, worker="two").fence == 2


def test_a_clock_some_seconds_behind_takes_no_lease_away(db: Store, clock: Clock) -> None:
    admitted(db)
    claimed(db, lease_s=30)

    clock.move(-20)

    assert db.runs.expired() == ()
