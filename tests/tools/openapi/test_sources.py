"""Files below one root and nothing else: A37, A25 and the border of a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import AppError
from tools.openapi.limits import Limits
from tools.openapi.sources import Folder, Memory

LIMITS = Limits(file_bytes=1000)


def refused(folder: Path, name: str) -> AppError:
    with pytest.raises(AppError) as caught:
        Folder(folder, name).read(name, LIMITS)
    return caught.value


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret.yaml").write_text("a secret")
    inside = tmp_path / "inside"
    (inside / "below").mkdir(parents=True)
    (inside / "below" / "part.yaml").write_text("a: 1")
    return inside


def test_file_in_a_folder_below_is_read(root: Path) -> None:
    assert Folder(root, "x").read("below/part.yaml", LIMITS) == b"a: 1"


@pytest.mark.parametrize(
    "name", ["../secret.yaml", "/etc/passwd", "below/../../secret.yaml", "a\\b", "", "a\0b"]
)
def test_name_that_leaves_the_root_is_refused_by_its_spelling(root: Path, name: str) -> None:
    assert refused(root, name).code == "AW113"


def test_link_to_a_file_outside_is_refused(root: Path) -> None:
    (root / "openapi.yaml").symlink_to("/etc/passwd")

    assert refused(root, "openapi.yaml").code == "AW116"


def test_link_to_a_file_inside_is_refused_too(root: Path) -> None:
    (root / "openapi.yaml").symlink_to(root / "below" / "part.yaml")

    assert refused(root, "openapi.yaml").code == "AW116"


def test_linked_folder_on_the_way_is_refused(root: Path) -> None:
    (root / "up").symlink_to(root.parent)

    assert refused(root, "up/secret.yaml").code == "AW116"


def test_pipe_is_refused_without_waiting_for_a_writer(root: Path) -> None:
    os.mkfifo(root / "openapi.yaml")

    assert refused(root, "openapi.yaml").code == "AW116"


def test_device_is_refused() -> None:
    assert refused(Path("/dev"), "zero").code == "AW116"


def test_folder_in_place_of_a_file_is_refused(root: Path) -> None:
    assert refused(root, "below").code == "AW116"


def test_missing_file_is_named(root: Path) -> None:
    error = refused(root, "gone.yaml")

    assert error.code == "AW114"
    assert error.place == "gone.yaml"


def test_file_over_the_limit_is_refused_before_it_is_read(root: Path) -> None:
    with (root / "big.yaml").open("wb") as file:
        file.truncate(1 << 40)

    assert refused(root, "big.yaml").code == "AW102"


def test_refusal_never_shows_the_content(root: Path) -> None:
    (root / "openapi.yaml").symlink_to(root.parent / "secret.yaml")

    assert "a secret" not in str(refused(root, "openapi.yaml").to_dict())


@pytest.mark.parametrize(
    ("name", "code"), [("b.yaml", "AW114"), ("../a.yaml", "AW113"), ("big.yaml", "AW102")]
)
def test_memory_has_the_same_border(name: str, code: str) -> None:
    source = Memory({"a.yaml": b"a: 1", "big.yaml": b"x" * 1001}, "a.yaml")

    with pytest.raises(AppError) as caught:
        source.read(name, LIMITS)

    assert caught.value.code == code
