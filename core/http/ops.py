"""What whoever runs the server asks: is it there, can it work, how much does it do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from core.errors import AppError
from core.http import scope as scopes
from core.http.front import Caller, Front

State = Literal["ok", "degraded", "down"]
RANK: dict[State, int] = {"ok": 0, "degraded": 1, "down": 2}


@dataclass(frozen=True, slots=True)
class Health:
    """How a part is. `why` and `fix` are shown to callers with a key, and hold no secret."""

    state: State = "ok"
    why: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Asks one part how it is. A part that raises or is late is down; one not needed only degrades us."""

    name: str
    ask: Callable[[], Awaitable[Health]]
    is_needed: bool = True
    deadline_s: float = 2.0


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class Part(BaseModel):
    name: str
    state: State
    why: str = ""
    fix: str = ""


class Ready(BaseModel):
    """`graphs` is what the caller may run; it and the reasons need a key."""

    status: State
    parts: list[Part]
    graphs: list[str] = []


def router(front: Front, checks: Sequence[Check], metrics: Callable[[], tuple[bytes, str]]) -> APIRouter:
    routes = APIRouter(tags=["operations"])

    @routes.get("/health", summary="Whether the process answers")
    async def health() -> Alive:
        return Alive()

    @routes.get(
        "/ready",
        summary="Whether each part works, and why not",
        responses={503: {"model": Ready, "description": "A needed part is down"}},
    )
    async def ready(request: Request, response: Response) -> Ready:
        who: Caller | None = request.scope.get(scopes.CALLER)
        found = await asyncio.gather(*(_asked(check) for check in checks))
        states = [state for state, _ in found]
        status: State = max(states, key=RANK.__getitem__, default="ok")
        response.status_code = 503 if status == "down" else 200
        parts = [part if who else Part(name=part.name, state=part.state) for _, part in found]
        return Ready(status=status, parts=parts, graphs=sorted(front.runs.offers(who)) if who else [])

    @routes.get(
        "/metrics",
        summary="Counters for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def render() -> Response:
        body, media = metrics()
        return Response(body, media_type=media)

    return routes


async def _asked(check: Check) -> tuple[State, Part]:
    """What the part's state makes of the whole, and the part."""
    health = await _health(check)
    part = Part(name=check.name, state=health.state, why=health.why, fix=health.fix)
    whole: Any = "degraded" if health.state == "down" and not check.is_needed else health.state
    return whole, part


async def _health(check: Check) -> Health:
    try:
        async with asyncio.timeout(check.deadline_s):
            return await check.ask()
    except AppError as error:
        return Health("down", error.message, error.fix)
    except TimeoutError:
        return Health("down", f"It did not answer within {check.deadline_s:g} s.")
    except Exception as error:  # noqa: BLE001  # a check asks other people's libraries
        return Health("down", f"It could not be asked: {type(error).__name__}.")
