"""LangGraph's own Python clients, unchanged, against the Agent Server routes on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph.types import Command
from langgraph_sdk import get_client, get_sync_client
from langgraph_sdk.errors import ConflictError, NotFoundError, UnprocessableEntityError

from tests.http.agents import APPROVE, application
from tests.serving import served

pytestmark = pytest.mark.anyio
REVIEW = {"text": "four"}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(application()[0]) as base:
        yield base


@pytest.fixture
async def client(url: str) -> AsyncIterator[Any]:
    async with get_client(url=url, api_key="acme") as made:
        yield made


@pytest.fixture
def sync(url: str) -> Iterator[Any]:
    with get_sync_client(url=url, api_key="acme") as made:
        yield made


@pytest.fixture
def remote(sync: Any) -> Callable[[str], RemoteGraph]:
    return lambda name: RemoteGraph(name, sync_client=sync)


async def test_the_sdk_waits_for_a_run_without_a_thread(client: Any) -> None:
    assert await client.runs.wait(None, "echo", input=REVIEW) == {"text": "four", "length": 4}


async def test_the_sdk_streams_and_learns_the_runs_id(client: Any) -> None:
    created: list[Any] = []
    thread = (await client.threads.create())["thread_id"]

    parts = [
        part
        async for part in client.runs.stream(
            thread, "review", input=REVIEW, stream_mode=["values", "updates"], on_run_created=created.append
        )
    ]

    assert parts[0].event == "metadata"
    assert parts[0].data["run_id"] == created[0]["run_id"]
    assert created[0]["thread_id"] == thread
    assert "__interrupt__" in parts[-1].data


async def test_the_sdks_second_stream_format_carries_interrupts(client: Any) -> None:
    thread = (await client.threads.create())["thread_id"]

    parts = [part async for part in client.runs.stream(thread, "review", input=REVIEW, version="v2")]

    assert parts[-1]["type"] == "values"
    assert parts[-1]["interrupts"][0]["value"]["action_requests"][0]["name"] == "apply"


@pytest.mark.parametrize(
    ("decision", "left"),
    [
        ({"type": "approve"}, {"text": "four", "decision": "approve"}),
        ({"type": "reject"}, {"text": "four", "decision": "reject"}),
        (
            {"type": "edit", "edited_action": {"name": "apply", "args": {"text": "five"}}},
            {"text": "five", "decision": "edit"},
        ),
    ],
    ids=["approve", "reject", "edit"],
)
async def test_the_sdk_answers_an_approval(client: Any, decision: Any, left: Any) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "review", input=REVIEW)
    waiting = await client.threads.search(metadata={"graph_id": "review"}, status="interrupted", limit=100)

    done = await client.runs.wait(thread, "review", command={"resume": {"decisions": [decision]}})

    assert thread in {each["thread_id"] for each in waiting}
    assert done == {"length": 4, **left}
    assert (await client.threads.get(thread))["status"] == "idle"


async def test_the_sdk_follows_a_run_in_the_background(client: Any) -> None:
    thread = (await client.threads.create(metadata={"ticket": "T-1"}))["thread_id"]

    run = await client.runs.create(thread, "review", input=REVIEW, stream_mode=["updates"])
    joined = await client.runs.join(thread, run["run_id"])
    streamed = [part.event async for part in client.runs.join_stream(thread, run["run_id"])]
    rest = [part.event async for part in client.runs.join_stream(thread, run["run_id"], last_event_id="0")]

    assert joined["__interrupt__"]
    assert streamed == ["metadata", "updates", "updates"]
    assert rest == ["updates"]
    assert [each["run_id"] for each in await client.runs.list(thread)] == [run["run_id"]]
    assert (await client.runs.get(thread, run["run_id"]))["status"] == "interrupted"
    await client.runs.cancel(thread, run["run_id"], wait=True)
    await client.runs.cancel_many(thread_id=thread, run_ids=[run["run_id"]])


async def test_the_sdk_reads_state_and_history(client: Any) -> None:
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "review", input=REVIEW)

    state = await client.threads.get_state(thread)
    past = await client.threads.get_history(thread, limit=2)
    before = await client.threads.get_history(thread, before=past[0]["checkpoint"])
    again = await client.threads.get_state(thread, checkpoint=past[1]["checkpoint"])

    assert state["tasks"][0]["interrupts"] == state["interrupts"]
    assert past[0]["checkpoint"] == state["checkpoint"]
    assert before[0] == past[1] == again


async def test_the_sdk_keeps_threads(client: Any) -> None:
    thread = await client.threads.create(graph_id="talk", metadata={"kind": "kept"})
    await client.threads.update(thread["thread_id"], metadata={"more": 1})

    assert await client.threads.count(metadata={"kind": "kept"}) == 1
    assert (await client.threads.search(metadata={"more": 1}))[0]["thread_id"] == thread["thread_id"]
    await client.threads.delete(thread["thread_id"])
    assert await client.threads.count(metadata={"kind": "kept"}) == 0


async def test_the_sdk_reads_assistants(client: Any) -> None:
    found = await client.assistants.search(graph_id="review")
    one = await client.assistants.get(found[0]["assistant_id"])

    assert one == found[0]
    assert (await client.assistants.get_graph("review"))["edges"]
    assert (await client.assistants.get_schemas("review"))["input_schema"]["required"] == ["text"]
    assert await client.assistants.get_subgraphs("review") == {}
    assert await client.assistants.count(graph_id="review") == 1


async def test_the_sdk_begins_several_runs_at_once(client: Any) -> None:
    one = {"assistant_id": "review", "input": REVIEW}

    made = await client.runs.create_batch([one, one])

    assert len({each["thread_id"] for each in made}) == 2
    for each in made:
        await client.runs.join(each["thread_id"], each["run_id"])


async def test_the_sdk_raises_what_a_run_failed_of(client: Any) -> None:
    with pytest.raises(Exception, match=r"x is taken\."):
        await client.runs.wait(None, "broken", input={"text": "x"})


async def test_the_sdk_raises_the_kind_of_each_refusal(client: Any) -> None:
    with pytest.raises(NotFoundError, match="no such thread"):
        await client.threads.get("nobody")
    with pytest.raises(NotFoundError, match="No graph is called nobody"):
        await client.assistants.get("nobody")
    thread = await client.threads.create()
    with pytest.raises(ConflictError, match="exists"):
        await client.threads.create(thread_id=thread["thread_id"])
    with pytest.raises(UnprocessableEntityError, match="`webhook` is not supported"):
        await anext(client.runs.stream(None, "echo", input=REVIEW, webhook="https://example.com"))
    with pytest.raises(UnprocessableEntityError, match="`stream_mode` is not supported"):
        await anext(client.runs.stream(None, "echo", input=REVIEW, stream_mode="tasks"))


def test_the_sync_sdk_does_the_same(sync: Any) -> None:
    thread = sync.threads.create()["thread_id"]

    asked = [part.event for part in sync.runs.stream(thread, "review", input=REVIEW)]
    done = sync.runs.wait(thread, "review", command={"resume": APPROVE})

    assert asked[0] == "metadata"
    assert dict(done)["decision"] == "approve"


def test_a_remote_graph_is_invoked_like_one_at_hand(remote: Callable[[str], RemoteGraph]) -> None:
    assert remote("echo").invoke(REVIEW) == {"text": "four", "length": 4}


def test_a_remote_graph_streams(remote: Callable[[str], RemoteGraph]) -> None:
    assert list(remote("echo").stream(REVIEW, stream_mode="updates")) == [{"measure": {"length": 4}}]


async def test_a_remote_graph_streams_messages(client: Any) -> None:
    said = {"messages": [{"role": "user", "content": "hello"}]}

    parts = [
        message["content"]
        async for message, _ in RemoteGraph("model", client=client).astream(said, stream_mode="messages")
    ]

    assert "".join(parts[:3]) == "one two"


def test_a_remote_graph_asks_and_is_answered(remote: Callable[[str], RemoteGraph]) -> None:
    config: Any = {"configurable": {"thread_id": "11111111-2222-4333-8444-555555555555"}}
    far = remote("review")

    list(far.stream(REVIEW, config))
    waiting = far.get_state(config)
    done = far.invoke(Command(resume=APPROVE), config)

    assert waiting.next == ("review",)
    assert waiting.interrupts[0].value["action_requests"][0]["args"] == {"text": "four"}
    assert done["decision"] == "approve"
    assert far.get_state(config).next == ()
    assert len(list(far.get_state_history(config))) == 4


def test_a_remote_graph_draws_itself(remote: Callable[[str], RemoteGraph]) -> None:
    drawn = remote("review").get_graph().draw_mermaid()

    assert "measure --> review" in drawn


def test_a_remote_graph_raises_what_went_wrong(remote: Callable[[str], RemoteGraph]) -> None:
    with pytest.raises(RemoteException, match="Choose another"):
        remote("broken").invoke({"text": "x"})


async def test_a_remote_graph_is_a_step_of_another(client: Any) -> None:
    from langgraph.graph import END, START, StateGraph

    from tests.fronts import EchoState

    outer = StateGraph(EchoState)
    outer.add_node("far", RemoteGraph("echo", client=client))
    outer.add_edge(START, "far")
    outer.add_edge("far", END)

    assert await outer.compile().ainvoke({"text": "four"}) == {"text": "four", "length": 4}
