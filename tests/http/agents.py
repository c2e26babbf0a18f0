"""The Agent Server routes alone, over the front in memory. The key that is shown is the tenant."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, TypedDict

import httpx
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from starlette.requests import Request

from core.errors import AppError
from core.http import agent, problems
from core.http.front import Caller, Front, Offer
from core.http.identity import KeyRefused
from tests.fronts import EchoState, Memory

APPROVE = {"decisions": [{"type": "approve"}]}


class Parts(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


class Watched(Memory):
    """Also `slow`, which goes on once `gate` opens; `nested`, with a graph inside; `model`, which
    streams its reply in parts. And what was cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.cancelled: list[str] = []
        self._offers |= {"slow": self._slow(), "nested": self._nested(), "model": self._model()}

    async def cancel(self, caller: Caller, run: str) -> None:
        self.cancelled.append(run)
        await super().cancel(caller, run)

    def _slow(self) -> Offer:
        async def wait(state: EchoState) -> EchoState:
            get_stream_writer()({"at": "the gate"})
            await self.gate.wait()
            return {"length": 1}

        return replace(self._offers["review"], id="slow", graph=self._line(EchoState, wait))

    def _nested(self) -> Offer:
        async def inner(state: EchoState) -> EchoState:
            return {"length": 2}

        outer = StateGraph(EchoState)
        outer.add_node("within", self._line(EchoState, inner, saver=None))
        outer.add_edge(START, "within")
        return replace(self._offers["echo"], id="nested", graph=outer.compile(name="nested"))

    def _model(self) -> Offer:
        async def say(state: Parts) -> Parts:
            model = GenericFakeChatModel(messages=iter([AIMessage("one two", id="m1")]))
            return {"messages": [await model.ainvoke("x")]}

        return replace(self._offers["talk"], id="model", graph=self._line(Parts, say))

    def _line(self, state: Any, node: Any, saver: Any = True) -> Any:
        graph: StateGraph[Any] = StateGraph(state)
        graph.add_node(node)
        graph.add_edge(START, node.__name__)
        kept = self._offers["review"].graph.checkpointer if saver else None
        return graph.compile(checkpointer=kept, name=node.__name__)


def identify(request: Request) -> Caller:
    shown = request.headers.get("x-api-key")
    if not shown:
        raise KeyRefused("No key was shown.")
    return Caller(shown, f"key:{shown}")


class Stage:
    """Stands for the front of whichever test runs: building the routes anew for each takes a while."""

    memory: Watched

    def __getattr__(self, name: str) -> Any:
        return getattr(self.memory, name)


@cache
def _built() -> tuple[FastAPI, Stage]:
    stage: Any = Stage()
    app = FastAPI()
    app.add_exception_handler(AppError, problems.on_app_error)
    app.add_exception_handler(RequestValidationError, problems.on_validation)
    app.include_router(agent.router(Front(stage, stage, stage), identify))
    return app, stage


def application() -> tuple[FastAPI, Watched]:
    """The application over a fresh front."""
    app, stage = _built()
    stage.memory = Watched()
    return app, stage.memory


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
