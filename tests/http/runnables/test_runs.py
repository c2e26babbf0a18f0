"""LangServe's routes: runs, threads, approvals and failures."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from core.http.front import Caller
from core.http.runnables import playground
from tests.http.ground import ACME_ID, OTHER
from tests.http.playing import APPROVE, Stage, data, events

pytestmark = pytest.mark.anyio


async def asked(stage: Stage, thread: str = "") -> dict[str, Any]:
    """The output of a run that waits for an approval."""
    body = {"input": {"text": "hello", **({"thread": thread} if thread else {})}}
    answer = await stage.post("/review/invoke", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["output"]
    return found


async def test_invoke_gives_the_output_and_the_run(stage: Stage) -> None:
    answer = await stage.post("/echo/invoke", {"input": {"text": "hello"}})

    assert answer.json()["output"] == {"text": "hello", "length": 5}
    assert answer.json()["metadata"]["feedback_tokens"] == []
    assert answer.json()["metadata"]["run_id"]


async def test_the_caller_comes_from_the_key(stage: Stage) -> None:
    body = {"input": {"text": "x"}, "config": {"configurable": {"tenant": "other"}, "metadata": {"a": 1}}}

    await stage.post("/echo/invoke", body)

    caller, ask = stage.memory.asked[-1]
    assert (caller.tenant, caller.actor) == ("acme", f"key:{ACME_ID}")
    assert ask.metadata == {"a": 1}


async def test_a_run_that_waits_shows_what_it_asks_and_where(stage: Stage) -> None:
    output = await asked(stage)

    assert output["text"] == "hello"
    assert output["interrupts"][0]["value"]["action_requests"][0]["name"] == "apply"
    assert uuid.UUID(output["thread"])
    assert output["run"]


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        ({"type": "approve"}, "hello"),
        ({"type": "reject", "message": "no"}, "hello"),
        ({"type": "edit", "edited_action": {"name": "apply", "args": {"text": "better"}}}, "better"),
    ],
)
async def test_a_decision_reaches_the_graph_as_langchain_writes_it(
    stage: Stage, decision: dict[str, Any], text: str
) -> None:
    thread = (await asked(stage))["thread"]

    answer = await stage.post(
        "/review/invoke", {"input": {"thread": thread, "answer": {"decisions": [decision]}}}
    )

    assert answer.json()["output"]["interrupts"] == []
    assert answer.json()["output"]["text"] == text
    assert stage.memory.asked[-1][1].answer == {"decisions": [decision]}


async def test_an_answer_may_come_as_a_stream(stage: Stage) -> None:
    thread = (await asked(stage))["thread"]

    answer = await stage.post("/review/stream", {"input": {"thread": thread, "answer": APPROVE}})

    assert data(answer)[0] == {"review": {"decision": "approve"}}
    assert data(answer)[-1]["thread"] == thread
    assert data(answer)[-1]["interrupts"] == []


async def test_the_last_chunk_of_a_stream_says_what_the_run_asks(stage: Stage) -> None:
    answer = await stage.post("/review/stream", {"input": {"text": "hello"}})

    last = data(answer)[-1]
    assert last["interrupts"][0]["value"]["review_configs"][0]["action_name"] == "apply"
    assert events(answer)[0] == ("metadata", {"run_id": last["run"]})
    assert events(answer)[-1] == ("end", None)


async def test_an_answer_needs_no_input_beside_it(stage: Stage) -> None:
    thread = (await asked(stage))["thread"]

    answer = await stage.post("/review/invoke", {"input": {"thread": thread, "answer": APPROVE}})

    assert answer.status_code == 200


async def test_an_answer_without_a_decision_is_none_as_a_form_sends_it(stage: Stage) -> None:
    answer = await stage.post(
        "/review/invoke", {"input": {"text": "hello", "thread": "", "answer": {"decisions": []}}}
    )

    assert answer.json()["output"]["interrupts"]


async def test_an_answer_must_name_its_thread(stage: Stage) -> None:
    answer = await stage.post("/review/invoke", {"input": {"answer": APPROVE}})

    assert (answer.status_code, answer.json()["code"]) == (422, "AW960")
    assert answer.json()["place"] == "/input/thread"


async def test_an_answer_that_nobody_asked_for_is_refused(stage: Stage) -> None:
    thread = (await asked(stage))["thread"]
    body = {"input": {"thread": thread, "answer": APPROVE}}
    await stage.post("/review/invoke", body)

    again = await stage.post("/review/invoke", body)

    assert (again.status_code, again.json()["code"]) == (409, "AW934")


async def test_the_configuration_names_a_thread_as_langgraph_does(stage: Stage) -> None:
    config = {"configurable": {"thread_id": "monday"}}
    first = await stage.post("/review/invoke", {"input": {"text": "hello"}, "config": config})

    second = await stage.post("/review/invoke", {"input": {"answer": APPROVE}, "config": config})

    assert first.json()["output"]["thread"] == second.json()["output"]["thread"] == "monday"


async def test_another_tenants_thread_is_no_thread(stage: Stage) -> None:
    thread = (await asked(stage))["thread"]

    answer = await stage.post("/review/invoke", {"input": {"thread": thread, "answer": APPROVE}}, OTHER)
    never = await stage.post("/review/invoke", {"input": {"thread": "never", "answer": APPROVE}}, OTHER)

    assert answer.status_code == 404
    assert answer.json() == never.json()


async def test_the_same_thread_name_of_two_tenants_is_two_threads(stage: Stage) -> None:
    await asked(stage, "shared-name")

    answer = await stage.post("/review/invoke", {"input": {"text": "mine", "thread": "shared-name"}}, OTHER)

    assert answer.json()["output"]["text"] == "mine"
    assert {tenant for tenant, name in stage.memory._threads if name == "shared-name"} == {"acme", "other"}


async def test_a_graph_that_keeps_nothing_has_no_thread(stage: Stage) -> None:
    config = {"configurable": {"thread_id": "monday"}}

    answer = await stage.post("/echo/invoke", {"input": {"text": "x"}, "config": config})

    assert "thread" not in answer.json()["output"]
    assert stage.memory.asked[-1][1].thread == ""


async def test_batch_keeps_the_order_of_its_inputs(stage: Stage) -> None:
    answer = await stage.post("/echo/batch", {"inputs": [{"text": "a" * n} for n in range(1, 31)]})

    assert [each["length"] for each in answer.json()["output"]] == list(range(1, 31))
    assert len(set(answer.json()["metadata"]["run_ids"])) == 30


async def test_one_failure_in_a_batch_loses_no_other_output(stage: Stage) -> None:
    inputs = [{"text": "fine"}, {"thread": "never", "answer": APPROVE}]

    answer = await stage.post("/review/batch", {"inputs": inputs})

    fine, failed = answer.json()["output"]
    assert fine["interrupts"]
    assert failed["problem"]["code"] == "AW932"


async def test_a_batch_takes_one_configuration_for_each_input(stage: Stage) -> None:
    configs = [{"configurable": {"thread_id": name}} for name in ("one", "two")]

    answer = await stage.post("/review/batch", {"inputs": [{"text": "x"}] * 2, "config": configs})

    assert [each["thread"] for each in answer.json()["output"]] == ["one", "two"]


async def test_an_expected_failure_is_a_problem_with_its_own_status(stage: Stage) -> None:
    answer = await stage.post("/broken/invoke", {"input": {"text": "name"}})

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "name is taken."
    assert answer.json()["fix"] == "Choose another."
    assert answer.json()["facts"]["run"]


async def test_an_expected_failure_is_readable_in_a_batch(stage: Stage) -> None:
    answer = await stage.post("/broken/batch", {"inputs": [{"text": "name"}]})

    assert answer.json()["output"][0]["problem"]["message"] == "name is taken."


@pytest.mark.parametrize("route", ["stream", "stream_events", "stream_log"])
async def test_a_stream_tells_an_expected_failure_and_ends_in_order(stage: Stage, route: str) -> None:
    answer = await stage.post(f"/broken/{route}", {"input": {"text": "name"}})

    (kind, problem), end = events(answer)[-2:]
    assert kind == "error"
    assert (problem["status"], problem["detail"], problem["fix"]) == (
        409,
        "name is taken.",
        "Choose another.",
    )
    assert (problem["status_code"], problem["message"]) == (409, "name is taken.")  # LangServe's client
    assert end == ("end", None)


@pytest.mark.parametrize("route", ["invoke", "stream", "stream_events", "stream_log", "batch"])
async def test_a_bug_tells_nothing_of_its_insides(stage: Stage, route: str) -> None:
    body = {"inputs": [{"text": "x"}]} if route == "batch" else {"input": {"text": "x"}}

    answer = await stage.post(f"/bug/{route}", body)

    assert "AW999" in answer.text
    assert "secret detail" not in answer.text
    assert "ZeroDivision" not in answer.text


async def test_stream_events_tell_the_graph_and_its_nodes(stage: Stage) -> None:
    answer = await stage.post("/echo/stream_events", {"input": {"text": "hello"}})

    told = [(each["event"], each["name"]) for each in data(answer)]
    assert told == [
        ("on_chain_start", "/echo"),
        ("on_chain_stream", "/echo"),
        ("on_chain_end", "measure"),
        ("on_chain_end", "/echo"),
    ]
    assert data(answer)[-1]["data"]["output"] == {"text": "hello", "length": 5}


async def test_stream_events_tell_the_words_of_a_chat(stage: Stage) -> None:
    body = {"input": {"messages": [{"type": "human", "content": "hi"}]}}

    answer = await stage.post("/talk/stream_events", body)

    words = [each for each in data(answer) if each["event"] == "on_chat_model_stream"]
    assert [each["data"]["chunk"]["content"] for each in words] == ["You said: hi"]
    assert words[0]["metadata"]["langgraph_node"] == "reply"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"include_names": ["measure"]}, ["measure"]),
        ({"exclude_names": ["/echo"]}, ["measure"]),
        ({"include_types": ["chat_model"]}, []),
        ({"include_types": ["chain"], "exclude_names": ["measure"]}, ["/echo"] * 3),
        ({"include_tags": ["none"]}, []),
    ],
)
async def test_stream_events_are_filtered_as_asked(
    stage: Stage, wanted: dict[str, list[str]], names: list[str]
) -> None:
    answer = await stage.post("/echo/stream_events", {"input": {"text": "x"}, **wanted})

    assert [each["name"] for each in data(answer)] == names


async def test_stream_log_gives_the_playground_steps_and_output(stage: Stage) -> None:
    answer = await stage.post("/echo/stream_log", {"input": {"text": "hello"}})

    first, step, last = [each["ops"] for each in data(answer)]
    assert first[0]["value"]["streamed_output"] == []
    assert step[0]["path"] == "/logs/measure"
    assert last[-1] == {"op": "replace", "path": "/final_output", "value": {"text": "hello", "length": 5}}


async def test_a_chat_gives_the_chat_playground_text(stage: Stage) -> None:
    body = {"input": {"messages": [{"type": "human", "content": "hi"}]}, "config": {}}

    answer = await stage.post("/talk/chat_playground/stream_log", body)

    assert data(answer)[-1]["ops"][-1]["value"] == "You said: hi"


async def test_a_graph_that_is_no_chat_has_no_chat_playground(stage: Stage) -> None:
    answer = await stage.get("/echo/chat_playground/")

    assert (answer.status_code, answer.json()["code"]) == (404, "AW961")


async def test_the_input_schema_of_a_durable_graph_offers_thread_and_answer(stage: Stage) -> None:
    durable = (await stage.get("/review/input_schema")).json()
    plain = (await stage.get("/echo/input_schema")).json()

    assert list(durable["properties"]) == ["text", "thread", "answer"]
    assert durable["required"] == ["text"]
    assert list(plain["properties"]) == ["text"]


async def test_the_output_schema_names_what_is_shown(stage: Stage) -> None:
    schema = (await stage.get("/review/output_schema")).json()

    assert set(schema["properties"]) == {"text", "length", "run", "thread", "interrupts", "problem"}


async def test_a_decision_without_its_kind_approves_nothing(stage: Stage) -> None:
    thread = (await asked(stage))["thread"]

    answer = await stage.post("/review/invoke", {"input": {"thread": thread, "answer": {"decisions": [{}]}}})

    assert (answer.status_code, answer.json()["place"]) == (422, "/input/answer/decisions/0/type")


@pytest.mark.parametrize("graph", ["review", "talk/chat_playground"])
async def test_a_playground_is_told_a_refusal_in_the_stream_it_reads(stage: Stage, graph: str) -> None:
    async with stage.client() as asking:
        answer = await asking.post(
            f"/{graph}/stream_log", json={"input": {}}, headers={"Accept": "text/event-stream"}
        )
    plain = await stage.post(f"/{graph}/stream_log", {"input": {}})

    assert (answer.status_code, plain.status_code) == (200, 422)
    assert "AW960" in str(data(answer)[-1]["ops"][-1]["value"])
    assert [name for name, _ in events(answer)][-2:] == ["error", "end"]


async def test_what_a_form_leaves_empty_is_left_out(stage: Stage) -> None:
    class Wanted(BaseModel):
        text: str
        ports: list[int] = Field(default=[80], min_length=1)
        note: str = "none"

    offers: Any = stage.memory.offers(Caller("acme", ""))
    offers["echo"] = replace(offers["echo"], input=Wanted)

    await stage.post("/echo/stream_log", {"input": {"text": "", "ports": [], "note": ""}})

    assert stage.memory.asked[-1][1].input == {"text": "", "ports": [80], "note": "none"}


def test_a_form_shows_the_type_of_a_field_that_may_be_null() -> None:
    class Wanted(BaseModel):
        name: str | None = Field(default=None, max_length=5)
        count: int | str | None = None
        default: str = "a field of this name"

    properties = playground.form(Wanted.model_json_schema())["properties"]

    assert properties["name"] == {"type": "string", "maxLength": 5, "title": "Name"}
    assert properties["count"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert properties["default"]["default"] == "a field of this name"


async def test_a_form_reads_first_what_is_asked_and_how_to_answer(stage: Stage) -> None:
    answer = await stage.post("/review/stream_log", {"input": {"text": "hello"}})

    note, output = (each["ops"][0]["value"] for each in data(answer)[-2:])
    assert note.startswith("Apply it.")
    assert output["thread"] in note
    assert list(output)[:3] == ["run", "thread", "interrupts"]
