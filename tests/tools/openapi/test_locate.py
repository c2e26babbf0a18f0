"""What a person may name: a file, or a folder with one document in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import AppError
from tools import openapi

HEAD = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {}\n"


def write(root: Path, *names: str, text: str = HEAD) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_file_has_its_folder_as_root(tmp_path: Path) -> None:
    write(tmp_path, "a/shop.yaml")

    assert openapi.locate(tmp_path / "a" / "shop.yaml") == openapi.Folder(tmp_path / "a", "shop.yaml")


def test_document_in_a_folder_below_keeps_the_folder_as_root(tmp_path: Path) -> None:
    write(tmp_path, "spec/swagger.json", text='{"swagger": "2.0"}')
    write(tmp_path, "common/Error.json", text='{"type": "object"}')

    assert openapi.locate(tmp_path) == openapi.Folder(tmp_path, "spec/swagger.json")


def test_file_called_openapi_wins(tmp_path: Path) -> None:
    write(tmp_path, "openapi.yaml", "bundled.yaml")

    assert openapi.locate(tmp_path).entry == "openapi.yaml"


def test_shallow_document_wins(tmp_path: Path) -> None:
    write(tmp_path, "shop.yaml", "old/openapi.yaml")

    assert openapi.locate(tmp_path).entry == "shop.yaml"


def test_several_documents_are_listed(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "b.yaml")

    with pytest.raises(AppError, match=r"a\.yaml, b\.yaml") as caught:
        openapi.locate(tmp_path)

    assert caught.value.code == "AW121"


def test_folder_without_a_document_says_so(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", text="x: 1\n")

    with pytest.raises(AppError, match="no OpenAPI document") as caught:
        openapi.locate(tmp_path)

    assert caught.value.code == "AW121"


def test_linked_document_is_not_found(tmp_path: Path) -> None:
    write(tmp_path, "real/shop.yaml")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "openapi.yaml").symlink_to(tmp_path / "real" / "shop.yaml")

    with pytest.raises(AppError):
        openapi.locate(tmp_path / "in")


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        openapi.locate(tmp_path / "gone.yaml")

    assert caught.value.code == "AW120"
