"""The short way from a path to its route: fifty routes tried in turn cost as much as the rest of a request.

An index over the application's own routes; what it does not find, the application's router answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

_Index = dict[tuple[int, str, str], list[APIRoute]]
"""By number of segments, first and last one (empty where it is a parameter); most literal paths first."""


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
        """The route; None where the index knows no such path. Where the path is there and takes other
        methods, that is the answer: `/threads/search` is never the thread of that name."""
        path = scope["path"]
        first, last, count = path[1:].partition("/")[0], path.rpartition("/")[2], path.count("/")
        other: APIRoute | None = None
        for key in ((count, first, last), (count, first, ""), (count, "", last), (count, "", "")):
            for route in self._index.get(key, ()):
                if other is not None and route.path != other.path:
                    _refuse(self._index[key], other.path)
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    return route
                other = route if match is Match.PARTIAL else other
            if other is not None:
                _refuse(self._index[key], other.path)
        return None


def _refuse(routes: Sequence[APIRoute], path: str) -> NoReturn:
    methods = {method for route in routes if route.path == path for method in route.methods or ()}
    raise HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})


def _index(routes: Sequence[BaseRoute]) -> _Index:
    made: _Index = {}
    for route in leaves(routes):
        if ":path}" not in route.path:
            first, last = route.path[1:].partition("/")[0], route.path.rpartition("/")[2]
            key = (route.path.count("/"), "" if "{" in first else first, "" if "{" in last else last)
            made.setdefault(key, []).append(route)
    for group in made.values():
        group.sort(key=lambda route: [("{" in part, part) for part in route.path.split("/")])
    return made


def leaves(routes: Sequence[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (inner := getattr(route, "original_router", None)) is not None:
            context = getattr(route, "include_context", None)
            if context is None or not (context.prefix or context.dependencies):
                yield from leaves(inner.routes)
