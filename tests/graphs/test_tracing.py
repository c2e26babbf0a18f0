"""A graph's run as a trace: one span for the run, one for each node, model call and tool."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, TypedDict

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from core import telemetry
from core.telemetry.export import Telemetry
from graphs.tracing import Tracer


class State(TypedDict, total=False):
    text: str
    seen: list[str]


@pytest.fixture
def recorded() -> Iterator[Telemetry]:
    opened = telemetry.set_up(keep=100)
    yield opened
    opened.close()


def graph(*nodes: Any, saver: Any = None) -> Any:
    made = StateGraph(State)
    names = [node.__name__ for node in nodes]
    for node in nodes:
        made.add_node(node.__name__, node)
    for before, after in zip([START, *names], [*names, END], strict=True):
        made.add_edge(before, after)
    return made.compile(checkpointer=saver)


def by_name(recorded: Telemetry) -> dict[str, Any]:
    return {span.name: span for span in recorded.spans()}


def parents(recorded: Telemetry) -> dict[str, str]:
    names = {span.context.span_id: span.name for span in recorded.spans()}
    return {span.name: names[span.parent.span_id] if span.parent else "" for span in recorded.spans()}


async def ask(state: State) -> State:
    with telemetry.span("inner"):
        return {"seen": ["ask"]}


def tell(state: State) -> State:
    with telemetry.span("deeper"):
        return {"seen": [*state["seen"], "tell"]}


def test_each_node_is_a_span_below_the_run_and_holds_what_its_code_opens(recorded: Telemetry) -> None:
    asyncio.run(graph(ask, tell).ainvoke({"text": "x"}, {"callbacks": [Tracer("five")]}))

    assert parents(recorded) == {
        "five": "", "five.ask": "five", "five.tell": "five", "inner": "five.ask", "deeper": "five.tell",
    }  # fmt: skip


def test_a_graph_without_async_gives_the_same(recorded: Telemetry) -> None:
    graph(tell).invoke({"seen": []}, {"callbacks": [Tracer("five")]})

    assert parents(recorded) == {"five": "", "five.tell": "five", "deeper": "five.tell"}


def test_a_run_hangs_below_whoever_asked_for_it(recorded: Telemetry) -> None:
    async def requested() -> None:
        with telemetry.span("request"):
            await graph(ask).ainvoke({}, {"callbacks": [Tracer("five")]})
            with telemetry.span("after"):
                pass

    asyncio.run(requested())

    assert parents(recorded)["five"] == "request"
    assert parents(recorded)["after"] == "request"


def test_a_stream_that_is_left_early_leaves_nothing_behind(recorded: Telemetry) -> None:
    async def left() -> None:
        stream = graph(ask, tell).astream({"seen": []}, {"callbacks": [Tracer("five")]})
        await anext(stream)
        await stream.aclose()
        with telemetry.span("after"):
            pass

    asyncio.run(left())

    assert parents(recorded)["after"] == ""
    assert "five" in parents(recorded)


def test_what_goes_in_and_out_is_shown(recorded: Telemetry) -> None:
    asyncio.run(graph(ask).ainvoke({"text": "x"}, {"callbacks": [Tracer("five")]}))

    span = by_name(recorded)["five.ask"]
    assert json.loads(span.attributes["input.value"]) == {"text": "x"}
    assert json.loads(span.attributes["output.value"]) == {"seen": ["ask"]}


def test_what_goes_in_and_out_is_not_shown_where_it_must_not_be(recorded: Telemetry) -> None:
    asyncio.run(graph(ask).ainvoke({"text": "x"}, {"callbacks": [Tracer("five", shows=False)]}))

    assert not {"input.value", "output.value"} & by_name(recorded)["five.ask"].attributes.keys()


def test_secrets_in_the_state_are_masked(recorded: Telemetry) -> None:
    given = {"text": '{"password": "c4nary"}', "seen": ["token=c4nary"]}

    asyncio.run(graph(ask).ainvoke(given, {"callbacks": [Tracer("five")]}))

    assert "c4nary" not in str([span.to_json() for span in recorded.spans()])


def test_a_node_that_raises_is_a_failed_span(recorded: Telemetry) -> None:
    async def fall(state: State) -> State:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(graph(fall).ainvoke({}, {"callbacks": [Tracer("five")]}))

    assert {name: span.status.description for name, span in by_name(recorded).items()} == {
        "five": "ValueError: no", "five.fall": "ValueError: no",
    }  # fmt: skip


def test_stopping_for_a_person_is_no_failure(recorded: Telemetry) -> None:
    def wait(state: State) -> State:
        return {"text": interrupt("yes?")}

    config = {"callbacks": [Tracer("five")], "configurable": {"thread_id": "1"}}
    graph(wait, saver=InMemorySaver()).invoke({}, config)

    assert {name: span.status.is_ok for name, span in by_name(recorded).items()} == {
        "five": True,
        "five.wait": True,
    }


def test_a_model_and_a_tool_are_spans_of_their_kind(recorded: Telemetry) -> None:
    @tool
    def look(where: str) -> str:
        """Look there."""
        return f"seen {where}"

    async def think(state: State) -> State:
        reply = await FakeListChatModel(responses=["hello"]).ainvoke([HumanMessage("hi")])
        return {"seen": [str(reply.content), await look.ainvoke({"where": "here"})]}

    asyncio.run(graph(think).ainvoke({}, {"callbacks": [Tracer("five")]}))

    spans = by_name(recorded)
    kinds = {name: span.attributes["openinference.span.kind"] for name, span in spans.items()}
    assert kinds == {
        "five": "CHAIN",
        "five.think": "CHAIN",
        "five.model": "LLM",
        "five.look": "TOOL",
    }
    assert parents(recorded)["five.look"] == parents(recorded)["five.model"] == "five.think"
    model = spans["five.model"].attributes
    assert json.loads(model["input.value"]) == [{"role": "human", "content": "hi"}]
    assert json.loads(model["output.value"]) == {"role": "ai", "content": "hello"}


def test_a_models_tokens_are_counted(recorded: Telemetry) -> None:
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    model = GenericFakeChatModel(messages=iter([AIMessage("hello", usage_metadata=usage)]))

    model.invoke("hi", {"callbacks": [Tracer("chat")]})

    attributes = by_name(recorded)["chat.model"].attributes
    counts = [attributes[f"llm.token_count.{name}"] for name in ("prompt", "completion", "total")]
    assert counts == [3, 4, 7]


def test_nothing_is_kept_when_nobody_records() -> None:
    tracer = Tracer("five")

    asyncio.run(graph(ask).ainvoke({}, {"callbacks": [tracer]}))

    assert not tracer._open
