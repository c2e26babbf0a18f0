"""Streams over the Agent Server interface: what is sent, in which words, and how to go on with one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import Unavailable
from core.http.agent import sse, wire
from core.http.front import Event
from tests.http.agents import APPROVE, Client, application

pytestmark = pytest.mark.anyio
ECHO = {"assistant_id": "echo", "input": {"text": "four"}}
REVIEW = {"assistant_id": "review", "input": {"text": "four"}}
SAY = {"assistant_id": "model", "input": {"messages": [{"role": "user", "content": "hello"}]}}


@pytest.fixture
def client() -> Client:
    return Client(application()[0])


async def test_the_first_event_names_the_run(client: Client) -> None:
    answer = await client("POST", "/runs/stream", ECHO)

    run = answer.headers["content-location"].removeprefix("/runs/")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith(
        f'event: metadata\ndata: {{"run_id":"{run}","attempt":1}}\n\nevent: values\n'
    )


async def test_values_are_sent_where_nothing_is_asked(client: Client) -> None:
    events = await client.events("/runs/stream", ECHO)

    assert events[1:] == [("values", {"text": "four"}), ("values", {"text": "four", "length": 4})]


async def test_updates_name_the_step(client: Client) -> None:
    events = await client.events("/runs/stream", {**ECHO, "stream_mode": "updates"})

    assert events[1:] == [("updates", {"measure": {"length": 4}})]


async def test_custom_events_are_what_a_step_wrote() -> None:
    app, memory = application()
    memory.gate.set()

    events = await Client(app).events(
        "/runs/stream", {"assistant_id": "slow", "input": {"text": "x"}, "stream_mode": ["custom"]}
    )

    assert events[1:] == [("custom", {"at": "the gate"})]


async def test_debug_says_where_a_checkpoint_is_and_not_how_it_is_kept(client: Client) -> None:
    thread = await client.thread()

    events = await client.events(f"/threads/{thread}/runs/stream", {**REVIEW, "stream_mode": ["debug"]})

    checkpoints = [data["payload"] for _, data in events[1:] if data["type"] == "checkpoint"]
    assert {each["checkpoint"]["thread_id"] for each in checkpoints} == {thread}
    assert all("config" not in each for each in checkpoints)


async def test_messages_come_in_parts_with_where_they_are_from(client: Client) -> None:
    events = await client.events("/runs/stream", {**SAY, "stream_mode": ["messages-tuple"]})

    parts = [data for name, data in events if name == "messages"]
    assert [message["content"] for message, _ in parts][:3] == ["one", " ", "two"]
    assert parts[0][0]["type"] == "AIMessageChunk"
    assert parts[0][1]["langgraph_node"] == "say"


async def test_older_clients_get_messages_that_grow(client: Client) -> None:
    events = await client.events("/runs/stream", {**SAY, "stream_mode": ["messages"]})

    assert events[1][0] == "messages/metadata"
    partial = [data[0] for name, data in events if name == "messages/partial"]
    assert [each["content"] for each in partial][:3] == ["one", "one ", "one two"]
    assert {each["type"] for each in partial} == {"ai"}


async def test_metadata_of_a_message_holds_what_is_the_clients_only(client: Client) -> None:
    view = sse.View(frozenset({"messages"}), "t1")
    event = Event(0, "messages", ("hi", {"thread_id": "acme/t1", "tenant": "acme", "langgraph_node": "n"}))

    assert list(view.of(event)) == [("messages", ["hi", {"thread_id": "t1", "langgraph_node": "n"}])]


async def test_subgraphs_are_streamed_on_request_and_named() -> None:
    inner = Event(3, "updates", {"inner": {}}, ("within:1",))

    assert list(sse.View(frozenset({"updates"}), "").of(inner)) == []
    assert [name for name, _ in sse.View(frozenset({"updates"}), "", has_subgraphs=True).of(inner)] == [
        "updates|within:1"
    ]


async def test_a_question_stands_in_values_and_updates(client: Client) -> None:
    thread = await client.thread()

    events = await client.events(
        f"/threads/{thread}/runs/stream", {**REVIEW, "stream_mode": ["values", "updates"]}
    )

    asked = [data["__interrupt__"] for _, data in events if "__interrupt__" in data]
    assert len(asked) == 2
    assert asked[0][0]["value"]["review_configs"][0]["allowed_decisions"] == ["approve", "edit", "reject"]


@pytest.mark.parametrize(
    ("decision", "left"),
    [
        ({"type": "approve"}, {"text": "four", "decision": "approve"}),
        ({"type": "reject", "message": "no"}, {"text": "four", "decision": "reject"}),
        (
            {"type": "edit", "edited_action": {"name": "apply", "args": {"text": "five"}}},
            {"text": "five", "decision": "edit"},
        ),
    ],
    ids=["approve", "reject", "edit"],
)
async def test_each_decision_reaches_the_graph(
    client: Client, decision: dict[str, Any], left: dict[str, Any]
) -> None:
    path = f"/threads/{await client.thread()}/runs/stream"
    await client.events(path, REVIEW)

    events = await client.events(
        path, {"assistant_id": "review", "command": {"resume": {"decisions": [decision]}}}
    )

    assert events[-1] == ("values", {"length": 4, **left})


async def test_a_failure_is_the_last_event_and_says_what_to_do(client: Client) -> None:
    events = await client.events("/runs/stream", {"assistant_id": "broken", "input": {"text": "x"}})

    name, data = events[-1]
    assert name == "error"
    assert (data["message"], data["fix"]) == ("x is taken.", "Choose another.")


async def test_a_joined_stream_tells_everything_that_happened(client: Client) -> None:
    thread = await client.thread()
    made = (await client("POST", f"/threads/{thread}/runs", {**REVIEW, "stream_mode": ["updates"]})).json()

    events = await client.events(f"/threads/{thread}/runs/{made['run_id']}/stream")

    assert [name for name, _ in events] == ["metadata", "updates", "updates"]


async def test_last_event_id_goes_on_after_the_event_it_names(client: Client) -> None:
    thread = await client.thread()
    answer = await client("POST", f"/threads/{thread}/runs/stream", REVIEW)
    whole = await client.events(answer.headers["location"])

    rest = await client.events(answer.headers["location"], headers={"Last-Event-ID": "0"})
    from_start = await client.events(answer.headers["location"], headers={"Last-Event-ID": "-1"})

    assert rest == whole[2:]
    assert from_start == whole


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("stream_mode=updates", {"updates"}),
        ("stream_mode=updates&stream_mode=values", {"updates", "values"}),
        ('stream_mode=["updates"]', {"updates"}),
        ("stream_mode=", {"updates", "values"}),
    ],
)
async def test_a_joined_stream_can_be_narrowed(client: Client, query: str, names: set[str]) -> None:
    thread = await client.thread()
    body = {**REVIEW, "stream_mode": ["updates", "values"]}
    answer = await client("POST", f"/threads/{thread}/runs/stream", body)

    events = await client.events(f"{answer.headers['location']}?{query}")

    assert {name for name, _ in events} == {"metadata", *names}


@pytest.mark.parametrize("query", ["stream_mode=tasks", "stream_mode=[", 'stream_mode=[["values"]]'])
async def test_a_joined_stream_has_no_other_modes(client: Client, query: str) -> None:
    answer = await client("GET", f"/threads/t/runs/r/stream?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "AW941")


async def test_a_client_that_leaves_a_stream_ends_the_run_where_that_was_asked() -> None:
    app, memory = application()
    client = Client(app)
    thread = await client.thread()
    body = {"assistant_id": "slow", "input": {"text": "x"}, "on_disconnect": "cancel"}

    await _half_read(app, f"/threads/{thread}/runs/stream", body)
    await asyncio.sleep(0)

    assert len(memory.cancelled) == 1


async def test_a_client_that_leaves_a_stream_leaves_the_run_alone() -> None:
    app, memory = application()
    client = Client(app)
    thread = await client.thread()
    body = {"assistant_id": "slow", "input": {"text": "x"}}

    place = await _half_read(app, f"/threads/{thread}/runs/stream", body)
    memory.gate.set()

    assert (await client("GET", f"{place}/join")).json() == {"text": "x", "length": 1}
    assert memory.cancelled == []


async def _half_read(app: Any, path: str, body: Any) -> str:
    """Ask for a stream, and go away once its first event came; where the run is."""
    came = asyncio.Event()
    headers: dict[bytes, bytes] = {}
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": wire.dumps(body)}
        await came.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        headers.update(message.get("headers", ()))
        if message.get("body"):
            came.set()

    await app(
        {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "scheme": "http", "server": ("weave.example", 80), "root_path": "",
            "headers": [(b"x-api-key", b"acme"), (b"content-type", b"application/json")],
        },
        receive,
        send,
    )  # fmt: skip
    return headers[b"content-location"].decode()


class Ticket:
    """A run whose events are given."""

    run, thread, graph = "r1", "t1", "echo"

    def __init__(self, *events: Any, gate: asyncio.Event | None = None) -> None:
        self._events = events
        self._gate = gate

    async def events(self, after: int = -1) -> AsyncIterator[Event]:
        if self._gate is not None:
            await self._gate.wait()
        for each in self._events:
            if isinstance(each, Exception):
                raise each
            yield each

    async def outcome(self) -> Any:
        raise AssertionError("nobody waits")


async def test_a_silent_run_still_gives_signs_of_life() -> None:
    gate = asyncio.Event()
    view = sse.View(frozenset({"values"}), "t1")
    frames = []

    async for each in sse.stream(Ticket(Event(0, "values", {}), gate=gate), view, beat_s=0.001):
        frames.append(each)
        if len(frames) == 3:
            gate.set()

    assert frames[1] == frames[2] == b": still here\n\n"
    assert frames[-1] == b"event: values\ndata: {}\nid: 0\n\n"


async def test_a_failure_of_the_server_is_told_in_the_stream() -> None:
    view = sse.View(frozenset({"values"}), "t1")
    ticket = Ticket(Event(0, "values", {}), Unavailable("The store is away."))

    frames = [each async for each in sse.stream(ticket, view)]

    assert b"event: error\n" in frames[-1]
    assert b"The store is away." in frames[-1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": "\ud800"}, b'{"a": "?"}'),
        ({"a": 2**70}, b'{"a": 1180591620717411303424}'),
        ({"a": math.nan}, b'{"a":null}'),
        ({"a": {3, 1, 2}}, b'{"a":[1,2,3]}'),
        ({"a": (1, b"x")}, b'{"a":[1,"<bytes>"]}'),
        ({1: object()}, b'{"1":"<object>"}'),
    ],
    ids=["half a surrogate pair", "large number", "not a number", "set", "bytes", "object"],
)
def test_any_state_can_be_sent(value: Any, text: bytes) -> None:
    assert wire.dumps(value) == text


def test_an_event_is_one_block_whatever_its_text_holds() -> None:
    made = sse.frame("values", {"a": "\n\nevent: error\ndata: {}\r\n\u2028"}, 4)

    assert made.count(b"\n") == 4
    assert b"\r" not in made


async def test_an_answer_of_a_run_is_streamed_too(client: Client) -> None:
    path = f"/threads/{await client.thread()}/runs/stream"
    await client.events(path, REVIEW)

    events = await client.events(
        path, {"assistant_id": "review", "command": {"resume": APPROVE}, "stream_mode": ["updates"]}
    )

    assert events[-1] == ("updates", {"review": {"decision": "approve"}})
