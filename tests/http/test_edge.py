"""The headers of every answer, and which other sites' pages may ask."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from tests.http.ground import ACME, Ground, client

pytestmark = pytest.mark.anyio
FRIEND = "https://chat.example"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}


@pytest.fixture
def ground() -> Ground:
    return Ground()


async def ask(ground: Ground, method: str, path: str, key: str = ACME, **headers: str) -> Any:
    async with client(ground.app(origins=(FRIEND,)), key) as asked:
        return await asked.request(method, path, headers=headers)


@pytest.mark.parametrize("path", ["/health", "/docs", "/nowhere", "/login", "//"])
async def test_every_answer_is_safe_to_show(ground: Ground, path: str) -> None:
    found = (await ask(ground, "GET", path)).headers

    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in found["content-security-policy"]
    assert "frame-ancestors 'none'" in found["content-security-policy"]
    assert "unsafe" not in found["content-security-policy"]
    assert found["cache-control"] == "no-store"
    assert "server" not in found


async def test_a_route_may_say_how_long_it_may_be_kept(ground: Ground) -> None:
    found = (await ask(ground, "GET", "/docs/style.css")).headers

    assert found.get_list("cache-control") == ["max-age=86400"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://chat.example.evil", "http://chat.example", "https://sub.chat.example"]
)  # fmt: skip
async def test_no_origin_is_reflected(ground: Ground, origin: str) -> None:
    answer = await ask(ground, "GET", "/docs", Origin=origin)

    assert [name for name in answer.headers if name.startswith("access-control")] == []
    assert answer.headers["vary"] == "Origin"


async def test_a_listed_origin_may_ask_and_read_but_not_by_cookie(ground: Ground) -> None:
    found = (await ask(ground, "GET", "/docs", Origin=FRIEND)).headers

    assert found["access-control-allow-origin"] == FRIEND
    assert "Content-Location" in found["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in found


async def test_a_listed_origin_can_read_a_refusal_too(ground: Ground) -> None:
    answer = await ask(ground, "GET", "/docs", key="", Origin=FRIEND)

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, FRIEND)


async def test_a_browser_may_ask_first_without_a_key(ground: Ground) -> None:
    answer = await ask(ground, "OPTIONS", "/v1/chat/completions", key="", Origin=FRIEND, **ASKS)

    assert (answer.status_code, answer.headers["access-control-allow-headers"]) == (204, "x-api-key")


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_browser_that_asks_for_another_site_is_refused(ground: Ground, origin: str) -> None:
    answer = await ask(ground, "OPTIONS", "/v1/chat/completions", key="", Origin=origin, **ASKS)

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_an_answer_that_breaks_off_is_logged_and_not_begun_again(ground: Ground) -> None:
    routes = APIRouter()

    async def half() -> Any:
        yield b"first"
        raise ZeroDivisionError("secret")

    @routes.get("/half")
    async def broken() -> StreamingResponse:
        return StreamingResponse(half())

    app, sent = ground.app(routers=(routes,)), []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    head = [(b"host", b"weave.example"), (b"x-api-key", ACME.encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/half",
        "query_string": b"",
        "headers": head,
        "scheme": "http",
        "client": ("203.0.113.9", 1),
        "asgi": {"version": "3.0", "spec_version": "2.4"},
    }
    await app(scope, receive, send)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert ground.logged[0][0] == "http.bug"


async def test_a_websocket_is_closed_before_it_opens(ground: Ground) -> None:
    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    await ground.app()({"type": "websocket", "path": "/docs", "headers": []}, receive, send)

    assert sent == [{"type": "websocket.close", "code": 1008}]
