"""The same conversation with the gateway in the model's seat, and behind it a server that speaks OpenAI."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from langchain_core.messages import AIMessage, convert_to_messages

from core.breaker import Breakers
from core.cells import Memory
from core.gateway import Budget, Caps, Desk, Gateway, Seat, openai
from graphs.assistant.planner import Planner
from graphs.integrate import session
from tests.graphs.assistant.conftest import ACME, ORDER, OTHER, YES, Chat, Scripted, calls, hall, reply

pytestmark = pytest.mark.anyio


class OpenAI(BaseHTTPRequestHandler):
    """Answers as the planner would, over the wire; `asked` keeps what came."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        model = Planner().bind_tools(body.get("tools", []))
        made = model.invoke(convert_to_messages(body["messages"]))
        assert isinstance(made, AIMessage)
        content = _streamed(made) if body.get("stream") else json.dumps(_whole(made))
        kind = "text/event-stream" if body.get("stream") else "application/json"
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_: Any) -> None:
        """The test says what matters."""


def _whole(made: AIMessage) -> dict[str, Any]:
    message = {"role": "assistant", "content": made.text or None, "tool_calls": _calls(made)}
    choice = {"index": 0, "message": message, "finish_reason": made.response_metadata["finish_reason"]}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }


def _streamed(made: AIMessage) -> str:
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": made.text}, None)]
    if made.tool_calls:
        deltas.append(({"tool_calls": _calls(made)}, None))
    deltas.append(({}, made.response_metadata["finish_reason"]))
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas
    ]
    return "".join(f"data: {json.dumps(each)}\n\n" for each in chunks) + "data: [DONE]\n\n"


def _calls(made: AIMessage) -> list[dict[str, Any]]:
    return [
        {"index": at, "id": each["id"], "type": "function",
         "function": {"name": each["name"], "arguments": json.dumps(each["args"])}}
        for at, each in enumerate(made.tool_calls)
    ]  # fmt: skip


@pytest.fixture
def server() -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), OpenAI)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    OpenAI.asked.clear()
    yield f"http://127.0.0.1:{made.server_port}/v1"
    made.shutdown()
    thread.join()
    made.server_close()


@contextlib.contextmanager
def gateway(url: str) -> Iterator[Gateway]:
    cells = Memory()
    desk = Desk(
        breakers=Breakers(cells, now=time.monotonic, chance=lambda: 0.5),
        budget=Budget(Caps(), cells, now=time.time),
        now=time.time,
    )
    primary = Seat("primary", openai("m", "sk-test", url), label="m")
    made = Gateway(seats=(primary, Seat("planner", Planner(), is_local=True)), desk=desk)
    try:
        yield made
    finally:
        made.close()


async def test_an_example_is_integrated_with_a_model_over_http(work: session.Session, server: str) -> None:
    with gateway(server) as model:
        async with hall(work, model) as opened:
            chat = Chat(opened)
            asked = await chat.say(ORDER)
            done = await chat.answer(YES)

    assert [name for name, _ in calls(asked)] == ["plan_integration", "apply_plan"]
    assert asked.state == "waiting"
    assert reply(done).startswith("Done: plan-1 is committed as ")
    assert len(OpenAI.asked) == 3
    assert "openapi: 3" not in json.dumps(OpenAI.asked)


async def test_without_a_model_the_planner_has_its_seat(work: session.Session) -> None:
    with gateway("http://127.0.0.1:9/v1") as model:
        async with hall(work, model) as opened:
            asked = await Chat(opened).say(ORDER)

    assert asked.state == "waiting"
    assert [name for name, _ in calls(asked)] == ["plan_integration", "apply_plan"]


async def test_each_tenant_has_its_own_seat_at_the_model(work: session.Session) -> None:
    seats = {name: Scripted(replies=[f"for {name}"]) for name in ("acme", "other")}
    async with hall(work, Scripted(replies=["everybody's"]), of_tenant=seats.__getitem__) as opened:
        first = await Chat(opened, ACME).say("hello")
        second = await Chat(opened, OTHER).say("hello")

    assert (reply(first), reply(second)) == ("for acme", "for other")
