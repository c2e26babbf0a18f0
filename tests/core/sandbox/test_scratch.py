from __future__ import annotations

import os
from pathlib import Path

from core.sandbox import Limits, scratch


def test_tree_deeper_than_any_path_is_removed(tmp_path: Path) -> None:
    folder = scratch.make(str(tmp_path))
    here = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("deep", dir_fd=here)
        inner = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)

    assert scratch.over(folder, Limits(files=10_000))
    scratch.remove(folder)

    assert list(tmp_path.iterdir()) == []


def test_links_are_removed_not_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("stays")
    folder = Path(scratch.make(str(tmp_path)))
    (folder / "to_folder").symlink_to(kept)
    (folder / "to_file").symlink_to(kept / "file")

    scratch.remove(str(folder))

    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
    assert (kept / "file").read_text() == "stays"


def test_size_and_count_are_measured_in_the_whole_tree(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(b"x" * (3 << 20))

    assert scratch.over(str(tmp_path), Limits(file_mb=2))
    assert not scratch.over(str(tmp_path), Limits(file_mb=4))
    assert scratch.over(str(tmp_path), Limits(files=1))


def test_removing_what_is_gone_is_nothing(tmp_path: Path) -> None:
    scratch.remove(str(tmp_path / "absent"))
