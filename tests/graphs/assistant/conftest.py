"""The assistant behind the real front, with the planner or with a model that says what a test wants."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from core.http.front import Ask, Caller, Outcome
from core.store import Run
from graphs.assistant.planner import Planner
from graphs.assistant.served import Assistant
from graphs.catalog import served as catalog
from graphs.front.opened import Bounds, Opened, opened
from graphs.integrate import session
from graphs.integrate.served import Integrate

ACME, OTHER = Caller("acme", "key:1"), Caller("other", "key:2")
SPEC = (Path(__file__).resolve().parents[3] / "examples" / "orders" / "openapi.yaml").read_text()
ORDER = f"integrate this as shop, image registry.example.com/shop/orders:1.0.0\n```yaml\n{SPEC}```"
YES, NO = ({"decisions": [{"type": kind}]} for kind in ("approve", "reject"))


class Scripted(BaseChatModel):
    """Says the replies in turn, the last one for ever; a function may look at what it is shown."""

    replies: Sequence[Any]
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def seen(self) -> list[list[BaseMessage]]:
        return self._seen

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _reply(self, messages: list[BaseMessage]) -> AIMessage:
        self._seen.append(messages)
        reply = self.replies[min(len(self._seen), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        made = reply(messages) if callable(reply) else reply
        return AIMessage(made) if isinstance(made, str) else made.model_copy(update={"id": None})

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages))])

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        made = self._reply(messages)
        calls = [
            tool_call_chunk(name=each["name"], args=_json(each["args"]), id=each["id"], index=at)
            for at, each in enumerate(made.tool_calls)
        ]
        yield ChatGenerationChunk(message=AIMessageChunk(content=made.content, tool_call_chunks=calls))


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def calling(*calls: tuple[str, dict[str, Any]]) -> AIMessage:
    made = [
        {"name": name, "args": args, "id": f"c{at}", "type": "tool_call"}
        for at, (name, args) in enumerate(calls)
    ]
    return AIMessage("", tool_calls=made)


class Chat:
    """One thread of one caller, who is nobody else if left out."""

    def __init__(self, hall: Opened, caller: Caller | None = None, thread: str = "") -> None:
        self.hall, self.caller, self.thread = hall, caller or fresh(), thread

    @property
    def tenant(self) -> str:
        return self.caller.tenant

    async def say(self, text: str) -> Outcome:
        return await self._ended(Ask("assistant", input=said(text), thread=self.thread))

    async def answer(self, answer: dict[str, Any]) -> Outcome:
        return await self._ended(Ask("assistant", answer=answer, thread=self.thread))

    async def _ended(self, ask: Ask) -> Outcome:
        ticket = await self.hall.front.runs.start(self.caller, ask)
        self.thread = ticket.thread
        return await ticket.outcome()


_numbers = itertools.count()


def fresh() -> Caller:
    return Caller(f"tenant{next(_numbers)}", "key:1")


def said(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


def reply(outcome: Outcome) -> str:
    return str(outcome.values["messages"][-1].text)


def calls(outcome: Outcome) -> list[tuple[str, dict[str, Any]]]:
    return [
        (call["name"], call["args"])
        for message in outcome.values["messages"]
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    ]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def home(tmp_path: Path) -> session.Means:
    return means(tmp_path)


def means(folder: Path) -> session.Means:
    return session.Means(home=folder, store_url=f"sqlite:///{folder}/s.db", remote=f"{folder}/remote.git")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[session.Session]:
    """One for all of a file, for its child takes a second to start: each conversation has its own tenant."""
    with session.opened(means(tmp_path_factory.mktemp("home")), lambda _: None) as made:
        yield made


@contextlib.asynccontextmanager
async def hall(
    work: session.Session,
    model: BaseChatModel | None = None,
    *,
    slots: int = 1,
    ended: Callable[[Run, float], None] = lambda run, took_s: None,
    of_tenant: Callable[[str], BaseChatModel] | None = None,
) -> AsyncIterator[Opened]:
    """One worker: what a turn waits for must not need another."""
    integrate, offer = Integrate.of(work), catalog.offered()
    assistant = Assistant.of(work, integrate, model or Planner(), catalog=offer, of_tenant=of_tenant)
    kinds: Any = {"integrate": integrate, "assistant": assistant}
    bounds = Bounds(slots=slots, reap_s=0.05)
    async with opened(work.store, kinds, bounds, ended=ended, extra={"catalog": offer}) as made:
        yield made
