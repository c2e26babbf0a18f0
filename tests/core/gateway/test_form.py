"""A86: what a model may not answer. Nothing of it reaches a tool."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from pydantic import BaseModel

from core.gateway.form import MOST_CALLS, Wanted, fault


class Integrate(BaseModel):
    """Integrate a module."""

    name: str
    replicas: int = 1


WANTED = Wanted.of([Integrate])


def call(args: Any = None, *, name: str = "Integrate", as_: str | None = "c1") -> dict[str, Any]:
    return {"name": name, "args": {"name": "shop"} if args is None else args, "id": as_, "type": "tool_call"}


def said(content: str = "", *calls: dict[str, Any], reason: str | None = "stop", **more: Any) -> AIMessage:
    metadata = {} if reason is None else {"finish_reason": reason}
    return AIMessage(content, tool_calls=list(calls), response_metadata=metadata, **more)


def detail(message: BaseMessage, wanted: Wanted = WANTED) -> str:
    found = fault(message, wanted)
    return found.detail if found else ""


@pytest.mark.parametrize(
    "message",
    [
        said("hello"),
        said("", call(), reason="tool_calls"),
        said("I do it", call({"name": "shop", "replicas": 3}), reason="tool_use"),
        said("", call(), call(as_="c2")),
        AIMessage("hello", response_metadata={"stop_reason": "end_turn"}),
    ],
)
def test_whole_and_fitting_answers_pass(message: AIMessage) -> None:
    assert fault(message, WANTED) is None


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (said("hello", reason=None), "no finish reason"),
        (said("hello", reason=""), "no finish reason"),
        (said("half", reason="length"), "ended with length"),
        (said("I", reason="content_filter"), "ended with content_filter"),
        (said(""), "is empty"),
        (said(" \n"), "is empty"),
        (HumanMessage("hello"), "role is human"),
        (said("", call(name="rm")), "not offered"),
        (said("", call({"name": "shop", "branch": "tenant/b"})), "breaks the rule `additional"),
        (said("", call({})), "do not fit: `/` breaks the rule `required`"),
        (said("", call({"name": ["shop"]})), "do not fit: `/name` breaks the rule `properties/name/type`"),
        (said("", call({"name": "x" * 1_000_000})), "too long"),
        (said("", *(call(as_=f"c{n}") for n in range(200))), f"more than {MOST_CALLS}"),
        (said("", call(), call()), "no ids of their own"),
        (said("", call(as_=None)), "no ids of their own"),
        (
            said("", invalid_tool_calls=[{"name": "Integrate", "args": '{"na', "id": "1", "error": None,
                                          "type": "invalid_tool_call"}]),
            "the arguments of `Integrate` are not a JSON object",
        ),
    ],
)  # fmt: skip
def test_anything_else_is_refused(message: BaseMessage, what: str) -> None:
    assert what in detail(message)


def test_what_the_model_wrote_is_not_quoted() -> None:
    message = said("", call({"name": "shop", "replicas": "sk-SECRET123"}))

    assert "SECRET" not in detail(message)


def test_a_tool_that_is_not_bound_in_this_call_is_not_offered() -> None:
    assert "not offered" in detail(said("", call()), Wanted.of([]))


@pytest.mark.parametrize("choice", ["any", "required", "Integrate", {"function": {"name": "Integrate"}}])
def test_a_forced_call_that_is_missing_is_refused(choice: Any) -> None:
    assert "has to be called" in detail(said("hello"), Wanted.of([Integrate], choice))


@pytest.mark.parametrize("choice", [None, "auto", "none"])
def test_a_call_that_may_be_left_out_may(choice: Any) -> None:
    assert detail(said("hello"), Wanted.of([Integrate], choice)) == ""


@pytest.mark.parametrize("arguments", [{"x": 1}, {"y": {"z": 1}}])
def test_a_schema_that_says_itself_what_it_takes_is_left_as_it_is(arguments: dict[str, Any]) -> None:
    parameters = {"type": "object", "properties": {}, "additionalProperties": True}
    tool = {"type": "function", "function": {"name": "Integrate", "parameters": parameters}}

    assert detail(said("", call(arguments)), Wanted.of([json.loads(json.dumps(tool))])) == ""


def test_an_empty_local_answer_is_refused_though_it_needs_no_finish_reason() -> None:
    assert fault(said("hello", reason=None), WANTED, is_local=True) is None
    assert fault(said("", reason=None), WANTED, is_local=True) is not None
