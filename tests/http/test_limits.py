"""How much one request may be, before anything reads it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, Request
from starlette.types import Message

from core.http import scope as scopes
from core.http.limits import Body, Limits, OverLimit, parse
from tests.http.ground import ACME, Ground, client

pytestmark = pytest.mark.anyio


def echo() -> APIRouter:
    routes = APIRouter()

    @routes.post("/echo")
    async def back(request: Request) -> dict[str, Any]:
        return {"read": (await request.body()).decode(), "parsed": scopes.parsed(request.scope)}

    return routes


@pytest.fixture
def ground() -> Ground:
    return Ground()


async def post(ground: Ground, content: Any, limits: Limits | None = None, **headers: str) -> Any:
    named = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    async with client(ground.app(routers=(echo(),), limits=limits or Limits()), ACME) as asked:
        return await asked.post("/echo", content=content, headers=named)


async def get(ground: Ground, path: str, **changes: Any) -> Any:
    async with client(ground.app(), ACME) as asked:
        return await asked.get(path, **changes)


async def test_a_body_is_parsed_once_and_read_as_it_came(ground: Ground) -> None:
    answer = await post(ground, b'{"a": [1, 2]}')

    assert answer.json() == {"read": '{"a": [1, 2]}', "parsed": {"a": [1, 2]}}


async def test_a_body_of_no_bytes_is_no_body(ground: Ground) -> None:
    answer = await post(ground, b"", Content_Type="text/plain")

    assert answer.json() == {"read": "", "parsed": None}


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_over_the_limit_is_refused(ground: Ground, is_chunked: bool) -> None:
    async def pieces() -> Any:
        for _ in range(20):
            yield b'"' + b"x" * 98 + b'"'

    content = pieces() if is_chunked else b"x" * 2_000

    answer = await post(ground, content, Limits(body=1_000))

    assert (answer.status_code, answer.json()["code"]) == (413, "AW942")


async def test_a_body_over_the_limit_is_read_no_further_than_the_limit() -> None:
    taken = 0

    async def endless() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    async def nowhere(*_: Any) -> None:
        raise AssertionError("the body was passed on")

    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
    with pytest.raises(OverLimit):
        await Body(nowhere, limits=Limits(body=1_000), forms=frozenset())(scope, endless, nowhere)

    assert taken == 11


async def test_a_length_that_lies_is_measured_by_what_comes() -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 2_000}

    async def nowhere(*_: Any) -> None:
        raise AssertionError("the body was passed on")

    scope = {"type": "http", "headers": [(b"content-length", b"5")]}
    with pytest.raises(OverLimit):
        await Body(nowhere, limits=Limits(body=1_000), forms=frozenset())(scope, receive, nowhere)


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 5_000, "0x10", "١٢"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    async def nowhere(*_: Any) -> None:
        raise AssertionError("the body was passed on")

    scope = {"type": "http", "headers": [(b"content-length", length.encode())]}
    with pytest.raises(OverLimit):
        await Body(nowhere, limits=Limits(), forms=frozenset())(scope, nowhere, nowhere)


async def test_a_body_that_comes_too_slowly_is_refused() -> None:
    import asyncio

    async def slow() -> Message:
        if not slow_began:
            slow_began.append(1)
            return {"type": "http.request", "body": b"x", "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError

    async def nowhere(*_: Any) -> None:
        raise AssertionError("the body was passed on")

    slow_began: list[int] = []
    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
    with pytest.raises(OverLimit) as caught:
        await Body(nowhere, limits=Limits(body_s=0.01), forms=frozenset())(scope, slow, nowhere)

    assert caught.value.status == 408


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "identity, gzip", "x"])
async def test_a_compressed_body_is_refused_unread(ground: Ground, encoding: str) -> None:
    import gzip

    answer = await post(ground, gzip.compress(b"0" * 1_000_000), Content_Encoding=encoding)

    assert (answer.status_code, answer.json()["code"]) == (415, "AW943")


@pytest.mark.parametrize(
    "media",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/json",
     "application/json-seq", "application/xml"],
)  # fmt: skip
async def test_a_body_that_is_not_sent_as_json_is_refused(ground: Ground, media: str) -> None:
    answer = await post(ground, b'{"files":{"u":{"filepath":"/etc/passwd"}}}', Content_Type=media)

    assert (answer.status_code, answer.json()["code"]) == (415, "AW943")


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON; charset=utf-8", "application/cloudevents+json"]
)
async def test_json_has_several_names(ground: Ground, media: str) -> None:
    assert (await post(ground, b"{}", Content_Type=media)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"{", b"[1,]", b"NaN", b"[Infinity]", b"-", b"1e999", b"'a'", b"\xff\xfe{}", b'"\\ud800"', b"/**/{}",
     b"\xef\xbb\xbf{}", b"9" * 5_000, b"{}{}", b'"\x00"'],
)  # fmt: skip
async def test_what_is_not_strict_json_is_refused(ground: Ground, body: bytes) -> None:
    answer = await post(ground, body)

    assert (answer.status_code, answer.json()["code"], answer.json()["place"]) == (422, "AW941", "/body")


@pytest.mark.parametrize("opened", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [100, 101, 1_000, 100_000])
async def test_a_body_may_be_a_hundred_deep_and_no_deeper(ground: Ground, depth: int, opened: bytes) -> None:
    closed = b"]" if opened == b"[" else b"}"

    answer = await post(ground, opened * depth + (b"1" if opened != b"[" else b"") + closed * depth)

    assert answer.status_code == (200 if depth == 100 else 413)


def test_brackets_in_text_are_not_depth() -> None:
    assert parse(b'["' + b"[" * 500 + b'"]', 100) == ["[" * 500]


def test_many_things_side_by_side_are_not_depth() -> None:
    assert len(parse(b"[" + b"[]," * 500 + b"[]]", 2)) == 501


def test_depth_is_measured_below_a_broad_top() -> None:
    with pytest.raises(OverLimit):
        parse(b"[" + b"[[]]," * 500 + b"[[[]]]]", 3)


@pytest.mark.parametrize("path", ["/" + "a" * 8_200, "/docs?" + "a=1&" * 2_100])
async def test_a_long_url_is_refused(ground: Ground, path: str) -> None:
    answer = await get(ground, path)

    assert (answer.status_code, answer.json()["code"]) == (414, "AW942")


@pytest.mark.parametrize(
    "headers", [{"X-Long": "a" * 33_000}, {f"X-{number}": "a" for number in range(101)}], ids=["long", "many"]
)
async def test_headers_that_are_long_or_many_are_refused(ground: Ground, headers: dict[str, str]) -> None:
    answer = await get(ground, "/docs", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (431, "AW942")


async def test_a_flood_of_ranges_gets_the_whole_answer(ground: Ground) -> None:
    answer = await get(ground, "/docs", headers={"Range": "bytes=" + "0-," * 5_000})

    assert answer.status_code == 200
    assert "content-range" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["//health", "/%2e%2e/health", "/docs%2f..%2fhealth", "/health%00", "/health%0a",
     "/.%2e/x", "/%5chealth", "/health/", "/HEALTH", "/health;x", "/health%20", "/health.",
     "/run-x%2fy", "/a//b"],
)  # fmt: skip
async def test_a_path_that_only_looks_like_another_is_not_found(ground: Ground, path: str) -> None:
    app = ground.app()
    async with client(app) as stranger, client(app, ACME) as known:
        request = stranger.build_request("GET", "http://weave.example/")
        request.url = request.url.copy_with(raw_path=path.encode())
        assert (await stranger.send(request)).status_code in {401, 404}
        request = known.build_request("GET", "http://weave.example/")
        request.url = request.url.copy_with(raw_path=path.encode())
        assert (await known.send(request)).status_code == 404


@pytest.mark.parametrize("host", ["x?", "x/", "a@b", "", "x y", "[::1", "a:b", "ex\u00e4mple", "x" * 300])
async def test_a_host_that_is_no_name_is_refused(ground: Ground, host: str) -> None:
    answer = await get(ground, "/docs", headers={"Host": host.encode()})

    assert (answer.status_code, answer.json()["code"]) == (400, "AW945")


@pytest.mark.parametrize("name", ["Host", "Content-Type", "Idempotency-Key", "Origin", "Content-Length"])
async def test_a_header_that_decides_something_stands_once(ground: Ground, name: str) -> None:
    async with client(ground.app(), ACME) as asked:
        answer = await asked.get("/docs", headers=[(name, "1"), (name, "1")])

    assert (answer.status_code, answer.json()["code"]) == (400, "AW945")


async def test_a_length_and_chunks_together_are_refused(ground: Ground) -> None:
    answer = await get(ground, "/docs", headers={"Content-Length": "0", "Transfer-Encoding": "chunked"})

    assert (answer.status_code, answer.json()["code"]) == (400, "AW945")
