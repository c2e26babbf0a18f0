"""`/mcp` over HTTP, without sessions: any process may answer any message, and nothing is kept between two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic_core import from_json
from starlette.types import Message, Receive, Scope, Send

from core.errors import Forbidden, Invalid, TooLarge
from core.http.context.shelf import Shelf
from core.http.front import Caller

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp.server.transport_security import TransportSecurityMiddleware

MAX_BODY = 8 * 1024 * 1024
JSON, EVENTS = "application/json", "text/event-stream"
LOOPBACK = ("127.0.0.1", "127.0.0.1:*", "localhost", "localhost:*", "[::1]", "[::1]:*")
_STATE = "autoweave.mcp.caller"


class PlaceRefused(Forbidden):
    """The Host or the Origin is not one this server answers to: a page elsewhere may be asking."""

    code = "AW969"
    fix = "Call the server by a name that it was started with, and list the web pages that may call it."


class MessageInvalid(Invalid):
    """The body is no JSON-RPC message."""

    code = "AW967"
    status = 400
    fix = "Send one JSON-RPC 2.0 message as application/json."


class MessageTooLarge(TooLarge):
    """The message is over the limit."""

    code = "AW968"
    fix = "Name a document by its https URL instead of sending its text."


def router(
    shelf: Shelf,
    identify: Callable[[Request], Caller],
    *,
    hosts: Sequence[str] = LOOPBACK,
    origins: Sequence[str] = (),
    max_body: int = MAX_BODY,
) -> APIRouter:
    """`hosts` and `origins` may end in `:*` for any port. A browser's page is refused unless listed."""
    made = APIRouter(tags=["mcp"])
    door = _Door(shelf, tuple(hosts), tuple(origins))

    @made.post("/mcp", responses=_RESPONSES, openapi_extra=_BODY, response_class=Response)
    async def mcp(request: Request) -> Response:
        """One message of the Model Context Protocol (streamable HTTP, stateless)."""
        caller = identify(request)
        server = await door.open(request)
        body, message = await _message(request, max_body)
        if "id" not in message or "method" not in message:
            return Response(status_code=202)  # nothing is kept that a notification could be about
        refused = _refusal(server, message)
        return JSONResponse(refused) if refused else _Passed(server, caller, body)

    return made


class _Door:
    """The protocol's server, made when the first message comes: its package costs 0.7 CPU s."""

    def __init__(self, shelf: Shelf, hosts: tuple[str, ...], origins: tuple[str, ...]) -> None:
        self._shelf = shelf
        self._hosts = hosts
        self._origins = origins
        self._made: tuple[TransportSecurityMiddleware, Server[Any, Any]] | None = None
        self._lock = asyncio.Lock()

    async def open(self, request: Request) -> Server[Any, Any]:
        """The server, where the request names a host, an origin and a type that it may."""
        async with self._lock:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            guard, server = self._made
        refused = await guard.validate_request(request, is_post=True)
        if refused is not None and refused.status_code == 400:
            raise MessageInvalid("The Content-Type is not application/json.", place="Content-Type")
        if refused is not None:
            place = "Host" if refused.status_code == 421 else "Origin"
            raise PlaceRefused(f"This server does not answer to that {place}.", place=place)
        return server

    def _make(self) -> tuple[TransportSecurityMiddleware, Server[Any, Any]]:
        from mcp.server import transport_security as security  # noqa: PLC0415  # with the server, 0.7 CPU s

        from core.http.context import speaking  # noqa: PLC0415  # as above

        settings = security.TransportSecuritySettings(
            allowed_hosts=list(self._hosts), allowed_origins=list(self._origins)
        )
        guard = security.TransportSecurityMiddleware(settings)
        return guard, speaking.server(self._shelf, lambda request: request.scope[_STATE])


class _Passed(Response):
    """An answer that the protocol's own package writes, once the message was let in."""

    def __init__(self, server: Server[Any, Any], caller: Caller, message: bytes) -> None:
        super().__init__()
        self._server = server
        self._caller = caller
        self._message = message

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mcp.server.streamable_http_manager import (  # noqa: PLC0415  # as above
            StreamableHTTPSessionManager,
        )

        is_json = EVENTS not in _accepted(scope)
        headers = [pair for pair in scope["headers"] if pair[0] not in (b"accept", b"content-length")]
        wanted = f"{JSON}, {EVENTS}".encode()  # the package compares words; `*/*` is a yes, too
        inner = {
            **scope,
            _STATE: self._caller,
            "headers": [
                *headers,
                (b"accept", wanted),
                (b"content-length", str(len(self._message)).encode()),
            ],
        }
        body: list[Message] = [{"type": "http.request", "body": self._message, "more_body": False}]

        async def replay() -> Message:
            return body.pop() if body else await receive()

        # Made for one message: its tasks live as long as the answer, and nothing is left to be closed.
        manager = StreamableHTTPSessionManager(self._server, stateless=True, json_response=is_json)
        async with manager.run():
            await manager.handle_request(inner, replay, send)


def _accepted(scope: Scope) -> str:
    return ", ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")


def _refusal(server: Server[Any, Any], message: dict[str, Any]) -> dict[str, Any] | None:
    from core.http.context import speaking  # noqa: PLC0415  # as above

    return speaking.refusal(server, message)


async def _message(request: Request, max_body: int) -> tuple[bytes, dict[str, Any]]:
    """The body, whole and well-formed: the package answers odd bytes and deep nesting with 500."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > max_body:
            raise MessageTooLarge(f"The message is over {max_body} bytes.", limit=max_body)
    try:
        message = from_json(bytes(body), allow_inf_nan=False, cache_strings=False)
    except ValueError as error:
        raise MessageInvalid(f"The body is not JSON: {str(error)[:100]}.") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise MessageInvalid("The body is not one JSON-RPC 2.0 message; batches are not taken.")
    if type(message.get("id", 0)) not in (int, str):
        raise MessageInvalid("The id is neither a string nor an integer.", place="/id")
    return bytes(body), message


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "type": "object",
                    "description": "One JSON-RPC 2.0 message of the Model Context Protocol.",
                    "properties": {
                        "jsonrpc": {"const": "2.0"},
                        "id": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                        "method": {"type": "string"},
                        "params": {"type": "object"},
                    },
                    "required": ["jsonrpc", "method"],
                }
            }
        },
    }
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer to a request.",
        "content": {JSON: {"schema": {"type": "object"}}, EVENTS: {"schema": {"type": "string"}}},
    },
    202: {"description": "A notification was taken."},
    400: {"description": "Not a message of this protocol, or not of a version that is spoken."},
}
