"""A request's span, its place in the caller's trace, and what is counted of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from core import telemetry
from core.telemetry.export import Telemetry
from core.telemetry.http import BROKEN_OFF, Traced

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
Seen = list[tuple[str, str, int, float]]


def client(seen: Seen | None = None) -> httpx.AsyncClient:
    app = FastAPI()

    @app.get("/threads/{thread}")
    async def thread(thread: str) -> dict[str, Any]:
        telemetry.note(tenant="acme")
        return {"at": telemetry.current()}

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"at": telemetry.current()}

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("no")

    times = iter(range(1000))
    observe = (lambda *each: seen.append(each)) if seen is not None else None
    traced = Traced(app, observe=observe, now=lambda: next(times))
    transport = httpx.ASGITransport(traced, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


async def test_a_request_is_a_span_named_by_its_route(recorded: Telemetry) -> None:
    await client().get("/threads/7?api_key=x")

    (span,) = recorded.spans()
    assert span.name == "GET /threads/{thread}"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET", "http.route": "/threads/{thread}", "http.response.status_code": 200,
        "tenant": "acme", "openinference.span.kind": "CHAIN",
    }  # fmt: skip


async def test_a_request_goes_on_with_its_callers_trace(recorded: Telemetry) -> None:
    answer = await client().get("/threads/7", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})

    (span,) = recorded.spans()
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN
    assert answer.headers["traceresponse"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert answer.json()["at"][0] == TRACE


async def test_a_callers_trace_is_known_even_when_nothing_is_recorded() -> None:
    answer = await client().get("/threads/7", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})

    assert answer.json()["at"] == [TRACE, SPAN]


@pytest.mark.parametrize("header", ["", "00-0-0-00", "\xff" * 55])
async def test_a_bad_header_begins_a_trace_of_its_own(recorded: Telemetry, header: str) -> None:
    answer = await client().get("/threads/7", headers=[(b"traceparent", header.encode("latin-1"))])

    assert answer.status_code == 200
    assert recorded.spans()[0].parent is None


async def test_two_headers_are_as_good_as_none(recorded: Telemetry) -> None:
    twice = [("traceparent", f"00-{TRACE}-{SPAN}-01")] * 2

    await client().get("/threads/7", headers=twice)

    assert recorded.spans()[0].parent is None


async def test_what_is_asked_every_few_seconds_is_counted_and_not_traced(recorded: Telemetry) -> None:
    seen: Seen = []

    await client(seen).get("/health")

    assert recorded.spans() == ()
    assert seen == [("GET", "/health", 200, 1)]


async def test_a_path_that_matches_nothing_is_not_named(recorded: Telemetry) -> None:
    seen: Seen = []

    await client(seen).get("/acme/secret-slug")

    assert recorded.spans()[0].name == "GET"
    assert seen == [("GET", "", 404, 1)]


async def test_a_broken_route_is_a_failed_span_and_a_500(recorded: Telemetry) -> None:
    seen: Seen = []

    answer = await client(seen).get("/broken")

    assert answer.status_code == 500
    assert not recorded.spans()[0].status.is_ok
    assert seen == [("GET", "/broken", 500, 1)]


async def test_a_client_that_leaves_before_the_answer_is_counted_as_such() -> None:
    seen: Seen = []

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return None

    traced = Traced(silent, observe=lambda *each: seen.append(each))
    await traced({"type": "http", "method": "GET", "path": "/", "headers": []}, *[silent] * 2)  # type: ignore[arg-type]

    assert [each[:3] for each in seen] == [("GET", "", BROKEN_OFF)]


async def test_what_is_not_http_is_passed_through(recorded: Telemetry) -> None:
    passed = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["type"])

    await Traced(app)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]

    assert passed == ["lifespan"]
    assert recorded.spans() == ()
