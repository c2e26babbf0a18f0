"""What LangServe's routes refuse, ignore or bear."""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import replace
from typing import Any

import orjson
import pytest
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, Field, create_model

from core.http.front import Caller, Offer
from core.http.runnables import wire
from core.http.runnables.routes import RESERVED
from tests.http.ground import OTHER
from tests.http.playing import APPROVE, Stage, data

pytestmark = pytest.mark.anyio
ACME = Caller("acme", "key:x")


def offered(stage: Stage, name: str, fields: dict[str, Any], node: Any, **changes: Any) -> None:
    """One more graph of a single node; its input and output are named like every other's."""
    graph: StateGraph[Any] = StateGraph(dict)
    graph.add_node("only", node)
    graph.add_edge(START, "only")
    graph.add_edge("only", END)
    taken = create_model("Input", **fields)
    offers: Any = stage.memory.offers(ACME)
    made = Offer(
        id=name, description="", input=taken, output=create_model("Output", __config__={"extra": "allow"}),
        graph=graph.compile(), is_durable=False,
    )  # fmt: skip
    offers[name] = replace(made, **changes)


@pytest.mark.parametrize(
    "slug", ["docs", "openapi.json", "health", "ECHO", "Echo", "%2e%2e", "echo.", "run-none", "x" * 7_000]
)
async def test_a_name_that_is_not_offered_runs_nothing(stage: Stage, slug: str) -> None:
    answer = await stage.post(f"/{slug}/invoke", {"input": {"text": "x"}})

    assert answer.status_code in (404, 405)
    assert stage.memory.asked == []


@pytest.mark.parametrize(
    "path", ["//echo/invoke", "/echo//invoke", "/echo;x/invoke", "/echo%2finvoke", "/echo/invoke/"]
)
async def test_a_crooked_path_is_no_way_round(stage: Stage, path: str) -> None:
    async with stage.client("") as asking:
        without = await asking.post(f"http://weave.example{path}", json={"input": {"text": "x"}})

    assert without.status_code in (401, 404)
    assert stage.memory.asked == []


@pytest.mark.parametrize("header", ["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"])
async def test_a_header_moves_no_request_to_another_graph(stage: Stage, header: str) -> None:
    async with stage.client() as asking:
        await asking.post("/echo/invoke", json={"input": {"text": "x"}}, headers={header: "/broken/invoke"})

    assert [ask.graph for _, ask in stage.memory.asked] == ["echo"]


@pytest.mark.parametrize("word", sorted(RESERVED))
async def test_a_reserved_word_is_never_a_graph(stage: Stage, word: str) -> None:
    offered(stage, word, {"text": (str, ...)}, lambda state: state)

    await stage.post(f"/{word}/invoke", {"input": {"text": "x"}})
    await stage.post(f"/{word}/stream", {"input": {"text": "x"}})

    assert stage.memory.asked == []


@pytest.mark.parametrize(
    "config",
    [
        {"callbacks": ["x"]},
        {"run_name": "a\nb"},
        {"run_id": "00000000-0000-0000-0000-000000000000"},
        {"stream_mode": "unknown"},
        {"max_concurrency": 10**9},
        {"configurable": {"tenant": "other", "user": {"is_admin": True}, "__pregel_checkpointer": "x"}},
    ],
)
async def test_what_a_client_may_not_configure_is_ignored(stage: Stage, config: dict[str, Any]) -> None:
    plain = await stage.post("/echo/invoke", {"input": {"text": "x"}})

    answer = await stage.post("/echo/invoke", {"input": {"text": "x"}, "config": config})

    assert answer.json()["output"] == plain.json()["output"]
    assert stage.memory.asked[-1] == stage.memory.asked[0]


@pytest.mark.parametrize(
    "config",
    [
        {"recursion_limit": 0},
        {"recursion_limit": -1},
        {"recursion_limit": "many"},
        {"recursion_limit": 1.5},
        {"tags": ["x" * 201]},
        {"tags": ["x"] * 51},
        {"metadata": [1]},
        {"configurable": {"thread_id": "a/../b"}},
        {"configurable": {"thread_id": "x" * 10_000}},
        {"configurable": {"thread_id": "a\nb"}},
        {"configurable": {"thread_id": 7}},
        {"configurable": []},
        [],
    ],
)
@pytest.mark.parametrize("graph", ["echo", "review"])
async def test_a_crooked_configuration_is_refused(stage: Stage, graph: str, config: Any) -> None:
    answer = await stage.post(f"/{graph}/invoke", {"input": {"text": "x"}, "config": config})

    assert (answer.status_code, answer.json()["code"]) == (422, "AW960")
    assert answer.json()["place"].startswith("/config")
    assert stage.memory.asked == []


@pytest.mark.parametrize(("asked", "used"), [(25, 0), (7, 7), (1_000_000_000, 1_000), (1e9, 1_000)])
async def test_a_recursion_limit_is_bounded(stage: Stage, asked: float, used: int) -> None:
    await stage.post("/echo/invoke", {"input": {"text": "x"}, "config": {"recursion_limit": asked}})

    assert stage.memory.asked[-1][1].recursion_limit == used


async def test_an_older_checkpoint_is_refused_not_ignored(stage: Stage) -> None:
    config = {"configurable": {"thread_id": "t", "checkpoint_id": "1f"}}

    answer = await stage.post("/review/invoke", {"input": {"text": "x"}, "config": config})

    assert (answer.status_code, answer.json()["code"]) == (422, "AW963")


async def test_a_thread_of_another_tenant_is_not_continued(stage: Stage) -> None:
    config = {"configurable": {"thread_id": "t"}}
    await stage.post("/review/invoke", {"input": {"text": "x"}, "config": config})

    answer = await stage.post("/review/stream", {"input": {"answer": APPROVE}, "config": config}, OTHER)

    assert answer.status_code == 404


CROOKED = (
    "null",
    "[]",
    '"x"',
    "{}",
    '{"input": null}',
    '{"input": []}',
    '{"input": {"text": NaN}}',
    '{"input": {',
)


@pytest.mark.parametrize("body", CROOKED)
async def test_a_crooked_body_is_refused(stage: Stage, body: str) -> None:
    async with stage.client() as asking:
        answer = await asking.post("/echo/invoke", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_refusal_repeats_nothing_that_was_sent(stage: Stage) -> None:
    answer = await stage.post("/echo/invoke", {"input": {"text": {"password": "hunter2"}}})

    assert answer.json()["place"] == "/input/text"
    assert "hunter2" not in answer.text


async def test_a_batch_has_a_limit(stage: Stage) -> None:
    answer = await stage.post("/echo/batch", {"inputs": [{"text": "x"}] * 101})

    assert (answer.status_code, answer.json()["code"]) == (413, "AW962")
    assert stage.memory.asked == []


async def test_a_batch_with_one_crooked_input_starts_nothing(stage: Stage) -> None:
    answer = await stage.post("/echo/batch", {"inputs": [{"text": "x"}, {"text": 1}]})

    assert (answer.status_code, answer.json()["place"]) == (422, "/inputs/1/text")
    assert stage.memory.asked == []


async def test_a_serialised_object_in_the_input_stays_a_plain_dict(stage: Stage) -> None:
    secret = {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]}
    built = {"lc": 1, "type": "constructor", "id": ["langchain_core", "messages", "AIMessage"], "kwargs": {}}
    offered(stage, "bag", {"bag": (dict, ...)}, lambda state: {"kind": type(state["bag"]).__name__, **state})

    for each in (secret, built):
        answer = await stage.post("/bag/invoke", {"input": {"bag": each}})

        assert answer.json()["output"] == {"kind": "dict", "bag": each}


async def test_two_graphs_may_name_their_models_alike(stage: Stage) -> None:
    offered(stage, "first", {"a": (int, ...)}, lambda state: {"sum": state["a"] + 1})
    offered(stage, "second", {"b": (str, ...)}, lambda state: {"upper": state["b"].upper()})

    first = await stage.post("/first/invoke", {"input": {"a": 1}})
    second = await stage.post("/second/invoke", {"input": {"b": "x"}})

    assert first.json()["output"] == {"sum": 2}
    assert second.json()["output"] == {"upper": "X"}
    assert list((await stage.get("/second/input_schema")).json()["properties"]) == ["b"]


async def test_a_new_version_of_a_graph_is_served_at_once(stage: Stage) -> None:
    offered(stage, "flow", {"a": (int, ...)}, lambda state: {"old": True})
    await stage.post("/flow/invoke", {"input": {"a": 1}})

    offered(stage, "flow", {"b": (int, ...)}, lambda state: {"new": True}, version="2")

    assert (await stage.post("/flow/invoke", {"input": {"b": 1}})).json()["output"] == {"new": True}
    assert list((await stage.get("/flow/input_schema")).json()["properties"]) == ["b"]


async def test_a_key_named_root_does_not_swallow_the_output(stage: Stage) -> None:
    offered(stage, "rooted", {"a": (int, ...)}, lambda state: {"root": 1, "other": 2})

    answer = await stage.post("/rooted/invoke", {"input": {"a": 1}})

    assert answer.json()["output"] == {"root": 1, "other": 2}


async def test_values_that_are_no_json_do_not_break_an_answer(stage: Stage) -> None:
    values = {
        "bytes": b"\xff\x00",
        "set": {"b", "a"},
        "date": dt.date(2026, 1, 1),
        "decimal": decimal.Decimal("1.10"),
        "large": 2**70,
        "keys": {1: "one"},
        "object": object,
    }
    offered(stage, "odd", {"a": (int, ...)}, lambda state: values)

    answer = await stage.post("/odd/invoke", {"input": {"a": 1}})
    stream = await stage.post("/odd/stream", {"input": {"a": 1}})

    output = answer.json()["output"]
    assert (output["bytes"], output["set"], output["large"]) == ("_wA=", ["a", "b"], 2**70)
    assert (output["date"], output["decimal"], output["keys"]) == ("2026-01-01", "1.10", {"1": "one"})
    assert data(stream)[0]["only"] == output


async def test_what_is_not_in_the_output_model_is_not_shown(stage: Stage) -> None:
    shown = create_model("Output", shown=(int, ...))
    offered(stage, "shy", {"a": (int, ...)}, lambda state: {"shown": 1, "hidden": 2}, output=shown)

    answer = await stage.post("/shy/invoke", {"input": {"a": 1}})

    assert answer.json()["output"] == {"shown": 1}


async def test_a_graphs_own_field_named_answer_stays_its_own(stage: Stage) -> None:
    node = {"answer": (str, ...), "thread": (str, "mine")}
    offered(stage, "quiz", node, lambda state: {"got": state["answer"]})
    offers: Any = stage.memory.offers(ACME)
    offers["quiz"] = replace(offers["quiz"], is_durable=True)

    answer = await stage.post("/quiz/invoke", {"input": {"answer": "42"}})

    assert stage.memory.asked[-1][1].input == {"answer": "42", "thread": "mine"}
    assert answer.json()["output"]["got"] == "42"


async def test_a_description_cannot_end_the_playgrounds_script(stage: Stage) -> None:
    field = (str, Field(description="</script><script>alert(1)</script>"))
    offered(stage, "evil", {"a": field}, lambda state: state)

    page = await stage.get("/evil/playground/")

    assert page.status_code == 200
    assert "alert(1)" in page.text
    assert page.text.count("</script>") == 2  # the bundle's and the page's own


async def test_the_page_runs_only_its_own_scripts(stage: Stage) -> None:
    page = await stage.get("/echo/playground/")

    policy = page.headers["content-security-policy"]
    scripts = next(each for each in policy.split("; ") if each.startswith("script-src"))
    assert "'unsafe-inline'" not in scripts
    assert "'sha256-" in scripts
    assert "default-src 'self'" in policy


@pytest.mark.parametrize(
    "name",
    ["../../server.py", "..%2f..%2fserver.py", "index.html", "assets", "nothing.js", "assets/../index.html"],
)
async def test_the_playground_opens_only_its_own_files(stage: Stage, name: str) -> None:
    answer = await stage.get(f"/echo/playground/{name}")

    assert answer.status_code == 404


def test_no_answer_is_beyond_json() -> None:
    class Odd(BaseModel):
        name: str = "x"

    cycle: list[Any] = []
    cycle.append(cycle)
    values = [cycle, float("nan"), "\ud800", {(1, 2): 3}, Odd(), [b"x", {3, 1, 2}], None]

    for value in values:
        orjson.loads(wire.dumps({"value": value}))
