"""Chat graphs beyond those of `tests.fronts`: one that asks before it acts, and ones that go wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from core.errors import AppError, Conflict
from core.http import completions, problems
from core.http.front import Ask, Caller, Event, Front, Offer, Outcome, Ticket
from tests.fronts import Memory, TalkInput, TalkOutput, TalkState
from tests.http.shelves import identify


async def careful(state: TalkState) -> dict[str, Any]:
    question = {
        "action_requests": [
            {
                "name": "apply_plan",
                "args": {"plan_digest": "d1", "module": {"name": "shop"}},
                "description": "Add 3 files. Risk: low.",
            }
        ],
        "review_configs": [{"action_name": "apply_plan", "allowed_decisions": ["approve", "reject"]}],
    }
    decision = interrupt(question)["decisions"][0]
    why = f" ({decision['message']})" if "message" in decision else ""
    return {"messages": [AIMessage(f"Decided: {decision['type']}{why}.")]}


async def refusing(state: TalkState) -> dict[str, Any]:
    return {"problem": Conflict("The name is taken.", place="/name", fix="Choose another.").to_dict()}


async def breaking(state: TalkState) -> dict[str, Any]:
    raise ZeroDivisionError("secret detail")


async def counting(state: TalkState) -> dict[str, Any]:
    told = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    roles = " ".join(message.type for message in state["messages"])
    return {"messages": [AIMessage(roles, usage_metadata=told)]}


async def asking(state: TalkState) -> dict[str, Any]:
    return {"messages": [AIMessage(str(interrupt("Which colour?")))]}


class State(TalkState, total=False):
    problem: dict[str, Any]


class Chats(Memory):
    def __init__(self) -> None:
        super().__init__()
        self.is_spoiled = False
        saver = InMemorySaver()
        for node in (careful, refusing, breaking, counting, asking):
            name = node.__name__
            graph: StateGraph[Any] = StateGraph(State)
            graph.add_node(node)
            graph.add_edge(START, name)
            graph.add_edge(name, END)
            made = graph.compile(checkpointer=saver, name=name)
            offer = Offer(name, name, TalkInput, TalkOutput, made, is_durable=True, is_chat=True)
            self._offers = {**self._offers, name: offer}
        plain = self._offers["talk"].graph.builder.compile(name="plain")
        light = Offer("plain", "plain", TalkInput, TalkOutput, plain, is_durable=False, is_chat=True)
        self._offers = {**self._offers, "plain": light}

    def spoil(self) -> None:
        """From now on, runs break while they are listened to."""
        self.is_spoiled = True

    async def start(self, caller: Caller, ask: Ask) -> Ticket:
        made = await super().start(caller, ask)
        return Spoiled(made.run, made.thread, made.graph) if self.is_spoiled else made


@dataclass
class Spoiled:
    run: str
    thread: str
    graph: str

    async def events(self, after: int = -1) -> AsyncIterator[Event]:
        for _ in ():
            yield Event(0, "", None)
        raise ZeroDivisionError("Spoiled.")

    async def outcome(self) -> Outcome:
        raise ZeroDivisionError("Spoiled.")


def app(memory: Memory | None = None) -> FastAPI:
    memory = memory or Chats()
    made = FastAPI()
    front = Front(memory, memory, memory)
    made.include_router(completions.router(front, identify, now=lambda: 1_700_000_000.5))
    made.add_exception_handler(AppError, problems.on_app_error)
    return made
