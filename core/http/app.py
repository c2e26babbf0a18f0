"""The whole server as one application: layers, then one router for each protocol.

It is given what it needs and opens nothing: a root hands in `Parts`, a test hands in fakes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from core.errors import AppError
from core.http import contract, login, ops, pages, problems
from core.http.context import Shelf
from core.http.edge import Edge, Observe
from core.http.front import Caller, Front
from core.http.gate import Gate
from core.http.idempotency import Replay, Replies
from core.http.identity import Door, Keys, caller
from core.http.limits import Body, Head, Limits
from core.http.rate import Rate
from core.http.sessions import Sessions
from core.http.switch import Switch

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
Layer = Callable[[ASGIApp], ASGIApp]


@dataclass(frozen=True)
class Parts:
    """What a root hands in. `secret` signs browser sessions: the same in every process of a server."""

    keys: Keys
    replies: Replies
    secret: bytes
    log: Callable[..., None]
    """Called as `log("http.bug", request=…, error=…)`."""
    metrics: Callable[[], tuple[bytes, str]]
    """The text of /metrics, and its media type."""
    checks: Sequence[ops.Check] = ()
    limits: Limits = field(default_factory=Limits)
    redis_url: str = ""
    """Where several servers count requests together."""
    origins: tuple[str, ...] = ()
    """Other sites whose pages may ask, as `https://host[:port]`."""
    dev: Caller | None = None
    """Who asks without a key, from this machine only. None: everybody needs a key."""
    is_metrics_open: bool = False
    shelf: Shelf | None = None
    """What is offered over MCP. None: nothing, and no /mcp."""
    observe: Observe | None = None
    layers: Sequence[Layer] = ()
    """More layers of a root's, such as tracing; inside the identity, outside the routes."""
    routers: Sequence[APIRouter] = ()
    """More routes of a root's, such as webhooks."""
    lifespan: Lifespan | None = None
    now: Callable[[], float] = time.time
    version: str = "0"


def create_app(front: Front, parts: Parts) -> FastAPI:
    sessions = Sessions(parts.secret)
    door = Door(parts.keys, sessions=sessions, now=parts.now, dev=parts.dev, origins=parts.origins)
    app = FastAPI(
        title="AutoWeave",
        version=parts.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=parts.lifespan,
    )
    app.add_exception_handler(AppError, problems.on_app_error)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.add_exception_handler(HTTPException, problems.on_http)
    for router in (
        ops.router(front, parts.checks, parts.metrics),
        login.router(door, sessions, now=parts.now),
        _docs(app),
        *parts.routers,
        *_protocols(front, parts),
    ):
        app.include_router(router)
    contract.describe(app)
    Switch(app)
    _wrap(app, parts, door)
    return app


def _protocols(front: Front, parts: Parts) -> list[APIRouter]:
    """One adapter for each; LangServe's is last, because its paths begin with any graph's name."""
    from core.http import agent, completions, runnables  # noqa: PLC0415  # only who serves pays for them
    from core.http.context import web  # noqa: PLC0415  # as above

    found = [completions.router(front, caller, now=parts.now), agent.router(front, caller)]
    if parts.shelf is not None:
        found.append(web.router(parts.shelf, caller, origins=parts.origins, max_body=parts.limits.body))
    return [*found, runnables.router(front, caller)]


def _wrap(app: FastAPI, parts: Parts, door: Door) -> None:
    """The layers, innermost first: `add_middleware` puts each around those before it."""
    for layer in reversed(parts.layers):
        app.add_middleware(layer)
    app.add_middleware(Replay, replies=parts.replies)
    app.add_middleware(Body, limits=parts.limits, forms=frozenset({"/login"}))
    rate = Rate(parts.limits, redis_url=parts.redis_url, log=parts.log)
    app.state.rate = rate  # whoever ends the server closes it
    opened = frozenset({"/metrics"}) if parts.is_metrics_open else frozenset[str]()
    app.add_middleware(Gate, door=door, rate=rate, opened=opened)
    app.add_middleware(Head, limits=parts.limits)
    app.add_middleware(Edge, origins=parts.origins, log=parts.log, observe=parts.observe)


def _docs(app: FastAPI) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def start() -> RedirectResponse:
        return RedirectResponse("/docs")

    @routes.get("/openapi.json")
    async def document() -> JSONResponse:
        return JSONResponse(app.openapi())

    @routes.get("/docs")
    async def page() -> HTMLResponse:
        return HTMLResponse(pages.operations(app.openapi()))

    @routes.get("/docs/style.css")
    async def style() -> Response:
        return Response(pages.STYLE, media_type="text/css", headers={"Cache-Control": "max-age=86400"})

    return routes
