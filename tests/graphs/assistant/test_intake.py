"""What a person hands over becomes a handle, and what it was stays out of the conversation."""

from __future__ import annotations

import time

import pytest

from core.blobs import Memory
from graphs.assistant import intake
from graphs.assistant.planner import reading

SPEC = "openapi: 3.1.0\ninfo:\n  title: Shop\n  version: '1'\npaths: {}\n"
JSON = '{"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {}}'


def taken(text: str, state: dict[str, object] | None = None) -> tuple[str, dict[str, object]]:
    counter = intake.Counter.after(state or {})
    return intake.taken(text, counter, Memory()), counter.specs


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (f"integrate\n```yaml\n{SPEC}```\nas shop", "integrate\nspec-1\nas shop"),
        (f"integrate\n~~~\n{JSON}\n~~~", "integrate\nspec-1"),
        (f"integrate this: {JSON} as shop", "integrate this: spec-1 as shop"),
        (f"integrate this\n{SPEC}", "integrate this\nspec-1"),
        (f"```yaml\n{SPEC}", "spec-1"),
        ("integrate https://shop.example/openapi.yaml, please", "integrate spec-1, please"),
        ("see (https://shop.example/openapi.json).", "see (spec-1)."),
        ("https://a.example/a.yaml and https://b.example/b.yaml", "spec-1 and spec-2"),
        ("https://a.example/a.yaml or https://a.example/a.yaml", "spec-1 or spec-1"),
        ("```\nls -l\n```", "```\nls -l\n```"),
        ("the openapi: standard", "the openapi: standard"),
        ("integrate ./petstore.yaml", "integrate ./petstore.yaml"),
        ("status of 0123456789abcdef0123456789abcdef", "status of run-1"),
    ],
    ids=lambda value: value[:40],
)
def test_a_document_an_address_and_a_run_become_handles(said: str, seen: str) -> None:
    assert taken(said)[0] == seen


def test_handles_go_on_where_the_conversation_stands() -> None:
    state = {"specs": {"spec-1": {"url": "https://a.example/a.yaml"}}}

    seen, new = taken("https://b.example/b.yaml then https://a.example/a.yaml", state)

    assert seen == "spec-2 then spec-1"
    assert new == {"spec-2": {"url": "https://b.example/b.yaml"}}


def test_files_are_read_only_where_that_is_allowed() -> None:
    def reads(name: str) -> str | None:
        return SPEC if name == "./petstore.yaml" else None

    counter = intake.Counter.after({})
    seen = intake.taken("integrate ./petstore.yaml and hello.json", counter, Memory(), reads)

    assert seen == "integrate spec-1 and hello.json"


def test_a_handle_that_a_person_types_names_nothing_by_itself() -> None:
    seen, new = taken("integrate spec-7")

    assert (seen, new) == ("integrate spec-7", {})


PIECES = (
    "`",
    "```\n",
    "```",
    "\n",
    " ",
    "{",
    "https://",
    "a/",
    '"openapi":',
    "a@",
    "> ",
    "openapi ",
    "a.",
    "~~~~",
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", PIECES)
def test_a_message_made_to_be_slow_is_read_in_time(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    start = time.process_time()
    intake.taken(text, intake.Counter.after({}), Memory(), lambda _: None)
    reading.read(text)

    assert time.process_time() - start < 2.0
