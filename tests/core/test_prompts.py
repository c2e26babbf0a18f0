"""Prompts: known by their bytes, filled whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from core import prompts
from core.errors import Bug

ROOT = Path(__file__).resolve().parents[2] / "prompts"


def test_a_prompt_is_known_by_the_digest_of_its_file() -> None:
    found = prompts.load(ROOT, "assistant/system")

    assert found.digest == hashlib.sha256((ROOT / "assistant" / "system.md").read_bytes()).hexdigest()


def test_what_is_filled_in_changes_no_digest_and_is_not_filled_again(tmp_path: Path) -> None:
    (tmp_path / "hello.md").write_text("Hello $name.")
    found = prompts.load(tmp_path, "hello")

    assert found.fill(name="$name") == "Hello $name."


def test_a_place_that_nothing_fills_is_a_bug(tmp_path: Path) -> None:
    (tmp_path / "hello.md").write_text("Hello $name.")

    with pytest.raises(Bug):
        prompts.load(tmp_path, "hello").fill(other="x")


def test_a_prompt_that_is_not_there_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(Bug):
        prompts.load(tmp_path, "hello")
