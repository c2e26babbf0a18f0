"""No option of the Agent Server interface is read and forgotten: it is kept, or refused by name."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from core.http.agent import bodies
from tests.http.agents import Client, application

pytestmark = pytest.mark.anyio
REVIEW = {"assistant_id": "review", "input": {"text": "x"}}


@pytest.mark.parametrize(
    ("option", "place"),
    [
        ({"webhook": "https://example.com"}, "/webhook"),
        ({"after_seconds": 5}, "/after_seconds"),
        ({"feedback_keys": ["good"]}, "/feedback_keys"),
        ({"langsmith_tracer": {"project_name": "x"}}, "/langsmith_tracer"),
        ({"context": {"model": "x"}}, "/context"),
        ({"multitask_strategy": "interrupt"}, "/multitask_strategy"),
        ({"multitask_strategy": "rollback"}, "/multitask_strategy"),
        ({"stream_mode": "events"}, "/stream_mode"),
        ({"stream_mode": ["values", "tasks"]}, "/stream_mode"),
        ({"command": {"update": {"text": "y"}}}, "/command/update"),
        ({"command": {"goto": "review"}}, "/command/goto"),
        ({"command": {"resume": {"decisions": []}}}, "/input"),
        ({"checkpoint": {"checkpoint_ns": "inner"}}, "/checkpoint/checkpoint_ns"),
        ({"checkpoint_id": "1ef"}, "/checkpoint"),
        ({"config": {"configurable": {"thread_id": "another"}}}, "/thread_id"),
        ({"config": {"configurable": {"checkpoint_map": {"": "1"}}}}, "/config/configurable/checkpoint_map"),
        ({"interrupt_before": ["nobody"]}, "/interrupt_before"),
        ({"on_completion": "delete"}, "/on_completion"),
    ],
    ids=str,
)  # fmt: skip
async def test_an_option_that_cannot_be_kept_is_refused(option: dict[str, Any], place: str) -> None:
    app, memory = application()

    answer = await Client(app)("POST", "/runs/wait", {**REVIEW, **option})

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["place"]) == (422, "AW956", place)
    assert memory.asked == []


@pytest.mark.parametrize(
    "body",
    [
        {"assistant_id": "review", "input": "text"},
        {"assistant_id": "review", "input": ["text"]},
        {"assistant_id": 7},
        {"assistant_id": "a\nb"},
        {"assistant_id": "../x"},
        {"input": {}},
        {**REVIEW, "command": {"resume": [{"type": "accept"}]}},
        {**REVIEW, "command": {"resume": "yes"}},
        {**REVIEW, "config": {"recursion_limit": 10**9}},
        {**REVIEW, "config": {"recursion_limit": 0}},
        {**REVIEW, "config": {"callbacks": []}},
        {**REVIEW, "config": {"run_name": "a\nb"}},
        {**REVIEW, "config": {"configurable": {"tenant": "other"}}},
        {**REVIEW, "config": {"configurable": {"thread_id": "a/../b"}}},
        {**REVIEW, "stream_mode": "everything"},
        {**REVIEW, "multitask_strategy": "whatever"},
        {**REVIEW, "metadata": "x"},
        {**REVIEW, "tenant": "other"},
        [],
        None,
    ],
    ids=str,
)
async def test_what_does_not_fit_is_refused_before_anything_runs(body: Any) -> None:
    app, memory = application()

    answer = await Client(app)("POST", "/runs/wait", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "AW941")
    assert memory.asked == []


@pytest.mark.parametrize(
    "option",
    [
        {"webhook": None, "feedback_keys": [], "context": {}, "command": None, "checkpoint": None},
        {"durability": "exit", "stream_resumable": True, "strict_resume": True, "checkpoint_during": True},
        {"config": {"configurable": {"__pregel_resuming": True}}},
        {"command": {"graph": None, "update": None, "goto": []}},
        {"on_completion": "keep", "on_disconnect": "continue"},
    ],
    ids=str,
)
async def test_what_clients_fill_in_without_meaning_it_is_taken(option: dict[str, Any]) -> None:
    answer = await Client(application()[0])("POST", "/runs/wait", {**REVIEW, **option})

    assert answer.json()["__interrupt__"]


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/threads", {"ttl": {"ttl": 5}}, "/ttl"),
        ("/threads", {"supersteps": [{"updates": []}]}, "/supersteps"),
        ("/threads/search", {"values": {"a": 1}}, "/values"),
        ("/threads/search", {"extract": {"a": "values.a"}}, "/extract"),
        ("/threads/t1/history", {"metadata": {"step": 1}}, "/metadata"),
        ("/threads/t1/state/checkpoint", {"checkpoint": {"checkpoint_ns": "x"}}, "/checkpoint/checkpoint_ns"),
        ("/runs/cancel", {"thread_id": "t", "run_ids": ["r"], "status": "all"}, "/status"),
    ],
)
async def test_options_of_threads_are_refused_likewise(path: str, body: Any, place: str) -> None:
    answer = await Client(application()[0])("POST", path, body)

    assert (answer.status_code, answer.json()["place"]) == (422, place)


def test_the_document_says_which_fields_take_nothing() -> None:
    schema = bodies.RunBody.model_json_schema()
    says = jsonschema_rs.validator_for(schema)

    assert (
        schema["properties"]["webhook"]["description"]
        == "nobody is called back yet; join the run or stream it"
    )
    assert says.is_valid({**REVIEW, "webhook": None, "multitask_strategy": "enqueue"})
    assert not says.is_valid({**REVIEW, "webhook": "https://example.com"})
    assert not says.is_valid({**REVIEW, "multitask_strategy": "rollback"})
