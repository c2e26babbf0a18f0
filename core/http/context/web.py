"""`/mcp` over HTTP, without sessions: any process may answer any message, and nothing is kept between two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic_core import from_json
from starlette.types import Message, Receive, Scope, Send

from core.errors import Forbidden, Invalid, TooLarge
from core.http import identity
from core.http import scope as scopes
from core.http.context.shelf import Shelf
from core.http.front import Caller

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

MAX_BODY = 12_000_000
JSON, EVENTS = "application/json", "text/event-stream"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_STATE = "autoweave.mcp.caller"


class MessageInvalid(Invalid):
    """The body is no JSON-RPC message."""

    code = "AW967"
    status = 400
    fix = "Send one JSON-RPC 2.0 message as application/json."


class MessageTooLarge(TooLarge):
    """The message is over the limit."""

    code = "AW968"
    fix = "Name a document by its https URL instead of sending its text."


class PlaceRefused(Forbidden):
    """The Host or the Origin is not one this server answers to: a page elsewhere may be asking."""

    code = "AW969"
    fix = "Show a key, ask for this server by its own name, or have the page's origin listed."


def router(
    shelf: Shelf,
    identify: Callable[[Request], Caller],
    *,
    hosts: Collection[str] = LOOPBACK,
    origins: Collection[str] = (),
    max_body: int = MAX_BODY,
) -> APIRouter:
    """`hosts` are the names it may be asked for without a key; `origins` the pages that may ask at all."""
    made = APIRouter(tags=["mcp"])
    speaker = _Speaker(shelf)

    @made.post("/mcp", responses=_RESPONSES, openapi_extra=_BODY, response_class=Response)
    async def mcp(request: Request) -> Response:
        """One message of the Model Context Protocol (streamable HTTP, stateless)."""
        caller = identify(request)
        _check_place(request.scope, hosts, origins)
        body, message = await _message(request, max_body)
        if "id" not in message:
            return Response(status_code=202)  # nothing is kept that a notification could be about
        server, refused = await speaker.refusal(message)
        return JSONResponse(refused) if refused else _Passed(server, caller, body)

    return made


def _check_place(scope: Scope, hosts: Collection[str], origins: Collection[str]) -> None:
    """A page that has its own name point here (DNS rebinding) knows no key, and says where it is from."""
    found = scopes.headers(scope)
    host = found.get(b"host", b"").decode("latin-1")
    is_known = not found.keys().isdisjoint(_KEYS) or _name(host) in hosts
    origin = found.get(b"origin")
    if origin is not None and origin.decode("latin-1") not in origins:
        if not is_known or not identity.is_own(scope, origin):
            raise PlaceRefused("Pages of this origin may not ask.", place="Origin")
    elif not is_known:
        raise PlaceRefused("Without a key, this server does not answer to that name.", place="Host")


_KEYS = frozenset({b"x-api-key", b"authorization"})


def _name(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name.lower() if colon and port.isdigit() else host.lower()


class _Speaker:
    """The protocol's server, made when the first message comes: its package costs 0.7 CPU s."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._server: Server[Any, Any] | None = None
        self._lock = asyncio.Lock()

    async def refusal(self, message: dict[str, Any]) -> tuple[Server[Any, Any], dict[str, Any] | None]:
        """The server, and the error where the message is not one for it."""
        async with self._lock:
            if self._server is None:
                self._server = await asyncio.to_thread(self._make)
        from core.http.context import speaking  # noqa: PLC0415  # as above

        return self._server, speaking.refusal(self._server, message)

    def _make(self) -> Server[Any, Any]:
        from core.http.context import speaking  # noqa: PLC0415  # as above

        return speaking.server(self._shelf, lambda request: request.scope[_STATE])


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

        accepted = b",".join(scopes.every(scope, b"accept")).decode("latin-1")
        # The package compares words, and `*/*` is a yes, too.
        wanted = (b"accept", f"{JSON}, {EVENTS}".encode())
        headers = [wanted, *(pair for pair in scope["headers"] if pair[0] != b"accept")]
        body: list[Message] = [{"type": "http.request", "body": self._message, "more_body": False}]

        async def replay() -> Message:
            return body.pop() if body else await receive()

        # Made for one message: its tasks live as long as the answer, and nothing is left to be closed.
        manager = StreamableHTTPSessionManager(
            self._server,
            stateless=True,
            json_response=EVENTS not in accepted,
            max_request_body_size=max(len(self._message), 1),
        )
        async with manager.run():
            await manager.handle_request({**scope, _STATE: self._caller, "headers": headers}, replay, send)


async def _message(request: Request, max_body: int) -> tuple[bytes, dict[str, Any]]:
    """The body, whole and well-formed: the package answers odd bytes and deep nesting with 500."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != JSON:
        raise MessageInvalid("The Content-Type is not application/json.", place="Content-Type")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > max_body:
            raise MessageTooLarge(f"The message is over {max_body} bytes.", limit=max_body)
    return bytes(body), _parsed(bytes(body))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        message = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MessageInvalid(f"The body is not JSON: {str(error)[:100]}.") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise MessageInvalid("The body is not one JSON-RPC 2.0 message; batches are not taken.")
    for name, kinds in _FORM.items():
        if type(message.get(name, kinds[0]())) not in kinds:
            raise MessageInvalid(f"`{name}` is of a wrong type.", place=f"/{name}")
    if "method" not in message:
        raise MessageInvalid("There is no method; nothing was asked that this could answer.", place="/method")
    return message


_FORM: dict[str, tuple[type, ...]] = {"id": (int, str), "method": (str,), "params": (dict,)}
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
        "content": {JSON: {"schema": {"type": "object"}}, EVENTS: {}},
    },
    202: {"description": "A notification was taken."},
    400: {"description": "Not a message of this protocol, or not of a version that is spoken."},
    403: {"description": "Asked from a page, or by a name, that this server does not answer to."},
    413: {"description": "The message is too large."},
}
