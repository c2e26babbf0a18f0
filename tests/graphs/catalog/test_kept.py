"""The copies on disk: whose they are, how old they may be, and what makes them count for nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import AppError
from core.terminal import Terminal
from graphs.catalog import console, opening
from graphs.catalog.shelf import Shelf
from tests.github_double import Double, Fault
from tests.tools.catalog import books
from tools import catalog

VPC = "aws/networking/vpc"
CONTENTS = ("GET", "/contents/{path}")


@pytest.fixture
def double() -> Iterator[Double]:
    with Double() as made:
        made.push(books.Memory().kept)
        yield made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / ".iac-factory-cache"


def started(double: Double, cache: Path, at: float = 1_000.0, **options: Any) -> Shelf:
    """A new process at that time of day."""
    hub = double.github(**options)
    return Shelf(catalog.Kept(hub, cache, lambda: at), hub.factory, now=lambda: at)


def checked(shelf: Shelf) -> str:
    return shelf.ask(lambda index: catalog.check(index, VPC))[0].version


def asks(double: Double, cache: Path, **options: Any) -> bool:
    """Whether a new process asks GitHub."""
    before = len(double.heads)
    checked(started(double, cache, **options))
    return len(double.heads) > before


def test_the_folder_is_laid_out_as_documented(double: Double, cache: Path) -> None:
    started(double, cache).ask(lambda index: catalog.metadata(index, VPC))

    assert sorted(each.relative_to(cache).as_posix() for each in cache.rglob("*") if each.is_file()) == [
        "catalog.json",
        "catalog.json.meta",
        f"modules/{VPC}/v1.2.0/MODULE_METADATA.yaml",
        f"modules/{VPC}/v1.2.0/MODULE_METADATA.yaml.meta",
    ]
    assert cache.stat().st_mode & 0o777 == 0o700


def test_a_fresh_copy_is_used_by_the_next_process(double: Double, cache: Path) -> None:
    assert asks(double, cache)
    assert not asks(double, cache, at=1_299.0)
    assert asks(double, cache, at=1_300.0)


def test_metadata_is_not_asked_for_twice(double: Double, cache: Path) -> None:
    started(double, cache).ask(lambda index: catalog.metadata(index, VPC))
    before = len(double.heads)

    started(double, cache).ask(lambda index: catalog.metadata(index, VPC))

    assert len(double.heads) == before


def test_an_old_copy_answers_while_github_is_away_and_says_its_age(double: Double, cache: Path) -> None:
    started(double, cache).ask(lambda index: catalog.metadata(index, VPC))
    double.fail(*CONTENTS, *[Fault(503)] * 9)

    found, copy = started(double, cache, at=4_600.0).ask(lambda index: catalog.metadata(index, VPC))

    assert found.version == "1.2.0"
    assert copy.to_dict()["stale_s"] == 3_600


def test_a_no_is_confirmed_at_github(double: Double, cache: Path) -> None:
    checked(started(double, cache))
    document = books.listed(latest="1.3.0", versions=["1.2.0", "1.3.0"])
    double.push({"catalog.json": json.dumps(document).encode()})

    found, _ = started(double, cache).ask(lambda index: catalog.check(index, VPC, "1.3.0"))

    assert found.version == "1.3.0"


def test_a_no_from_kept_metadata_is_confirmed_at_github(double: Double, cache: Path) -> None:
    started(double, cache).ask(lambda index: catalog.metadata(index, VPC))
    added = books.VPC + "  - {name: arn, type: string}\n"
    double.push({books.PLACE: added.encode()})

    def question(index: catalog.Index) -> None:
        catalog.fits(catalog.metadata(index, VPC), outputs={"arn": "string"})

    started(double, cache).ask(question)


def test_what_only_an_old_copy_denies_is_unverifiable(double: Double, cache: Path) -> None:
    checked(started(double, cache))
    double.fail(*CONTENTS, *[Fault(503)] * 9)

    with pytest.raises(AppError) as raised:
        started(double, cache, at=9_000.0).ask(lambda index: catalog.check(index, VPC, "9.9.9"))
    assert raised.value.code == "AW374"


def test_what_another_token_read_is_not_shown(double: Double, cache: Path) -> None:
    checked(started(double, cache))

    assert asks(double, cache, token="")
    with pytest.raises(AppError) as raised:
        checked(started(double, cache, token="another"))
    assert raised.value.code == "AW391"


def test_a_clock_that_went_back_is_a_miss(double: Double, cache: Path) -> None:
    checked(started(double, cache))

    assert asks(double, cache, at=999.0)


@pytest.mark.parametrize(
    "poison",
    [
        {"stored_at": "1000"}, {"stored_at": True}, {"stored_at": None}, {"stored_at": -1},
        {"stored_at": 10**9},        {"key": ""}, {"key": None}, {"sha256": "0" * 64},
    ],
)  # fmt: skip
def test_a_poisoned_entry_is_a_miss(double: Double, cache: Path, poison: dict[str, Any]) -> None:
    checked(started(double, cache))
    meta = cache / "catalog.json.meta"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | poison))

    assert asks(double, cache)


@pytest.mark.parametrize("name", ["catalog.json", "catalog.json.meta"])
@pytest.mark.parametrize("data", [b"", b"{}", b"[", b"\xff"])
def test_a_damaged_entry_is_a_miss(double: Double, cache: Path, name: str, data: bytes) -> None:
    checked(started(double, cache))
    (cache / name).write_bytes(data)

    assert asks(double, cache)


@pytest.mark.parametrize("name", ["catalog.json", "catalog.json.meta"])
def test_a_linked_entry_is_a_miss(double: Double, cache: Path, tmp_path: Path, name: str) -> None:
    checked(started(double, cache))
    (cache / name).rename(tmp_path / "moved")
    (cache / name).symlink_to(tmp_path / "moved")

    assert asks(double, cache)


def test_a_linked_folder_is_neither_read_nor_written(double: Double, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    cache.symlink_to(tmp_path / "theirs")

    assert asks(double, cache)
    assert asks(double, cache)
    assert list((tmp_path / "theirs").iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_is_neither_read_nor_written(
    double: Double, cache: Path, mode: int
) -> None:
    checked(started(double, cache))
    cache.chmod(mode)

    assert asks(double, cache)
    assert asks(double, cache)


def test_a_cache_that_cannot_be_made_takes_nothing_away(double: Double, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert checked(started(double, tmp_path / "file" / "cache")) == "1.2.0"


def test_a_publication_makes_the_next_question_go_to_github(
    double: Double, cache: Path, tmp_path: Path
) -> None:
    module = tmp_path / "module"
    module.mkdir()
    (module / "MODULE_METADATA.yaml").write_text(books.VPC.replace('"1.2.0"', '"1.3.0"'))

    console.published(
        started(double, cache), Terminal(quiet=True), catalog.opened(module), "", ask=lambda: True
    )

    assert asks(double, cache)
    assert len(double.pulls) == 1


@pytest.mark.parametrize(("is_kept", "kind"), [(True, catalog.Kept), (False, catalog.GitHub)])
def test_no_cache_means_none(tmp_path: Path, is_kept: bool, kind: type) -> None:
    (tmp_path / "factory.yaml").write_text("factory: {repository: org/x}")
    where = opening.Where(factory=tmp_path / "factory.yaml", is_kept=is_kept)

    made = opening.source(where, {"HOME": str(tmp_path)}, lambda _: None)

    assert type(made) is kind


def test_a_path_that_climbs_leaves_no_copy_anywhere(double: Double, cache: Path, tmp_path: Path) -> None:
    kept = catalog.Kept(double.github(), cache, lambda: 1_000.0)

    with pytest.raises(AppError) as raised:
        kept.read("modules/../../x/MODULE_METADATA.yaml")
    assert raised.value.code == "AW501"
    assert list(tmp_path.iterdir()) == []
