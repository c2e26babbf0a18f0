"""How much one request may be, before anything reads it: its head, its body's size, form and depth.

A body is read whole, once, and parsed once as strict JSON; the adapters find the result in the scope.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import AppError, Invalid, TooLarge
from core.http import scope as scopes
from core.http.identity import KEY, Ambiguous
from core.http.problems import RequestInvalid, RouteUnknown


class OverLimit(TooLarge):
    """The request is larger, deeper or slower than this server takes."""

    code = "AW942"
    fix = "Send less; the limits are settings of the server."


class MediaUnsupported(Invalid):
    """The body is in a form that this path does not read."""

    code = "AW943"
    status: ClassVar[int] = 415
    fix = "Send JSON with `Content-Type: application/json`, not compressed."


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds, rates by the minute."""

    body: int = 10_000_000
    depth: int = 100
    body_s: float = 30.0
    url: int = 8_192
    header: int = 32_768
    headers: int = 100
    per_key: int = 20_000
    per_peer: int = 1_200
    """Of requests without a valid key."""


_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")
_CRAFTED = re.compile(rb"//|\\|%2[fF]|%5[cC]|%0|%1|%7[fF]|/\.{1,2}(?:/|$)|/(?:\.|%2[eE]){1,2}(?:/|$)")
_SECRET_NAMES = re.compile(rb"(?:^|&)(?:x-)?(?:api[-_]?key|access[-_]?token)=", re.IGNORECASE)
_ONCE = (b"host", b"content-length", b"content-type", b"transfer-encoding", b"idempotency-key", b"origin")
_FORM = b"application/x-www-form-urlencoded"


class Head:
    """Refuses a request by its first lines alone."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _check_url(scope, self._limits)
            _check_headers(scope, self._limits)
        await self._app(scope, receive, send)


def _check_url(scope: Scope, limits: Limits) -> None:
    path, query = scope.get("raw_path") or scope["path"].encode(), scope["query_string"]
    if len(path) + len(query) > limits.url:
        raise _sized(OverLimit("The URL is too long.", limit=limits.url), 414)
    if _CRAFTED.search(path):
        raise RouteUnknown("There is nothing at this path.")
    if query and (_SECRET_NAMES.search(query) or KEY.search(query.decode("latin-1"))):
        raise Ambiguous(
            "A key in a URL stays in logs and histories.", fix="Send it as a header, and make a new key."
        )


def _check_headers(scope: Scope, limits: Limits) -> None:
    raw, found = scope["headers"], scopes.headers(scope)
    if len(raw) > limits.headers or sum(map(len, found.values())) > limits.header:
        raise _sized(OverLimit("The headers are too many or too long."), 431)
    if len(raw) != len(found):
        for name in _ONCE:
            if len(scopes.every(scope, name)) > 1:
                raise Ambiguous(f"The header {name.decode()} stands twice.")
    if not _HOST.fullmatch(found.get(b"host", b"")):
        raise Ambiguous("The Host header is missing or is not a name.", fix="Send one Host header.")
    if b"transfer-encoding" in found and b"content-length" in found:
        raise Ambiguous("The request has a Content-Length and a Transfer-Encoding.")


class Body:
    """Reads a body within its limits; what comes after is given it whole."""

    def __init__(self, app: ASGIApp, *, limits: Limits, forms: frozenset[str]) -> None:
        self._app, self._limits, self._forms = app, limits, forms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = scopes.headers(scope)
        if b"content-length" not in found and b"transfer-encoding" not in found:
            await self._app(scope, receive, send)
            return
        length = found.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:20]) > self._limits.body:
            raise OverLimit("The body is too large.", limit=self._limits.body)
        body = await self._read(receive)
        if body:
            self._judge(scope, found, body)
        await self._app(scope, _again(body, receive), send)

    async def _read(self, receive: Receive) -> bytes:
        message = await receive()
        if not message.get("more_body"):
            return self._sized(message.get("body", b""))
        parts = [message.get("body", b"")]
        size = len(parts[0])
        try:
            async with asyncio.timeout(self._limits.body_s):
                while message.get("more_body") and size <= self._limits.body:
                    message = await receive()
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
        except TimeoutError:
            raise _sized(OverLimit("The body came too slowly."), 408) from None
        return self._sized(b"".join(parts))

    def _sized(self, body: bytes) -> bytes:
        if len(body) > self._limits.body:
            raise OverLimit("The body is too large.", limit=self._limits.body)
        return body

    def _judge(self, scope: Scope, found: dict[bytes, bytes], body: bytes) -> None:
        if found.get(b"content-encoding", b"identity").lower() != b"identity":
            raise MediaUnsupported("A compressed body is not read.")
        media = found.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media == b"application/json" or (media.startswith(b"application/") and media.endswith(b"+json")):
            scope[scopes.JSON] = parse(body, self._limits.depth)
        elif not (media == _FORM and scope["path"] in self._forms):
            raise MediaUnsupported("The body is not sent as JSON.")


def parse(body: bytes, depth: int) -> Any:
    """Strict JSON: UTF-8, finite numbers, no deeper than `depth`."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            raise OverLimit("The body is nested too deeply.", limit=depth) from None
        raise RequestInvalid(f"The body is not JSON: {error.msg}.", place="/body") from None
    if body.count(b"[") + body.count(b"{") > depth:
        _measure(value, depth)
    return value


def _measure(value: Any, depth: int) -> None:
    """One level at a time, so that the work is the size of the value whatever its shape."""
    level = [value]
    for _ in range(depth):
        level = [
            each
            for holder in level
            for each in (holder.values() if type(holder) is dict else holder)
            if type(each) is dict or type(each) is list
        ]
        if not level:
            return
    raise OverLimit("The body is nested too deeply.", limit=depth)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body, once more; then what the connection says, such as that it was closed."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _sized(error: AppError, status: int) -> AppError:
    error.status = status  # type: ignore[misc]  # HTTP has a number for each kind of too much
    return error
