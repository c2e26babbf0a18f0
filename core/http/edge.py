"""The outermost layer: safe headers on every answer, CORS by an exact list, and no error unanswered."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import AppError
from core.http import problems
from core.http import scope as scopes
from core.http.identity import OriginRefused

Observe = Callable[[str, str, int, float], None]
"""Method, route template (empty where none matched), status, seconds: nothing a caller can make up."""

_CSP = b"default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"
_INLINE = (
    _CSP + b"; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
_EXPOSED = (
    b"Content-Location, Location, Idempotent-Replayed, Retry-After, Mcp-Session-Id, X-Thread-Id, traceparent"
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Edge:
    def __init__(
        self, app: ASGIApp, *, origins: Collection[str], log: Callable[..., None], observe: Observe | None
    ) -> None:
        self._app, self._log, self._observe = app, log, observe
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _not_http(self._app, scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        added = self._added(scope)

        async def finished(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = message["headers"] = list(message.get("headers", ()))
                names = {name for name, _ in own}
                own += [pair for pair in added if pair[0] not in names]
            await send(message)

        try:
            if (answer := self._preflight(scope)) is not None:
                await answer(scope, receive, finished)
            else:
                await self._app(scope, receive, finished)
        except AppError as error:
            await _late(_told(scope, error), status, scope, receive, finished)
        except Exception as error:  # noqa: BLE001  # the edge: a bug is logged whole and told in one line
            request = scopes.request_id(scope)
            self._log("http.bug", request=request, method=scope["method"], error=error)
            await _late(problems.unexpected(request), status, scope, receive, finished)
        if self._observe is not None:
            self._observe(_method(scope), template(scope), status, time.perf_counter() - began)

    def _added(self, scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
        is_page = "playground" in scope["path"]
        csp = ((b"content-security-policy", _INLINE if is_page else _CSP),)
        if not self._origins:
            return csp + _ALWAYS
        vary = ((b"vary", b"Origin"),)
        origin = scopes.headers(scope).get(b"origin")
        if origin not in self._origins:
            return csp + _ALWAYS + vary
        shared = ((b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED))
        return csp + _ALWAYS + vary + shared

    def _preflight(self, scope: Scope) -> Response | None:
        """A browser's question whether another site's page may ask. Credentials are never allowed."""
        if scope["method"] != "OPTIONS":
            return None
        found = scopes.headers(scope)
        if b"origin" not in found or b"access-control-request-method" not in found:
            return None
        if found[b"origin"] not in self._origins:
            raise OriginRefused(
                "Pages of this origin may not ask.", fix="Add the origin to the server's list."
            )
        asked = found.get(b"access-control-request-headers", b"").decode("latin-1")
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
                "Access-Control-Allow-Headers": asked,
                "Access-Control-Max-Age": "600",
            },
        )


def _told(scope: Scope, error: AppError) -> Response:
    """What is refused before a route is found is refused in the form of who asks."""
    if not scope["path"].startswith("/v1/"):
        return problems.respond(error)
    from core.http.completions import errors  # noqa: PLC0415  # it imports the routes' models

    return errors.respond(error)


def template(scope: Scope) -> str:
    """The route as it was declared, so that no caller can make a new name."""
    return str(getattr(scope.get("route"), "path", ""))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


async def _late(answer: Response, status: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Once an answer began there is no other: ending without its end closes the connection."""
    if not status:
        await answer(scope, receive, send)


async def _not_http(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await app(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})
