"""Kept bytes: found by their digest, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import blobs


@pytest.fixture(params=["memory", "folder"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> blobs.Blobs:
    return blobs.Memory() if request.param == "memory" else blobs.Folder(tmp_path / "kept")


def test_bytes_come_back_by_their_digest(kept: blobs.Blobs) -> None:
    name = kept.put(b"bytes")

    assert name == blobs.digest(b"bytes")
    assert kept.get(name) == b"bytes"
    assert kept.put(b"bytes") == name


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "Z" * 64, "0" * 63])
def test_a_name_that_is_not_kept_is_missing(kept: blobs.Blobs, name: str) -> None:
    with pytest.raises(blobs.BlobMissing):
        kept.get(name)


def test_changed_bytes_are_not_given_out(tmp_path: Path) -> None:
    kept = blobs.Folder(tmp_path)
    name = kept.put(b"bytes")
    (tmp_path / name[:2] / name[2:]).write_bytes(b"other")

    with pytest.raises(blobs.BlobMissing):
        kept.get(name)


def test_a_folder_that_cannot_be_made_is_a_typed_error() -> None:
    with pytest.raises(blobs.HomeUnwritable):
        blobs.Folder(Path("/proc/nowhere")).put(b"bytes")


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    kept = blobs.Folder(tmp_path)
    name = blobs.digest(b"bytes")
    (tmp_path / name[:2] / name[2:]).mkdir(parents=True)  # something that cannot be replaced by a file
    (tmp_path / name[:2] / name[2:] / "x").touch()

    assert kept.put(b"bytes") == name
    assert len(list((tmp_path / name[:2]).iterdir())) == 1
