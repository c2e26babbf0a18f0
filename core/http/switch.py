"""The short way from a path to its route: fifty routes tried in turn cost as much as the rest of a request.

An index over the application's own routes; what it does not find, the application's router answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

_Index = dict[tuple[str, int, str], list[APIRoute]]
"""By method, number of segments and first segment; the first is empty where it is a parameter."""


class Switch:
    """Stands where the router's own search would begin. Routes that were included under a prefix or
    with dependencies are not in the index: only their inclusion knows those."""

    def __init__(self, app: FastAPI) -> None:
        self._slow: ASGIApp = app.router.middleware_stack
        self._router = app.router
        self._index = _index(app.routes)
        app.router.middleware_stack = self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (route := self.find(scope)) is not None:
            scope["router"] = self._router
            await route.handle(scope, receive, send)
        else:
            await self._slow(scope, receive, send)

    def find(self, scope: Scope) -> APIRoute | None:
        path, method = scope["path"], scope["method"]
        first, count = path[1:].partition("/")[0], path.count("/")
        for key in ((method, count, first), (method, count, "")):
            for route in self._index.get(key, ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    return route
        return None


def _index(routes: Sequence[BaseRoute]) -> _Index:
    made: _Index = {}
    for route in leaves(routes):
        if ":path}" in route.path:
            continue
        first = route.path[1:].partition("/")[0]
        for method in route.methods or ():
            key = (method, route.path.count("/"), "" if "{" in first else first)
            made.setdefault(key, []).append(route)
    return made


def leaves(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            context = getattr(route, "include_context", None)
            if context is None or not (context.prefix or context.dependencies):
                yield from leaves(inner.routes)
