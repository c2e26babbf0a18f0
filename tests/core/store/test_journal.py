"""Effects and approvals. Over SQLite and PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import store
from core.store.sql import Store
from core.testing import Clock


def claimed(db: Store, *, tenant: str = "acme", key: str = "k", worker: str = "one") -> store.Run:
    run = db.runs.admit(tenant, graph="integrate", key=key, input={})
    return db.runs.claim(tenant, run.id, worker=worker, lease_s=30)


def waiting(db: Store) -> store.Run:
    return db.runs.wait(claimed(db), plan_digest="digest-1")


def test_an_intent_is_on_disk_before_the_effect(db: Store) -> None:
    run = claimed(db)

    effect = db.effects.intend(run, "push", key="b1", detail={"branch": "tenant/acme"})

    assert effect.is_fresh
    assert not effect.is_done
    assert db.effects.of(run)[0].detail == {"branch": "tenant/acme"}


def test_a_redo_finds_the_open_intent(db: Store, clock: Clock) -> None:
    run = claimed(db)
    db.effects.intend(run, "push", key="b1", detail={"try": 1})
    clock.move(60)
    second = db.runs.claim("acme", run.id, worker="two", lease_s=30)

    found = db.effects.intend(second, "push", key="b1", detail={"try": 2})

    assert not found.is_fresh
    assert not found.is_done
    assert found.detail == {"try": 1}


def test_a_redo_finds_the_receipt(db: Store, clock: Clock) -> None:
    run = claimed(db)
    db.effects.record(db.effects.intend(run, "push", key="b1", detail={}), {"sha": "abc"})
    clock.move(60)

    found = db.effects.intend(
        db.runs.claim("acme", run.id, worker="two", lease_s=5), "push", key="b1", detail={}
    )

    assert found.is_done
    assert found.receipt == {"sha": "abc"}


def test_a_receipt_that_is_null_is_a_receipt(db: Store) -> None:
    effect = db.effects.intend(claimed(db), "reload", key="b1", detail={})

    db.effects.record(effect, None)

    found = db.effects.find("acme", key="b1", name="reload")
    assert found is not None
    assert found.is_done


def test_a_zombie_begins_no_effect(db: Store, clock: Clock) -> None:
    zombie = claimed(db)
    clock.move(60)
    holder = db.runs.claim("acme", zombie.id, worker="two", lease_s=30)

    with pytest.raises(store.LeaseLost):
        db.effects.intend(zombie, "push", key="b1", detail={})

    assert db.effects.of(holder) == ()


def test_the_same_receipt_again_is_no_error(db: Store) -> None:
    effect = db.effects.intend(claimed(db), "push", key="b1", detail={})
    first = db.effects.record(effect, {"sha": "a", "n": 1})

    assert db.effects.record(effect, {"n": 1, "sha": "a"}) == first


def test_another_receipt_is_refused_and_the_first_stays(db: Store) -> None:
    effect = db.effects.intend(claimed(db), "push", key="b1", detail={})
    db.effects.record(effect, {"sha": "a"})

    with pytest.raises(store.ReceiptDiffers):
        db.effects.record(effect, {"sha": "b"})

    kept = db.effects.find("acme", key="b1", name="push")
    assert kept is not None
    assert kept.receipt == {"sha": "a"}


def test_effects_of_two_tenants_do_not_meet(db: Store) -> None:
    mine = db.effects.intend(claimed(db), "push", key="b1", detail={"of": "acme"})
    other = db.effects.intend(claimed(db, tenant="other"), "push", key="b1", detail={"of": "other"})

    db.effects.record(mine, "done")

    assert other.is_fresh
    found = db.effects.find("other", key="b1", name="push")
    assert found is not None
    assert not found.is_done


def test_a_waiting_run_is_not_reaped_however_long_it_waits(db: Store, clock: Clock) -> None:
    run = waiting(db)
    clock.move(365 * 86_400)

    assert db.runs.expired() == ()
    assert db.runs.claim_next(worker="w", lease_s=5) is None
    assert db.runs.get("acme", run.id).awaits == "digest-1"


def test_an_answer_lets_the_run_go_on(db: Store, clock: Clock) -> None:
    run = waiting(db)

    given = db.approvals.add("acme", run.id, plan_digest="digest-1", actor="ann", decision="approve")

    assert (given.actor, given.decision, given.at) == ("ann", "approve", clock())
    assert db.approvals.of("acme", run.id) == (given,)
    assert db.runs.claim("acme", run.id, worker="two", lease_s=5).attempt == 1


def test_an_answer_to_another_plan_is_refused(db: Store) -> None:
    run = waiting(db)

    with pytest.raises(store.ApprovalStale):
        db.approvals.add("acme", run.id, plan_digest="digest-2", actor="ann", decision="approve")

    assert db.runs.get("acme", run.id).state == "waiting"
    assert db.approvals.of("acme", run.id) == ()


def test_a_run_that_does_not_wait_takes_no_answer(db: Store) -> None:
    run = claimed(db)

    with pytest.raises(store.ApprovalStale, match="does not wait"):
        db.approvals.add("acme", run.id, plan_digest="", actor="ann", decision="approve")


def test_an_answer_sent_twice_counts_once(db: Store) -> None:
    run = waiting(db)
    first = db.approvals.add("acme", run.id, plan_digest="digest-1", actor="ann", decision="approve")

    again = db.approvals.add("acme", run.id, plan_digest="digest-1", actor="ann", decision="approve")

    assert again == first
    assert db.approvals.of("acme", run.id) == (first,)
    with pytest.raises(store.ApprovalStale):
        db.approvals.add("acme", run.id, plan_digest="digest-1", actor="bob", decision="reject")


def test_the_last_answer_to_a_plan_is_the_one_that_counts(db: Store) -> None:
    run = waiting(db)
    db.approvals.add("acme", run.id, plan_digest="digest-1", actor="ann", decision="edit")
    db.runs.wait(db.runs.claim("acme", run.id, worker="two", lease_s=5), plan_digest="digest-1")
    db.approvals.add("acme", run.id, plan_digest="digest-1", actor="bob", decision="reject")

    latest = db.approvals.latest("acme", run.id, plan_digest="digest-1")

    assert latest is not None
    assert (latest.decision, latest.seq) == ("reject", 2)
    assert db.approvals.latest("acme", run.id, plan_digest="digest-2") is None
    assert db.approvals.latest("other", run.id, plan_digest="digest-1") is None


@pytest.mark.parametrize("statement", ["UPDATE approvals SET actor = 'eve'", "DELETE FROM approvals"])
def test_the_database_refuses_to_change_an_answer(db: Store, statement: str) -> None:
    run = waiting(db)
    given = db.approvals.add("acme", run.id, plan_digest="digest-1", actor="ann", decision="reject")

    with pytest.raises(DBAPIError, match="append-only"), db._database.engine.begin() as raw:
        raw.execute(text(statement))

    assert db.approvals.of("acme", run.id) == (given,)
