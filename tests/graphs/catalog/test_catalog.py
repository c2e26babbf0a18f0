"""The graph over real readers: what it answers, and what it says when the catalog is old or away."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from graphs.catalog import graph, served
from graphs.catalog.shelf import Shelf
from graphs.catalog.state import CatalogInput
from tests.tools.catalog import books

ROOT = Path(__file__).resolve().parents[3]
VPC = "aws/networking/vpc"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> books.Memory:
    return books.Memory()


@pytest.fixture
def shelf(source: books.Memory, clock: Clock) -> Shelf:
    return Shelf(source, now=clock)


def ask(shelf: Shelf | None, **question: Any) -> dict[str, Any]:
    asked: CatalogInput = question  # type: ignore[assignment]  # wrong questions are asked too
    return dict(asyncio.run(graph.build(shelf).ainvoke(asked)))


def test_the_example_is_listed_without_set_up() -> None:
    answer = ask(None, do="list")

    assert answer["total"] == 4
    assert answer["modules"][0]["path"] == VPC


def test_a_search_answers_with_what_fits(shelf: Shelf) -> None:
    assert [each["path"] for each in ask(shelf, do="search", query="network")["modules"]] == [VPC]
    assert ask(shelf, do="search", query="database")["modules"] == []
    assert ask(shelf, do="search", kind="gcp")["total"] == 0


def test_a_check_answers_with_the_module_and_the_catalog_it_is_in(shelf: Shelf) -> None:
    answer = ask(shelf, do="check", path=VPC, version="1.2.0", inputs={"cidr": "string"}, outputs=None)

    assert answer["module"]["version"] == "1.2.0"
    assert answer["catalog"] == {"name": "memory", "version": "1.0.0", "digest": answer["module"]["digest"]}


def test_metadata_answers_with_the_interface_and_the_whole_file(shelf: Shelf) -> None:
    module = ask(shelf, do="metadata", path=VPC, version=None)["module"]

    assert [each["name"] for each in module["inputs"]] == ["cidr", "zones"]
    assert module["metadata"]["module"]["provider"] == "aws"


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"do": "check", "path": "aws/networking/vcp"}, "AW376"),
        ({"do": "check", "path": VPC, "version": "9.9.9"}, "AW377"),
        ({"do": "metadata", "path": "\u0430ws/networking/vpc"}, "AW376"),
        ({"do": "check", "path": VPC, "inputs": {"cdir": ""}}, "AW363"),
        ({"do": "check", "path": VPC, "inputs": {"cidr": "number"}}, "AW364"),
        ({"do": "check", "path": VPC, "inputs": {}}, "AW365"),
        ({"do": "metadata", "path": VPC, "version": "1.1.0"}, "AW366"),
        ({"do": "check"}, "AW375"),
        ({"do": "metadata", "path": ""}, "AW375"),
        ({"do": "delete", "path": VPC}, "AW375"),
        ({}, "AW375"),
        ({"do": "check", "path": 7}, "AW375"),
        ({"do": "check", "path": VPC, "inputs": "cidr"}, "AW375"),
        ({"do": "check", "path": VPC, "inputs": {"cidr": {}}}, "AW375"),
        ({"do": "search", "query": "x" * 1_000_000}, "AW375"),
    ],
)
def test_an_expected_failure_is_a_problem_and_no_module(
    shelf: Shelf, question: dict[str, Any], code: str
) -> None:
    answer = ask(shelf, **question)

    assert answer["problem"]["code"] == code
    assert answer.keys() == {"problem"}


# -- the copy


def publish(source: books.Memory, **changed: Any) -> None:
    source.put("catalog.json", json.dumps(books.listed(**changed)))


def test_a_fresh_copy_is_used_without_reading(shelf: Shelf, source: books.Memory) -> None:
    ask(shelf, do="check", path=VPC)
    before = source.reads

    ask(shelf, do="check", path=VPC)

    assert source.reads == before


def test_a_copy_is_read_anew_after_its_time(shelf: Shelf, source: books.Memory, clock: Clock) -> None:
    ask(shelf, do="list")
    publish(source, description="Newer.")
    clock.now += 300

    assert ask(shelf, do="list")["modules"][0]["description"] == "Newer."


def test_the_time_is_the_configuration_s(source: books.Memory, clock: Clock) -> None:
    source.put("config/factory.yaml", "factory: {cache_ttl: 10}")
    shelf = Shelf(source, now=clock)
    ask(shelf, do="list")
    publish(source, description="Newer.")
    clock.now += 10

    assert ask(shelf, do="list")["modules"][0]["description"] == "Newer."


def test_a_no_is_confirmed_at_the_source(shelf: Shelf, source: books.Memory) -> None:
    ask(shelf, do="list")
    publish(source, latest="1.3.0", versions=["1.2.0", "1.3.0"])

    assert ask(shelf, do="check", path=VPC, version="1.3.0")["module"]["is_latest"] is True


@pytest.mark.parametrize("broken", [b"\xef\xbb\xbf{}", b"<html>", b"{", b'{"modules": {"../../x": {}}}'])
def test_the_last_good_copy_outlives_a_broken_catalog(
    shelf: Shelf, source: books.Memory, clock: Clock, broken: bytes
) -> None:
    ask(shelf, do="list")
    source.put("catalog.json", broken)
    clock.now += 3_600

    answer = ask(shelf, do="check", path=VPC)

    assert answer["module"]["version"] == "1.2.0"
    assert answer["catalog"]["stale_s"] == 3_600
    assert answer["catalog"]["why"]["code"] in {"AW368", "AW369"}


def test_what_an_old_copy_lacks_is_unverifiable_and_not_imagined(shelf: Shelf, source: books.Memory) -> None:
    ask(shelf, do="list")
    source.is_down = True

    problem = ask(shelf, do="check", path=VPC, version="9.0.0")["problem"]

    assert (problem["code"], problem["status"]) == ("AW374", 503)
    assert "9.0.0" in problem["facts"]["missing"]


def test_a_source_that_is_back_is_used_again(shelf: Shelf, source: books.Memory, clock: Clock) -> None:
    ask(shelf, do="list")
    source.is_down = True
    clock.now += 300
    assert "stale_s" in ask(shelf, do="list")["catalog"]
    source.is_down = False
    clock.now += 300

    assert "stale_s" not in ask(shelf, do="list")["catalog"]


def test_a_source_that_never_answered_gives_its_own_problem(source: books.Memory, clock: Clock) -> None:
    source.is_down = True

    assert ask(Shelf(source, now=clock), do="list")["problem"]["status"] == 503


# -- as it is offered


def test_the_offer_is_read_only_and_keeps_nothing() -> None:
    offer = served.offered()

    assert (offer.id, offer.is_durable, offer.is_chat) == ("catalog", False, False)
    assert offer.graph.checkpointer is None


@pytest.mark.parametrize(
    "question",
    [{"do": "list"}, {"do": "check", "path": VPC, "inputs": {"cidr": ""}}, {"do": "search", "query": "zzz"}],
)
def test_the_offer_s_forms_fit_what_goes_in_and_comes_out(question: dict[str, Any]) -> None:
    offer = served.offered()
    asked = offer.input.model_validate(question)

    answer = asyncio.run(offer.graph.ainvoke(asked.model_dump()))

    assert offer.output.model_validate(answer).model_dump(exclude_none=True) == answer


def test_the_input_names_its_questions() -> None:
    schema = served.CatalogInput.model_json_schema()

    assert schema["properties"]["do"]["enum"] == ["list", "search", "check", "metadata"]
    assert schema["required"] == ["do"]


def test_the_drawing_is_the_graph() -> None:
    drawn = graph.build().get_graph().draw_mermaid()

    assert drawn.strip() in (ROOT / "docs" / "catalog.md").read_text()
