"""What stands behind every ticket: the store, the kinds of run, the channels. Its methods may block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import Bug
from core.http.front import Interrupt, Outcome, Snapshot
from core.store import Run, ThreadRow
from graphs.front.hub import Hub
from graphs.front.kinds import Kind

if TYPE_CHECKING:
    from core.store.sql import Store

_NAMES = ("thread_id", "checkpoint_ns", "checkpoint_id")


@dataclass(frozen=True)
class Books:
    store: Store
    kinds: Mapping[str, Kind]
    hub: Hub = field(default_factory=Hub)

    def kind(self, run: Run) -> Kind:
        try:
            return self.kinds[run.graph]
        except KeyError:
            raise Bug(f"A run of {run.graph} is here, and nobody knows how to drive it.") from None

    def latest(self, run: Run, thread: str, checkpoint: str = "") -> Snapshot:
        """The run's last step, or the one of that id; empty before its first."""
        kind = self.kind(run)
        return shown(kind.offer.graph.get_state(_at(kind.config(run, thread), checkpoint)), thread or run.id)

    def history(self, run: Run, thread: str, *, limit: int, before: str = "") -> Iterator[Snapshot]:
        kind = self.kind(run)
        config = kind.config(run, thread)
        until = _at(config, before) if before else None
        for state in kind.offer.graph.get_state_history(config, limit=limit, before=until):
            yield shown(state, thread or run.id)

    def place(self, run: Run, thread: str) -> str:
        """The name under which the run's steps are kept."""
        return str(self.kind(run).config(run, thread)["configurable"]["thread_id"])

    def forget(self, thread: ThreadRow) -> None:
        """A conversation's steps go with it. An integration's stay: other threads may hold its run."""
        for run_id in thread.runs:
            run = self.store.runs.get(thread.tenant, run_id)
            kind = self.kind(run)
            if kind.offer.is_chat:
                kind.offer.graph.checkpointer.delete_thread(self.place(run, thread.id))

    def reopened(self, kind: Kind, run: Run, thread: str) -> Run:
        """An ended run, to be worked on anew from its first step."""
        kind.offer.graph.checkpointer.delete_thread(self.place(run, thread))
        return self.store.runs.reopen(run.tenant, run.id)

    def outcome(self, tenant: str, run_id: str, thread: str) -> Outcome:
        run = self.store.runs.get(tenant, run_id)
        last = self.latest(run, thread)
        return Outcome(
            run=run.id,
            thread=thread,
            state=run.state,
            values=last.values,
            interrupts=last.interrupts if run.state == "waiting" else (),
            problem=run.problem,
        )


def _at(config: dict[str, Any], checkpoint: str) -> dict[str, Any]:
    return {
        "configurable": {**config["configurable"], **({"checkpoint_id": checkpoint} if checkpoint else {})}
    }


def shown(state: Any, thread: str) -> Snapshot:
    """LangGraph's snapshot under the thread's public name, not the one its steps are kept under."""
    parent = (state.parent_config or {}).get("configurable")
    return Snapshot(
        values=state.values or {},
        next=tuple(state.next),
        tasks=tuple(_task(each) for each in state.tasks),
        metadata=dict(state.metadata or {}),
        created=state.created_at or "",
        checkpoint=_named(state.config["configurable"], thread),
        parent=_named(parent, thread) if parent else None,
        interrupts=tuple(Interrupt(each.id, each.value) for each in state.interrupts),
    )


def _named(place: Mapping[str, Any], thread: str) -> dict[str, str]:
    return {name: str(place.get(name, "")) for name in _NAMES} | {"thread_id": thread}


def _task(task: Any) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "path": list(task.path),
        "error": None if task.error is None else type(task.error).__name__,
        "interrupts": [{"id": each.id, "value": each.value} for each in task.interrupts],
        "checkpoint": None,
        "state": None,
        "result": None,
    }
