"""The Agent Server routes alone, over the front in memory. The key that is shown is the tenant."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from core.errors import AppError
from core.http import agent, problems
from core.http.front import Caller
from core.http.identity import KeyRefused
from tests.fronts import Memory, front

APPROVE = {"decisions": [{"type": "approve"}]}


def identify(request: Request) -> Caller:
    shown = request.headers.get("x-api-key")
    if not shown:
        raise KeyRefused("No key was shown.")
    return Caller(shown, f"key:{shown}")


def application() -> tuple[FastAPI, Memory]:
    made, memory = front()
    app = FastAPI()
    app.add_exception_handler(AppError, problems.on_app_error)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.include_router(agent.router(made, identify))
    return app, memory


class Client:
    """JSON in, JSON out, in the same process."""

    def __init__(self, app: Any, tenant: str = "acme") -> None:
        self._asked = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://weave.example",
            headers={"X-Api-Key": tenant} if tenant else {},
        )

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self._asked.request(method, path, json=body, **more)

    async def thread(self) -> str:
        return str((await self("POST", "/threads", {})).json()["thread_id"])

    async def events(self, path: str, body: Any = None, **more: Any) -> list[tuple[str, Any]]:
        answer = await self("POST" if body is not None else "GET", path, body, **more)
        assert answer.status_code == 200, answer.text
        return parsed(answer.text)


def parsed(text: str) -> list[tuple[str, Any]]:
    """Name and data of each server-sent event."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], httpx.Response(200, text=fields["data"]).json()))
    return found
