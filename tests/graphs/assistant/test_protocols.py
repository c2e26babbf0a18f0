"""The assistant over HTTP as chats and Agent Server clients know it: nothing of theirs is special to us."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.http import app as apps
from graphs.integrate import session
from tests.graphs.assistant.conftest import ORDER, fresh, hall

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(work: session.Session) -> AsyncIterator[httpx.AsyncClient]:
    async with hall(work) as opened:
        parts = apps.Parts(
            keys=work.store.keys,
            replies=work.store.replies,
            secret=b"s" * 32,
            log=lambda *_, **__: None,
            metrics=lambda: b"",
            dev=fresh(),
        )
        transport = httpx.ASGITransport(apps.create_app(opened.front, parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as made:
            yield made


async def complete(client: httpx.AsyncClient, *said: str) -> str:
    """The client's whole conversation, as chats send it."""
    roles = itertools.cycle(("user", "assistant"))
    body = {
        "model": "assistant",
        "messages": [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)],
    }
    answer = await client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


async def test_it_is_a_model_of_v1_that_asks_before_it_writes(client: httpx.AsyncClient) -> None:
    models = (await client.get("/v1/models")).json()["data"]
    asked = await complete(client, ORDER)
    done = await complete(client, ORDER, asked, "approve")

    assert "assistant" in [each["id"] for each in models]
    assert "deployment.yaml" in asked
    assert "Done: plan-1 is committed as " in done


async def test_an_agent_server_thread_waits_and_is_resumed(client: httpx.AsyncClient) -> None:
    thread = (await client.post("/threads", json={})).json()["thread_id"]
    given: dict[str, Any] = {"assistant_id": "assistant"}
    said = {"messages": [{"type": "human", "content": ORDER, "id": "m1"}]}
    await client.post(f"/threads/{thread}/runs/wait", json={**given, "input": said})
    state = (await client.get(f"/threads/{thread}/state")).json()
    resume = {"resume": {"decisions": [{"type": "approve"}]}}
    ended = await client.post(f"/threads/{thread}/runs/wait", json={**given, "command": resume})

    question = state["tasks"][0]["interrupts"][0]["value"]
    assert question["review_configs"][0]["allowed_decisions"] == ["approve", "reject"]
    assert state["values"]["messages"][0]["id"] == "m1"
    assert ended.json()["messages"][-1]["content"].startswith("Done: plan-1 is committed as ")


async def test_the_chat_playground_shows_the_plan_and_takes_an_answer(client: httpx.AsyncClient) -> None:
    first = [{"type": "human", "content": ORDER}]
    asked = await logged(client, first)
    second = [*first, {"type": "ai", "content": asked}, {"type": "human", "content": "approve"}]
    done = await logged(client, second)

    assert "deployment.yaml" in asked
    assert "Done: plan-1 is committed as " in done


async def logged(client: httpx.AsyncClient, messages: list[dict[str, str]]) -> str:
    """The reply as the playground puts it together from the patches."""
    path = "/assistant/chat_playground/stream_log"
    answer = await client.post(path, json={"input": {"messages": messages}})
    frames = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    finals = [op["value"] for frame in frames for op in frame["ops"] if op["path"] == "/final_output"]
    return str(finals[-1])
