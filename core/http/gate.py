"""Between the edge and the routes: nobody gets past without being known and counted."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.http import scope as scopes
from core.http.identity import Door, KeyRefused
from core.http.rate import Rate

FREE = frozenset({"/health"})
"""Answered to anybody, uncounted."""
OPEN = frozenset({"/ready", "/login"})
"""Answered to anybody; who shows a key is known all the same."""


class Gate:
    def __init__(self, app: ASGIApp, *, door: Door, rate: Rate, opened: frozenset[str]) -> None:
        self._app, self._door, self._rate, self._opened = app, door, rate, OPEN | opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in FREE:
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._door.caller(scope)
        except KeyRefused:
            await self._rate.by_peer(scopes.peer(scope))
            if not self._is_open(scope):
                if not _is_page(scope):
                    raise
                answer = RedirectResponse(f"/login?next={quote(scope['path'])}", 303)
                await answer(scope, receive, send)
                return
        else:
            scope[scopes.CALLER] = caller
            await self._rate.by_key(caller.actor)
        await self._app(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        path = scope["path"]
        if path == "/metrics":
            return path in self._opened or (
                scopes.is_loopback(scopes.peer(scope)) and not scopes.is_forwarded(scope)
            )
        return path in self._opened


def _is_page(scope: Scope) -> bool:
    """A person's browser asks for a page: show the way in."""
    if scope["method"] != "GET" or b"x-api-key" in scopes.headers(scope):
        return False
    return b"text/html" in scopes.headers(scope).get(b"accept", b"")
