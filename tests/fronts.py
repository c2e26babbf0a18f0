"""A front in memory, for the tests of the protocols: real LangGraph graphs, nothing durable.

`echo` runs at once; `review` stops for an approval; `talk` is a chat; `broken` fails as expected
failures do, `bug` as no graph should.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from core.errors import Conflict
from core.http.front import (
    Ask,
    Caller,
    Event,
    Front,
    GraphUnknown,
    Interrupt,
    NothingWaits,
    Offer,
    Outcome,
    Snapshot,
    State,
    Thread,
    ThreadBusy,
    ThreadUnknown,
    Ticket,
)  # fmt: skip


class EchoInput(BaseModel):
    text: str


class EchoOutput(BaseModel):
    text: str
    length: int


class TalkInput(BaseModel):
    messages: list[dict[str, Any]]


class TalkOutput(BaseModel):
    messages: list[dict[str, Any]]


class EchoState(TypedDict, total=False):
    text: str
    length: int
    decision: str
    problem: dict[str, Any]


class TalkState(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


async def measure(state: EchoState) -> EchoState:
    return {"length": len(state["text"])}


async def review(state: EchoState) -> EchoState:
    question = {
        "action_requests": [{"name": "apply", "args": {"text": state["text"]}, "description": "Apply it."}],
        "review_configs": [{"action_name": "apply", "allowed_decisions": ["approve", "edit", "reject"]}],
    }
    decision = interrupt(question)["decisions"][0]
    if decision["type"] == "edit":
        return {"decision": "edit", "text": decision["edited_action"]["args"]["text"]}
    return {"decision": decision["type"]}


async def fail(state: EchoState) -> EchoState:
    return {"problem": Conflict(f"{state['text']} is taken.", fix="Choose another.").to_dict()}


async def crash(state: EchoState) -> EchoState:
    raise ZeroDivisionError("secret detail")


async def reply(state: TalkState) -> TalkState:
    return {"messages": [AIMessage(f"You said: {state['messages'][-1].text}")]}


def _line(state: Any, *nodes: Any) -> StateGraph[Any]:
    graph: StateGraph[Any] = StateGraph(state)
    names = [START, *(node.__name__ for node in nodes), END]
    for node in nodes:
        graph.add_node(node)
    for start, end in itertools.pairwise(names):
        graph.add_edge(start, end)
    return graph


def stepped(graph: Any, entry: Any, config: Any) -> Iterator[tuple[str, Any]]:
    """What a worker's thread hears of these graphs, whose nodes are async."""

    async def whole() -> list[tuple[str, Any]]:
        return [each async for each in graph.astream(entry, config, stream_mode=["values", "updates"])]

    yield from asyncio.run(whole())


def offers(saver: Any, *, durable: bool = False) -> dict[str, Offer]:
    """With `durable`, all of them keep their steps."""
    is_every = durable

    def offer(name: str, state: Any, *nodes: Any, durable: bool = False, chat: bool = False) -> Offer:
        durable = durable or is_every
        graph = _line(state, *nodes).compile(checkpointer=saver if durable or chat else None, name=name)
        return Offer(
            id=name,
            description=f"The graph {name}.",
            input=TalkInput if chat else EchoInput,
            output=TalkOutput if chat else EchoOutput,
            graph=graph,
            is_durable=durable or chat,
            is_chat=chat,
        )

    made = (
        offer("echo", EchoState, measure),
        offer("review", EchoState, measure, review, durable=True),
        offer("broken", EchoState, fail),
        offer("bug", EchoState, crash),
        offer("talk", TalkState, reply, chat=True),
    )
    return {each.id: each for each in made}


@dataclass
class Work:
    """A ticket: its events so far, and a task that makes more."""

    run: str
    thread: str
    graph: str
    tenant: str
    made: list[Event] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[Outcome] | None = None

    async def events(self, after: int = -1) -> AsyncIterator[Event]:
        assert self.task is not None
        at = after + 1
        while True:
            while at < len(self.made):
                yield self.made[at]
                at += 1
            if self.task.done():
                return
            async with self.news:
                if at == len(self.made) and not self.task.done():
                    await self.news.wait()

    async def outcome(self) -> Outcome:
        assert self.task is not None
        return await asyncio.shield(self.task)

    async def state(self) -> State:
        assert self.task is not None
        return (await self.outcome()).state if self.task.done() else "running"


class Memory:
    """Runs, Threads and Snapshots at once."""

    def __init__(self) -> None:
        self.asked: list[tuple[Caller, Ask]] = []
        self._offers = offers(InMemorySaver())
        self._runs: dict[str, Work] = {}
        self._threads: dict[tuple[str, str], Thread] = {}

    def offers(self, caller: Caller) -> Mapping[str, Offer]:
        return self._offers

    async def start(self, caller: Caller, ask: Ask) -> Ticket:
        self.asked.append((caller, ask))
        offer = self._offers.get(ask.graph)
        if offer is None:
            raise GraphUnknown(f"There is no graph {ask.graph}.")
        thread = await self._thread(caller, ask, offer)
        work = Work(uuid.uuid4().hex, thread.id if thread else "", offer.id, caller.tenant)
        entry: Any = Command(resume=dict(ask.answer)) if ask.answer is not None else dict(ask.input or {})
        work.task = asyncio.create_task(self._drive(work, offer, entry, ask))
        self._runs[work.run] = work
        return work

    async def _thread(self, caller: Caller, ask: Ask, offer: Offer) -> Thread | None:
        if not offer.is_durable:
            return None
        if not ask.thread:
            return await self.create(caller, metadata={"graph_id": offer.id})
        thread = await self.get(caller, ask.thread)
        if thread.status == "busy":
            raise ThreadBusy("The thread is busy.")
        if ask.answer is not None and not thread.interrupts:
            raise NothingWaits("Nobody asks.")
        metadata = {**thread.metadata, "graph_id": offer.id}
        self._threads[caller.tenant, thread.id] = replace(
            thread, graph=offer.id, metadata=metadata, status="busy"
        )
        return thread

    async def _drive(self, work: Work, offer: Offer, entry: Any, ask: Ask) -> Outcome:
        config: Any = {"configurable": {"thread_id": work.thread}} if work.thread else {}
        values: dict[str, Any] = {}
        asked: tuple[Interrupt, ...] = ()
        problem: dict[str, Any] | None = None
        try:
            modes = list({*ask.modes, "values"})
            async for mode, data in offer.graph.astream(entry, config, stream_mode=modes):
                if mode == "values":
                    values = {name: value for name, value in data.items() if name != "__interrupt__"}
                    asked = tuple(Interrupt(i.id, i.value) for i in data.get("__interrupt__", ()))
                if mode in ask.modes:
                    await self._tell(work, mode, data)
            problem = values.get("problem")
        except Exception:  # noqa: BLE001  # whatever a graph throws becomes the run's problem
            problem = {"code": "AW999", "message": "We broke a promise of our own.", "status": 500, "fix": ""}
        if problem:
            await self._tell(work, "error", problem)
        outcome = Outcome(
            work.run,
            work.thread,
            "failed" if problem else "waiting" if asked else "done",
            values,
            asked,
            problem,
        )
        self._keep(work, outcome)
        async with work.news:
            work.news.notify_all()
        return outcome

    async def _tell(self, work: Work, name: str, data: Any) -> None:
        async with work.news:
            work.made.append(Event(len(work.made), name, data))
            work.news.notify_all()

    def _keep(self, work: Work, outcome: Outcome) -> None:
        if thread := self._threads.get((work.tenant, work.thread)):
            status = "error" if outcome.problem else "interrupted" if outcome.interrupts else "idle"
            runs = (*thread.runs, work.run)
            self._threads[work.tenant, work.thread] = replace(
                thread, status=status, values=outcome.values, interrupts=outcome.interrupts, runs=runs
            )

    async def find(self, caller: Caller, run: str) -> Ticket:
        work = self._runs.get(run)
        if work is None or work.tenant != caller.tenant:
            raise ThreadUnknown("There is no such run.")
        return work

    async def cancel(self, caller: Caller, run: str) -> None:
        work = await self.find(caller, run)
        assert isinstance(work, Work)
        assert work.task is not None
        work.task.cancel()

    async def create(
        self, caller: Caller, *, thread: str = "", metadata: Mapping[str, Any], if_exists: str = "raise"
    ) -> Thread:
        name = thread or str(uuid.uuid4())
        if (caller.tenant, name) in self._threads:
            if if_exists == "raise":
                raise Conflict("The thread exists.")
            return self._threads[caller.tenant, name]
        made = Thread(name, str(metadata.get("graph_id", "")), dict(metadata), "idle", 0.0, 0.0)
        self._threads[caller.tenant, name] = made
        return made

    async def get(self, caller: Caller, thread: str) -> Thread:
        try:
            return self._threads[caller.tenant, thread]
        except KeyError:
            raise ThreadUnknown("There is no such thread.") from None

    async def search(
        self,
        caller: Caller,
        *,
        metadata: Mapping[str, Any],
        status: str = "",
        limit: int = 10,
        offset: int = 0,
    ) -> Sequence[Thread]:
        own = [each for (tenant, _), each in self._threads.items() if tenant == caller.tenant]
        found = [
            each for each in own if metadata.items() <= each.metadata.items() and status in ("", each.status)
        ]
        return found[offset : offset + limit]

    async def change(
        self, caller: Caller, thread: str, *, metadata: Mapping[str, Any] | None
    ) -> Thread | None:
        found = await self.get(caller, thread)
        if metadata is None:
            del self._threads[caller.tenant, thread]
            return None
        changed = replace(found, metadata={**found.metadata, **metadata})
        self._threads[caller.tenant, thread] = changed
        return changed

    async def state(self, caller: Caller, thread: str, checkpoint: str = "") -> Snapshot:
        found = await self.get(caller, thread)
        config: Any = {"configurable": {"thread_id": thread}}
        if checkpoint:
            config["configurable"]["checkpoint_id"] = checkpoint
        return _snapshot(await self._offers[found.graph].graph.aget_state(config))

    async def history(
        self, caller: Caller, thread: str, *, limit: int = 10, before: str = ""
    ) -> Sequence[Snapshot]:
        found = await self.get(caller, thread)
        if not found.graph:
            return ()
        config: Any = {"configurable": {"thread_id": thread}}
        until: Any = {"configurable": {"thread_id": thread, "checkpoint_id": before}} if before else None
        states = self._offers[found.graph].graph.aget_state_history(config, limit=limit, before=until)
        return [_snapshot(each) async for each in states]


def _snapshot(state: Any) -> Snapshot:
    own = state.config["configurable"]
    names = ("thread_id", "checkpoint_ns", "checkpoint_id")
    parent = (state.parent_config or {}).get("configurable")
    return Snapshot(
        values=state.values,
        next=state.next,
        tasks=[
            {
                "id": task.id,
                "name": task.name,
                "path": list(task.path),
                "error": None if task.error is None else type(task.error).__name__,
                "interrupts": [{"id": each.id, "value": each.value} for each in task.interrupts],
                "checkpoint": None,
                "state": None,
                "result": None,
            }
            for task in state.tasks
        ],
        metadata=state.metadata or {},
        created=state.created_at or "",
        checkpoint={name: own.get(name, "") for name in names},
        parent={name: parent.get(name, "") for name in names} if parent else None,
        interrupts=tuple(Interrupt(each.id, each.value) for each in state.interrupts),
    )


def front() -> tuple[Front, Memory]:
    memory = Memory()
    return Front(runs=memory, threads=memory, snapshots=memory), memory
