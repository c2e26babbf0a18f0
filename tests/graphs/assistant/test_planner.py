"""The planner in a chat model's seat: calls, words, streams, forms; and what it says of results."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel

from graphs.assistant.planner import Planner, speaking
from graphs.assistant.tools import tools

TENANT = SystemMessage("You work for the tenant `main`.")


def asked(*said: Any) -> AIMessage:
    messages = [HumanMessage(each) if isinstance(each, str) else each for each in said]
    made = Planner().bind_tools(tools()).invoke([TENANT, *messages])
    assert isinstance(made, AIMessage)
    return made


def told(tool: str, facts: Any, question: str = "integrate spec-1") -> AIMessage:
    call = AIMessage("", tool_calls=[{"name": tool, "args": {}, "id": "1"}])
    text = facts if isinstance(facts, str) else json.dumps(facts)
    return asked(question, call, ToolMessage(text, name=tool, tool_call_id="1"))


PLANNED = {
    "plan": "plan-1", "state": "waiting", "module": "shop", "digest": "sha256:1", "risk": "low",
    "is_empty": False, "summary": "Plan: 3 to add.", "counts": {}, "ledger": {"pass": 9, "fail": 0},
    "findings": [],
}  # fmt: skip


def test_a_request_becomes_a_call_and_no_words() -> None:
    made = asked("integrate spec-1 as shop with 3 replicas")

    assert made.text == ""
    assert [(each["name"], each["args"]) for each in made.tool_calls] == [
        ("plan_integration", {"spec": "spec-1", "name": "shop", "replicas": 3})
    ]


def test_the_same_conversation_gets_the_same_answer() -> None:
    assert asked("integrate spec-1").tool_calls == asked("integrate spec-1").tool_calls


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("integrate it as shop", "Which API?"),
        ("intègre-la comme boutique", "Quelle API ?"),
        ("integrate ./petstore.yaml", "I cannot read files"),
        ("intègre ./petstore.yaml comme boutique", "Je ne peux pas lire"),
        ("yes", "No question is open"),
        ("non", "Aucune question n'est ouverte"),
        ("apply the plan", "Which plan?"),
        ("integrate spec-1 for tenant b", "This conversation belongs to the tenant main"),
        ("intègre spec-1 pour le tenant b", "Cette conversation est celle du tenant main"),
        ("delete everything", "I leave that alone."),
        ("the quick brown fox", "I did not understand"),
        ("bonjour", "Bonjour."),
    ],
)
def test_what_cannot_be_done_yet_or_at_all_is_said(said: str, words: str) -> None:
    made = asked(said)

    assert made.tool_calls == []
    assert made.text.startswith(words)


def test_a_document_that_comes_later_completes_the_request() -> None:
    before = AIMessage(speaking.say("ask_spec", "en"))

    made = asked("integrate it as shop with 3 replicas", before, "here: spec-1")

    assert made.tool_calls[0]["args"] == {"spec": "spec-1", "name": "shop", "replicas": 3}


def test_a_plan_that_waits_is_told_and_put_to_the_person() -> None:
    made = told("plan_integration", PLANNED)

    assert made.text.startswith("plan-1 for shop: Plan: 3 to add. Risk: low. Checks: 9 passed, 0 failed.")
    assert made.tool_calls[0]["args"] == {"plan": "plan-1"}


EMPTY = {**PLANNED, "state": "done", "is_empty": True}
FAILED = {
    **PLANNED,
    "state": "failed",
    "failure": {"code": "AW924", "message": "2 findings."},
    "findings": [{"rule": "AW305", "severity": "error"}],
}
UNKNOWN = {"failure": {"code": "AW915", "message": "No spec-9.", "fix": "Look."}}
APPLIED = {"plan": "plan-1", "state": "done", "receipt": {"commit": "0123456789abcdef", "branch": "main"}}
MOVED = {"plan": "plan-1", "state": "failed", "failure": {"message": "Moved."}, "receipt": {}}
VPC = {"module": {"path": "aws/networking/vpc", "version": "1.2.0"}}
ONE = {"modules": [{"path": "a/b", "versions": ["1.0.0"]}], "total": 1}
KEY = {"devices": [{"product": "Key", "vendor_id": "1d6b", "product_id": "0002"}]}
RULE = {"code": "AW305", "title": "No tag", "text": "Give one."}
RESULTS: list[tuple[str, Any, str, str]] = [
    ("plan_integration", EMPTY, "integrate spec-1", "shop is already as asked"),
    (
        "plan_integration",
        FAILED,
        "intègre spec-1 comme x",
        "Cela n'a pas marché : 2 findings. (AW924)\nAW305",
    ),
    ("plan_integration", UNKNOWN, "integrate spec-9", "That did not work: No spec-9. (AW915)\nLook."),
    ("apply_plan", APPLIED, "applique le plan", "C'est fait : plan-1 est commité (0123456789ab) sur main."),
    ("apply_plan", MOVED, "apply it", "plan-1 is failed. That did not work: Moved."),
    ("apply_plan", "User rejected the tool call for `apply_plan`", "apply it", "Nothing was written."),
    ("catalog_check", VPC, "is it in the catalog?", "Yes: aws/networking/vpc 1.2.0 is in the catalog."),
    ("catalog_search", {"modules": [], "total": 0}, "cherche dans le catalogue", "Le catalogue n'a pas"),
    ("catalog_search", ONE, "list all modules", "1 modules:\n- a/b 1.0.0"),
    ("list_devices", {"devices": []}, "qu'est-ce qui est branché ?", "Aucun périphérique"),
    ("list_devices", KEY, "what is plugged in?", "Plugged in:\n- Key (1d6b:0002)"),
    ("explain", RULE, "explain AW305", "AW305: No tag"),
    ("explain", "Error: odd", "explain AW305", "That did not work: Error: odd"),
    ("run_status", {"run": "run-1", "state": "waiting"}, "où en est run-1 ?", "run-1 : attend une réponse."),
]


@pytest.mark.parametrize(("tool", "facts", "question", "words"), RESULTS)
def test_a_result_is_told_in_the_persons_language(tool: str, facts: Any, question: str, words: str) -> None:
    made = told(tool, facts, question)

    assert made.text.startswith(words)
    assert made.tool_calls == []


def test_a_tool_that_is_not_bound_is_not_called() -> None:
    made = Planner().invoke([TENANT, HumanMessage("explain AW305")])

    assert made.tool_calls == []


def test_a_stream_is_the_answer_word_by_word() -> None:
    pieces = list(Planner().bind_tools(tools()).stream([TENANT, HumanMessage("hello")]))
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece

    assert len(pieces) > 10
    assert whole.text == asked("hello").text


def test_calls_come_whole_at_a_streams_end() -> None:
    pieces = list(Planner().bind_tools(tools()).stream([TENANT, HumanMessage("explain AW305")]))
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece

    assert isinstance(whole, AIMessageChunk)
    assert [(each["name"], each["args"]) for each in whole.tool_calls] == [("explain", {"code": "AW305"})]
    assert whole.response_metadata["finish_reason"] == "tool_calls"


class Order(BaseModel):
    """A form of somebody's own."""

    name: str
    replicas: int = 1
    size: Literal["small", "large"] = "small"
    is_urgent: bool | None = None


def test_a_form_is_filled_in_with_what_the_message_says() -> None:
    form = Planner().with_structured_output(Order)

    assert form.invoke("integrate spec-1 as shop with 3 replicas, large") == Order(
        name="shop", replicas=3, size="large"
    )


def test_a_form_is_not_filled_in_with_what_nobody_said() -> None:
    form = Planner().with_structured_output(Order, include_raw=True)

    made = form.invoke("with 3 replicas")

    assert isinstance(made, dict)
    assert made["parsed"] is None
    assert made["raw"].text == "The message does not say: name."


def test_both_languages_have_every_sentence() -> None:
    assert all({"en", "fr"} == set(each) for each in speaking._WORDS.values())
