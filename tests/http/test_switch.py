"""The index of routes finds what the router itself would find, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import Match

from core.http.switch import Switch, leaves
from tests.http.ground import ACME, Ground, client


def scope(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}


def operations() -> list[tuple[str, str]]:
    paths = Ground().app().openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize(("method", "path"), operations())
def test_every_operation_is_found_as_the_router_finds_it(method: str, path: str) -> None:
    app = Ground().app()
    asked = scope(method, re.sub(r"\{[^}]+\}", "x", path))

    found = Switch(app).find(dict(asked))

    inner = next(route for route in leaves(app.routes) if route.matches(dict(asked))[0] is Match.FULL)
    assert found is None or found is inner
    assert found is not None or ":path}" in inner.path


@pytest.mark.parametrize("path", ["/nowhere", "/health/", "/health/x", "", "/docs//", "/threads/x/y/z"])
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert Switch(Ground().app()).find(scope("GET", path)) is None


def test_routes_that_only_their_inclusion_knows_are_left_to_the_router() -> None:
    def guard() -> None: ...

    routes = APIRouter()
    routes.add_api_route("/inner", guard)
    app = FastAPI()
    app.include_router(routes, prefix="/outer")
    app.include_router(routes, dependencies=[Depends(guard)])

    assert {route.path for route in leaves(app.routes)}.isdisjoint({"/inner", "/outer/inner"})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/threads/search", "POST"),
        ("GET", "/threads/x/runs/stream", "POST"),
        ("GET", "/echo/chat_playground/stream_log", "POST"),
        ("BREW", "/threads/x", "DELETE, GET, PATCH"),
        ("POST", "/health", "GET"),
    ],
)
async def test_a_path_that_takes_other_methods_is_no_path_of_another_kind(
    method: str, path: str, allowed: str
) -> None:
    async with client(Ground().app(), ACME) as asked:
        answer = await asked.request(method, path)

    assert (answer.status_code, answer.headers.get("allow")) == (405, allowed)


@pytest.mark.anyio
async def test_a_route_added_later_is_served() -> None:
    app = Ground().app()
    app.add_api_route("/later", lambda: {"is": "here"})

    async with client(app, ACME) as asked:
        assert (await asked.get("/later")).json() == {"is": "here"}
