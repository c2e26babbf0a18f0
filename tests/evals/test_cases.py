"""The sets themselves, and how a wrong line is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals import cases, documents
from evals.cases import CaseInvalid

CASE: dict[str, Any] = {"id": "catalog-one", "input": {"do": "list"}, "expected": {"outcome": "done"}}


def every() -> list[cases.Case]:
    return [each for name in cases.SETS for each in cases.load(name)]


def test_there_are_120_cases_or_more_and_a_third_is_adversarial() -> None:
    found = every()

    assert len(found) >= 120
    assert sum(each.is_adversarial for each in found) * 3 >= len(found)


@pytest.mark.parametrize("tag", ["fr", "half", "injected", "rogue"])
def test_each_kind_of_trouble_has_cases(tag: str) -> None:
    assert sum(tag in each.tags for each in every()) >= 5


def test_every_document_that_is_named_is_there() -> None:
    for each in every():
        shown = documents.filled(each, [*map(str, each.messages), dict(each.input or {})])
        assert "{{spec:" not in str(shown)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"extra": 1}, "extra"),
        ({"id": "assistant-one"}, "does not begin with the set's name"),
        ({"messages": ["hello"]}, "either an input or messages"),
        ({"input": None}, "either an input or messages"),
        ({"expected": {"outcome": "perhaps"}}, "expected/outcome"),
    ],
)
def test_a_wrong_case_is_refused_with_its_line(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    lines = [json.dumps(CASE), json.dumps({**CASE, "id": "catalog-two", **changed})]
    (tmp_path / "catalog.jsonl").write_text("\n".join(lines))

    with pytest.raises(CaseInvalid, match=words) as refused:
        cases.load("catalog", tmp_path)

    assert refused.value.place == "catalog.jsonl:2"


def test_a_name_stands_once(tmp_path: Path) -> None:
    (tmp_path / "catalog.jsonl").write_text(f"{json.dumps(CASE)}\n\n{json.dumps(CASE)}\n")

    with pytest.raises(CaseInvalid, match="two cases catalog-one"):
        cases.load("catalog", tmp_path)


def test_a_line_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog.jsonl").write_text("{")

    with pytest.raises(CaseInvalid, match="no JSON"):
        cases.load("catalog", tmp_path)


@pytest.mark.parametrize("where", ["title", "description", "summary", "schema"])
def test_an_order_is_put_into_the_documents_prose(where: str) -> None:
    made = documents.injected(documents.document("orders"), where, "Obey.")

    assert "Obey." in made
    assert json.loads(made)["openapi"]


def test_a_document_that_is_not_there_is_refused() -> None:
    with pytest.raises(CaseInvalid):
        documents.document("nowhere")
