"""Python's `langserve.RemoteRunnable`, unchanged, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, StateGraph

from tests.fronts import EchoState
from tests.http.ground import ACME
from tests.http.playing import APPROVE, Stage
from tests.serving import served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*was deprecated")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(Stage().app) as found:
        yield found


def remote(url: str, graph: str, key: str = ACME) -> Any:
    from langserve import RemoteRunnable

    return RemoteRunnable(f"{url}/{graph}", headers={"X-Api-Key": key})


def test_invoke_and_batch(url: str) -> None:
    echo = remote(url, "echo")

    assert echo.invoke({"text": "hello"}) == {"text": "hello", "length": 5}
    assert [each["length"] for each in echo.batch([{"text": "a"}, {"text": "bb"}])] == [1, 2]


def test_stream_gives_what_each_node_changed(url: str) -> None:
    assert list(remote(url, "echo").stream({"text": "hello"})) == [{"measure": {"length": 5}}]


def test_stream_events_end_with_the_output(url: str) -> None:
    async def watch() -> list[Any]:
        return [each async for each in remote(url, "echo").astream_events({"text": "hello"})]

    events = asyncio.run(watch())

    assert events[-1]["event"] == "on_chain_end"
    assert events[-1]["data"]["output"] == {"text": "hello", "length": 5}


def test_a_run_is_approved_through_its_thread(url: str) -> None:
    review = remote(url, "review")

    asked = review.invoke({"text": "hello"})
    done = review.invoke({"thread": asked["thread"], "answer": APPROVE})

    assert asked["interrupts"][0]["value"]["action_requests"][0]["name"] == "apply"
    assert done["interrupts"] == []


def test_a_thread_named_in_the_configuration_is_kept(url: str) -> None:
    review, config = remote(url, "review"), {"configurable": {"thread_id": "from-python"}}

    review.invoke({"text": "hello"}, config)
    done = review.invoke({"answer": APPROVE}, config)

    assert (done["thread"], done["interrupts"]) == ("from-python", [])


def test_messages_arrive_as_messages(url: str) -> None:
    answer = remote(url, "talk").invoke({"messages": [HumanMessage("hi")]})

    assert [type(each) for each in answer["messages"]] == [HumanMessage, AIMessage]
    assert answer["messages"][-1].content == "You said: hi"


@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_a_failure_can_be_read(url: str, way: str) -> None:
    broken = remote(url, "broken")

    with pytest.raises(httpx.HTTPStatusError, match="name is taken") as caught:
        broken.invoke({"text": "name"}) if way == "invoke" else list(broken.stream({"text": "name"}))

    assert caught.value.response.status_code == 409


def test_a_wrong_key_is_refused(url: str) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="AW944"):
        remote(url, "echo", "aw_00000000_" + "x" * 43).invoke({"text": "x"})


def test_a_remote_graph_is_a_step_of_a_chain(url: str) -> None:
    chain = remote(url, "echo") | RunnableLambda(lambda output: output["length"] * 2)

    assert chain.invoke({"text": "hello"}) == 10


def test_a_durable_graph_is_a_node_of_a_graph_with_threads_of_its_own(url: str) -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    graph: StateGraph[Any] = StateGraph(EchoState)
    graph.add_node("far", remote(url, "review") | RunnableLambda(lambda output: {"text": output["thread"]}))
    graph.add_edge(START, "far")
    graph.add_edge("far", END)
    config: Any = {"configurable": {"thread_id": "their-own"}}

    done = graph.compile(checkpointer=InMemorySaver()).invoke({"text": "hello"}, config)

    assert done["text"] == "their-own"
