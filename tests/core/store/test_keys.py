"""API keys at rest: a digest, a tenant, an end."""

from __future__ import annotations

import pytest

from core import store
from core.store.sql import Store
from core.testing import Clock


def test_a_key_is_found_by_its_digest_alone(db: Store, clock: Clock) -> None:
    key = db.keys.add("acme", key_id="k1", name="ci", digest="d1", expires=clock() + 60)

    assert key == store.Key("k1", "acme", "ci", "d1", clock(), clock() + 60, None)
    assert db.keys.find("d1") == key
    assert db.keys.find("k1") is None


def test_keys_are_listed_by_tenant_and_as_a_whole(db: Store, clock: Clock) -> None:
    for number, tenant in enumerate(("acme", "other", "acme")):
        db.keys.add(tenant, key_id=f"k{number}", name="", digest=f"d{number}")
        clock.move(1)

    assert [key.id for key in db.keys.of("acme")] == ["k0", "k2"]
    assert [key.id for key in db.keys.of()] == ["k0", "k1", "k2"]


def test_a_revoked_key_is_still_known_and_its_time_does_not_move(db: Store, clock: Clock) -> None:
    db.keys.add("acme", key_id="k1", name="ci", digest="d1")
    revoked = db.keys.revoke("k1")
    clock.move(60)

    assert db.keys.revoke("k1") == revoked
    assert revoked.revoked == clock() - 60
    assert db.keys.find("d1") == revoked


def test_a_key_that_is_not_there_cannot_be_revoked(db: Store) -> None:
    with pytest.raises(store.KeyMissing):
        db.keys.revoke("k1")


def test_neither_id_nor_digest_is_used_twice(db: Store) -> None:
    first = db.keys.add("acme", key_id="k1", name="ci", digest="d1")

    with pytest.raises(store.KeyExists):
        db.keys.add("other", key_id="k1", name="ci", digest="d2")
    with pytest.raises(store.KeyExists):
        db.keys.add("other", key_id="k2", name="ci", digest="d1")

    assert db.keys.of() == (first,)
    assert db.keys.add("acme", key_id="k1", name="ci", digest="d1") == first


def test_whether_there_are_keys_is_known(db: Store) -> None:
    assert not db.keys.exist()

    db.keys.add("acme", key_id="k1", name="ci", digest="d1")
    db.keys.revoke("k1")

    assert db.keys.exist()


def test_a_key_ends_at_its_end_and_at_its_revocation() -> None:
    key = store.Key("k", "acme", "", "d", created=0.0)

    assert key.is_valid(1e12)
    assert store.Key("k", "acme", "", "d", 0.0, expires=10.0).is_valid(9.9)
    assert not store.Key("k", "acme", "", "d", 0.0, expires=10.0).is_valid(10.0)
    assert not store.Key("k", "acme", "", "d", 0.0, expires=10.0, revoked=5.0).is_valid(1.0)
