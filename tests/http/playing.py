"""LangServe's routes in the whole application, over the front in memory."""

from __future__ import annotations

import json
from typing import Any

import httpx
from fastapi import FastAPI

from tests.fronts import Memory
from tests.http.ground import ACME, Ground, client

APPROVE = {"decisions": [{"type": "approve"}]}


class Stage:
    """The application, the front behind it, and a client with a key."""

    def __init__(self, **parts: Any) -> None:
        ground = Ground()
        self.app: FastAPI = ground.app(**parts)
        assert ground.memory is not None
        self.memory: Memory = ground.memory

    def client(self, key: str = ACME) -> httpx.AsyncClient:
        return client(self.app, key)

    async def post(self, path: str, body: Any, key: str = ACME) -> httpx.Response:
        async with self.client(key) as asking:
            return await asking.post(path, json=body)

    async def get(self, path: str, key: str = ACME) -> httpx.Response:
        async with self.client(key) as asking:
            return await asking.get(path)


def events(answer: httpx.Response) -> list[tuple[str, Any]]:
    """A stream's events by name, their data read as JSON."""
    found = []
    for block in answer.text.replace("\r\n", "\n").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["event"], json.loads(lines["data"]) if "data" in lines else None))
    return found


def data(answer: httpx.Response) -> list[Any]:
    return [value for name, value in events(answer) if name == "data"]
