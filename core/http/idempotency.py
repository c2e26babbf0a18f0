"""`Idempotency-Key` by Stripe's rules: a POST that is sent again gets the first answer again.

What failed before work began is not kept, so that a corrected request may use the same key.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import AppError, Conflict, Invalid
from core.http import problems
from core.http import scope as scopes


class KeyReused(Invalid):
    """The same Idempotency-Key came with another request."""

    code = "AW948"
    fix = "Use a new key for each new request."


class StillRunning(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    code = "AW948"
    fix = "Wait, then send the same request again."


class KeyUnusable(Invalid):
    """This request cannot have an Idempotency-Key, or not this one."""

    code = "AW949"
    status: ClassVar[int] = 400
    fix = "Send 1 to 255 visible ASCII characters, and no key with a stream."


class Reply(Protocol):
    """What the store knows under a key. `headers` and `body` are those of a done one."""

    @property
    def state(self) -> Literal["new", "running", "done"]: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def headers(self) -> Mapping[str, str] | None: ...
    @property
    def body(self) -> bytes | None: ...
    @property
    def holder(self) -> str: ...


class Replies(Protocol):
    """Answers by tenant and key, for 24 hours. `begin` takes the key or says what it stands for."""

    def begin(self, tenant: str, key: str, fingerprint: str) -> Reply: ...

    def keep(
        self, tenant: str, key: str, *, status: int, headers: Mapping[str, str], body: bytes, holder: str
    ) -> Any: ...

    def drop(self, tenant: str, key: str, *, holder: str) -> None: ...


_USABLE = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_KEPT = frozenset({"content-type", "location", "content-location"})
_FAILED_LATE = frozenset({500, 502, 504})


class Replay:
    """Keeps and replays answers. It stands after the body's limits: the body comes in one message."""

    def __init__(self, app: ASGIApp, *, replies: Replies) -> None:
        self._app, self._replies = app, replies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope.get(scopes.CALLER)
        if caller is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        raw = scopes.headers(scope).get(b"idempotency-key")
        if raw is None:
            await self._app(scope, receive, send)
            return
        if not _USABLE.fullmatch(raw):
            raise KeyUnusable("The Idempotency-Key is empty, too long or not visible ASCII.")
        if _streams(scope):
            raise KeyUnusable("A stream cannot be replayed.", fix="Leave the Idempotency-Key out.")
        first = await receive()
        key, mark = raw.decode(), _fingerprint(scope, first.get("body", b""))
        reply = await asyncio.to_thread(self._replies.begin, caller.tenant, key, mark)
        if reply.state != "new":
            await _again(reply, mark)(scope, receive, send)
            return
        hold = _Hold(self._replies, caller.tenant, key, reply.holder)
        await hold.work(self._app, scope, _given(first, receive), send)


@dataclass(frozen=True, slots=True)
class _Hold:
    """The key is ours until it is kept or dropped; whoever took it over meanwhile is left alone.

    A request that is cancelled keeps the key as running: nobody knows how far it came.
    """

    replies: Replies
    tenant: str
    key: str
    holder: str

    async def work(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        try:
            await app(scope, receive, answer.take)
        except AppError:
            await asyncio.to_thread(self._drop)
            raise
        except Exception:  # a bug may have done half the work: the same request does not do it again
            answer.fail(problems.unexpected(scopes.request_id(scope)))
            await asyncio.to_thread(self._keep, answer)
            raise
        await asyncio.to_thread(self._keep if answer.is_kept else self._drop, answer)
        await answer.release()

    def _keep(self, answer: _Answer) -> None:
        self.replies.keep(
            self.tenant,
            self.key,
            status=answer.status,
            headers=answer.kept_headers(),
            body=b"".join(answer.parts),
            holder=self.holder,
        )

    def _drop(self, _: _Answer | None = None) -> None:
        self.replies.drop(self.tenant, self.key, holder=self.holder)


class _Answer:
    """Holds an answer back until it is kept: who has seen it can be given it again. Streams pass."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._is_stream = False
        self.status = 0
        self.parts: list[bytes] = []

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start, self.status = message, message["status"]
            self._is_stream = (
                dict(message.get("headers", ())).get(b"content-type", b"").startswith(b"text/event-stream")
            )
        elif message["type"] == "http.response.body" and not self._is_stream:
            self.parts.append(message.get("body", b""))
            return
        if self._is_stream:
            await self._send(message)

    def fail(self, response: Response) -> None:
        self._start = {"headers": response.raw_headers}
        self.status, self.parts = response.status_code, [bytes(response.body)]

    @property
    def is_kept(self) -> bool:
        return not self._is_stream and (0 < self.status < 400 or self.status in _FAILED_LATE)

    def kept_headers(self) -> dict[str, str]:
        named = {k.decode().lower(): v.decode("latin-1") for k, v in self._start.get("headers", ())}
        return {name: value for name, value in named.items() if name in _KEPT}

    async def release(self) -> None:
        if self._start and not self._is_stream:
            await self._send(self._start)
            await self._send({"type": "http.response.body", "body": b"".join(self.parts)})


def _again(reply: Reply, mark: str) -> Response:
    if reply.fingerprint != mark:
        raise KeyReused("This Idempotency-Key was used for another request.")
    if reply.state == "running":
        raise StillRunning("The first request with this Idempotency-Key is still running.", retry_after_s=1)
    headers = {**(reply.headers or {}), "Idempotent-Replayed": "true"}
    return Response(reply.body or b"", reply.status or 200, headers)


def _streams(scope: Scope) -> bool:
    body: Any = scopes.parsed(scope)
    asks = isinstance(body, dict) and body.get("stream") is True
    return asks or scope["path"].rsplit("/", 1)[-1].startswith("stream")


def _fingerprint(scope: Scope, body: bytes) -> str:
    told = hashlib.sha256()
    for part in (scope["path"].encode(), scope["query_string"], body):
        told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()


def _given(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
