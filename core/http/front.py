"""What a protocol may ask of whoever runs graphs: the one way in, whatever the client speaks.

`graphs.front` answers it; `core.testing` has a scripted one. Every question names its caller, whose
tenant comes from the key that was shown and from nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from core.errors import Conflict, NotFound

State = Literal["admitted", "running", "waiting", "done", "failed", "cancelled"]
Mode = Literal["values", "updates", "messages", "custom", "debug"]


class GraphUnknown(NotFound):
    """No graph of this name is served to this caller."""

    code = "AW931"
    fix = "GET /ready lists what is served; look for a misspelling."


class ThreadUnknown(NotFound):
    """There is no such thread, or it is another tenant's: the answer is the same."""

    code = "AW932"
    fix = "Create the thread first, or look for it with the key it was created with."


class ThreadBusy(Conflict):
    """A run of this thread has not ended yet."""

    code = "AW933"
    fix = "Wait for the run, join its stream, or cancel it."


class NothingWaits(Conflict):
    """An answer came, and nobody asks."""

    code = "AW934"
    fix = "Read the thread's state: the run ended, or was answered already."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `actor` names the key (never the secret), for approvals and logs."""

    tenant: str
    actor: str


@dataclass(frozen=True)
class Offer:
    """A graph as clients see it. `id` is its path (`/integrate`) and its graph id."""

    id: str
    description: str
    input: type[BaseModel]
    output: type[BaseModel]
    graph: Any
    """The compiled LangGraph graph: for its drawing, and run directly where `is_durable` is false."""
    is_durable: bool
    """Its runs are rows in the store before they are acknowledged, and go on after a crash."""
    is_chat: bool = False
    """Its input is `{"messages": [...]}`, its output's last message is the reply."""
    version: str = ""


@dataclass(frozen=True)
class Ask:
    """One request to run a graph: an input, or an answer to what the thread's last run asked."""

    graph: str
    input: Mapping[str, Any] | None = None
    answer: Mapping[str, Any] | None = None
    """LangChain's form: `{"decisions": [{"type": "approve"}]}`."""
    thread: str = ""
    """Empty: a new thread where the graph is durable, none where it is not."""
    modes: tuple[Mode, ...] = ("values",)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    recursion_limit: int = 0
    """0: the graph's own. Bounded by the front."""
    interrupt_before: tuple[str, ...] = ()
    interrupt_after: tuple[str, ...] = ()
    if_busy: Literal["reject", "enqueue"] = "reject"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `data` is what LangGraph streams in that mode, not yet JSON."""

    seq: int
    name: str
    """A mode, or `error` (a problem, the last event)."""
    data: Any
    namespace: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interrupt:
    id: str
    value: Any


@dataclass(frozen=True)
class Outcome:
    """How a run stands when nothing more happens by itself."""

    run: str
    thread: str
    state: State
    values: Mapping[str, Any]
    interrupts: tuple[Interrupt, ...] = ()
    problem: Mapping[str, Any] | None = None
    """What `AppError.to_dict` gives; an expected failure is an answer, not an exception."""


class Ticket(Protocol):
    """A run that was admitted. Leaving `events` early cancels nothing."""

    run: str
    thread: str
    graph: str

    def events(self, after: int = -1) -> AsyncIterator[Event]: ...

    async def outcome(self) -> Outcome: ...

    async def state(self) -> State:
        """How the run stands now, without waiting."""
        ...


class Runs(Protocol):
    def offers(self, caller: Caller) -> Mapping[str, Offer]: ...

    async def start(self, caller: Caller, ask: Ask) -> Ticket:
        """Raises before anything is done, or returns once the run cannot be lost."""
        ...

    async def find(self, caller: Caller, run: str) -> Ticket: ...

    async def cancel(self, caller: Caller, run: str) -> None: ...


@dataclass(frozen=True)
class Thread:
    """Times are seconds since the epoch. `status` is idle, busy, interrupted or error."""

    id: str
    graph: str
    metadata: Mapping[str, Any]
    status: str
    created: float
    updated: float
    values: Mapping[str, Any] | None = None
    interrupts: tuple[Interrupt, ...] = ()
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """One checkpoint of a thread, newest first in a history. `tasks` as LangGraph has them, plain."""

    values: Mapping[str, Any]
    next: tuple[str, ...]
    tasks: Sequence[Mapping[str, Any]]
    metadata: Mapping[str, Any]
    created: str
    checkpoint: Mapping[str, str]
    parent: Mapping[str, str] | None
    interrupts: tuple[Interrupt, ...] = ()


class Threads(Protocol):
    async def create(
        self, caller: Caller, *, thread: str = "", metadata: Mapping[str, Any], if_exists: str = "raise"
    ) -> Thread: ...

    async def get(self, caller: Caller, thread: str) -> Thread: ...

    async def search(
        self,
        caller: Caller,
        *,
        metadata: Mapping[str, Any],
        status: str = "",
        limit: int = 10,
        offset: int = 0,
    ) -> Sequence[Thread]: ...

    async def change(
        self, caller: Caller, thread: str, *, metadata: Mapping[str, Any] | None
    ) -> Thread | None:
        """Merge metadata; None removes it and a conversation's steps. Runs stay: they are evidence."""
        ...


class Snapshots(Protocol):
    async def state(self, caller: Caller, thread: str, checkpoint: str = "") -> Snapshot: ...

    async def history(
        self, caller: Caller, thread: str, *, limit: int = 10, before: str = ""
    ) -> Sequence[Snapshot]: ...


@dataclass(frozen=True)
class Front:
    """All three, as a protocol's router is given them."""

    runs: Runs
    threads: Threads
    snapshots: Snapshots
