"""`/mcp` and `/v1` inside the whole application: its keys, limits and layers hold for them, too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.http import shelves
from tests.http.ground import ACME, EXPIRED, OTHER, REVOKED, Ground, client

pytestmark = pytest.mark.anyio
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
SAY = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "say", "arguments": {"text": "x"}},
}
CHAT = {"model": "talk", "messages": [{"role": "user", "content": "hi"}]}
ROUTES = [
    ("POST", "/mcp", PING),
    ("GET", "/v1/models", None),
    ("GET", "/v1/models/talk", None),
    ("POST", "/v1/chat/completions", CHAT),
]


@pytest.fixture
def app() -> Any:
    return Ground().app(shelf=shelves.SHELF)


@pytest.mark.parametrize("key", ["", REVOKED, EXPIRED, "aw_00000000_" + "x" * 43, "x"])
@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_no_door_opens_without_a_valid_key(
    app: Any, method: str, path: str, body: Any, key: str
) -> None:
    async with client(app, key) as made:
        answer = await made.request(method, path, json=body)

    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_each_door_opens_to_a_key(app: Any, method: str, path: str, body: Any) -> None:
    async with client(app, "", Authorization=f"Bearer {ACME}") as made:
        answer = await made.request(method, path, json=body)

    assert answer.status_code == 200


@pytest.mark.parametrize(("key", "tenant"), [(ACME, "acme"), (OTHER, "other")])
async def test_a_tools_caller_has_the_keys_tenant(app: Any, key: str, tenant: str) -> None:
    async with client(app, key) as made:
        answer = await made.post("/mcp", json=SAY)

    assert answer.json()["result"]["structuredContent"]["tenant"] == tenant


async def test_a_key_in_the_url_opens_nothing(app: Any) -> None:
    async with client(app) as made:
        answer = await made.post(f"/mcp?api_key={ACME}", json=PING)

    assert answer.status_code == 400


async def test_a_page_elsewhere_may_not_ask_even_with_a_key(app: Any) -> None:
    async with client(app, ACME, Origin="https://evil.example") as made:
        answer = await made.post("/mcp", json=PING)

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_a_deep_argument_is_refused_before_any_tool(app: Any) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    async with client(app, ACME) as made:
        answer = await made.post("/mcp", json={**SAY, "params": {"name": "say", "arguments": {"text": deep}}})

    assert answer.status_code == 413


async def test_the_same_idempotency_key_gives_the_same_answer(app: Any) -> None:
    async with client(app, ACME, **{"Idempotency-Key": "k1"}) as made:
        first = await made.post("/v1/chat/completions", json=CHAT)
        again = await made.post("/v1/chat/completions", json=CHAT)

    assert again.json()["id"] == first.json()["id"]


async def test_a_stream_comes_whole_through_all_layers(app: Any) -> None:
    async with client(app, ACME) as made:
        answer = await made.post("/v1/chat/completions", json={**CHAT, "stream": True})

    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    assert "".join(json.loads(each)["choices"][0]["delta"].get("content", "") for each in lines[:-1]) == (
        "You said: hi"
    )


async def test_the_document_lists_both_doors_with_their_locks() -> None:
    document = Ground().app(shelf=shelves.SHELF).openapi()

    for method, path, _ in ROUTES:
        operation = document["paths"][path.replace("/talk", "/{model}")][method.lower()]
        assert operation["security"], path


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions"])
async def test_openai_clients_are_refused_in_their_own_form(app: Any, path: str) -> None:
    async with client(app, REVOKED) as made:
        answer = await made.post(path, json=CHAT)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
