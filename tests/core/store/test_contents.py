"""Bytes in the store's database: under their SHA-256, checked when they are read."""

from __future__ import annotations

import pytest

from core import store
from core.blobs import BlobMissing, Blobs, digest
from core.store.schema import blobs
from core.store.sql import Store


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"x" * 3_000_000])
def test_bytes_come_back_as_they_were(db: Store, content: bytes) -> None:
    keeper: Blobs = db.blobs

    name = keeper.put(content)

    assert name == digest(content)
    assert keeper.get(name) == content


def test_another_process_on_the_same_store_reads_them(db: Store, url: str) -> None:
    name = db.blobs.put(b"shared")

    with store.open(url) as other:
        assert other.blobs.get(name) == b"shared"
        assert other.blobs.put(b"shared") == name


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 64, "x" * 10_000, "' OR 1=1 --"])
def test_a_name_of_nothing_is_missing(db: Store, name: str) -> None:
    db.blobs.put(b"something")

    with pytest.raises(BlobMissing):
        db.blobs.get(name)


def test_changed_bytes_are_not_handed_out(db: Store) -> None:
    name = db.blobs.put(b"reviewed")
    db._database.write(lambda raw: raw.execute(blobs.update().values(content=b"swapped")))

    with pytest.raises(BlobMissing, match="not those"):
        db.blobs.get(name)
