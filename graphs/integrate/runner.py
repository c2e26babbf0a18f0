"""One run from admission to its end: admit, execute, stop for a person, go on, finish.

Killed anywhere and called again with the same input, it goes on where it was: the run is found by
its key, the steps by their checkpoints, the effects by their journal and by looking outside.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from core import logs, telemetry
from core.errors import Forbidden, Unavailable
from core.store import LeaseLost, Run
from graphs.integrate import content, guard
from graphs.integrate.deps import Deps
from graphs.integrate.state import IntegrateInput, IntegrateState

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from core.store.sql import Store
    from graphs.integrate.graph import Graph

Answer = Mapping[str, Any]
Tell = Callable[[str, Any], None]
"""Hears each thing LangGraph streams: a mode (`values`, `updates`) and its data."""


def _unheard(mode: str, data: Any) -> None:
    """Nobody listens."""


class Rejected(Forbidden):
    """A person said no to the plan."""

    code = "AW923"
    fix = "Change the spec or the module and run it again; nothing was written."


@dataclass(frozen=True)
class Seat:
    """Who works, with what: a graph with checkpoints, the store, a name, and a lease's length."""

    graph: Graph
    store: Store
    deps: Deps
    worker: str
    lease_s: float = 60.0
    is_gone: Callable[[str], bool] = lambda owner: False  # noqa: ARG005  # the callable's form
    """Whether the worker of that name is known to be dead, so its lease need not be waited for."""


@dataclass(frozen=True)
class Journal:
    """The store's effects, for one claimed run."""

    store: Store
    run: Run

    def intend(self, name: str, *, key: str, detail: Mapping[str, Any]) -> Any:
        return self.store.effects.intend(self.run, name, key=key, detail=dict(detail))

    def record(self, effect: Any, receipt: Mapping[str, Any]) -> None:
        self.store.effects.record(effect, dict(receipt))


def execute(
    given: IntegrateInput,
    *,
    tenant: str,
    seat: Seat,
    ask: Callable[[IntegrateState], Answer | None],
) -> tuple[Run, IntegrateState]:
    """The run's row at its end and the last state. `ask` answers a plan; None leaves the run waiting."""
    run = seat.store.runs.admit(
        tenant, graph="integrate", key=given["key"], input=dict(given), trace_id=given["trace"]
    )
    if run.has_ended:
        # The same input again after its end: the world may have moved, so it is planned anew.
        seat.graph.checkpointer.delete_thread(run.id)  # type: ignore[union-attr]  # compiled with one
        run = seat.store.runs.reopen(tenant, run.id)
    return resume(run, seat=seat, ask=ask)


def resume(
    run: Run, *, seat: Seat, ask: Callable[[IntegrateState], Answer | None]
) -> tuple[Run, IntegrateState]:
    """Go on with a run that is admitted, waiting, or left behind by a dead worker."""
    answer: Answer | None = None
    while True:
        if run.state == "waiting":
            state = _state(run, seat)
            answer = ask(state) if "plan" in state else None
            if answer is not None:
                run = answered(run, answer, seat)
            elif "plan" in state:
                return run, state
            else:  # its checkpoints were lost: the plan is made anew, and asked again
                run = seat.store.runs.recall(run.tenant, run.id)
        run, state = drive(run, seat, answer=answer)
        answer = None
        if run.state != "waiting":
            return run, state


def drive(
    run: Run, seat: Seat, *, answer: Answer | None = None, tell: Tell = _unheard
) -> tuple[Run, IntegrateState]:
    """Claim the run and work on it until it ends or stops for a person, in the run's own trace."""
    with (
        telemetry.within(run.trace_id, run.parent_span),
        telemetry.about(tenant=run.tenant, session=run.id, agent_type=run.graph),
        telemetry.span("integrate", run=run.id) as span,
        logs.about(run=run.id),
    ):
        run, state = _driven(_claimed(run, seat), answer, seat, tell)
        span.set(state=run.state, attempt=run.attempt)
        if run.problem:
            span.fail(f"{run.problem['code']} {run.problem['message']}")
        return run, state


def _claimed(run: Run, seat: Seat) -> Run:
    gone = run.owner if run.state == "running" and seat.is_gone(run.owner) else ""
    return seat.store.runs.claim(
        run.tenant, run.id, worker=seat.worker, lease_s=seat.lease_s, instead_of=gone
    )


def answered(run: Run, answer: Answer, seat: Seat) -> Run:
    """Keep the answer under the plan's digest, which lets the run go on."""
    state = _state(run, seat)
    decision = content.decision(answer, state)
    if decision["module"]:
        guard.admit(content.edited(state["module"], decision["module"]), seat.deps.child)
    seat.store.approvals.add(
        run.tenant,
        run.id,
        plan_digest=run.awaits,
        actor=decision["actor"],
        decision=decision["type"],
        content=decision["module"] or None,
    )
    return seat.store.runs.get(run.tenant, run.id)


def _driven(run: Run, answer: Answer | None, seat: Seat, tell: Tell) -> tuple[Run, IntegrateState]:
    """Run the graph until it ends or stops for a person, holding the lease meanwhile."""
    deps = replace(seat.deps, journal=Journal(seat.store, run))
    with Held(run, seat.store):
        state, is_waiting = _invoked(run, answer, seat, deps, tell)
    if is_waiting:
        return seat.store.runs.wait(run, plan_digest=state["change"]["digest"]), state
    return _ended(run, state, seat), state


def _invoked(
    run: Run, answer: Answer | None, seat: Seat, deps: Deps, tell: Tell
) -> tuple[IntegrateState, bool]:
    """The state, and whether a person is asked. Resuming always calls with None: an empty `next`
    does not mean that the graph had finished."""
    from langgraph.types import Command  # noqa: PLC0415  # with the graph, which the caller imported late

    config = config_of(run)
    known = seat.graph.get_state(config)
    entry: Any = dict(run.input) if not known.values else None
    if known.interrupts:
        answer = answer or _kept(run, known.values, seat)
        if answer is None:
            return cast("IntegrateState", known.values), True
        entry = Command(resume=dict(answer))
    out: dict[str, Any] = dict(known.values)  # a graph that had finished streams nothing
    stream = seat.graph.stream(
        entry, config, context=deps, durability="sync", stream_mode=["values", "updates", "debug"]
    )
    for mode, data in stream:
        tell(str(mode), data)
        out = dict(cast("dict[str, Any]", data)) if mode == "values" else out
    return cast("IntegrateState", out), bool(out.pop("__interrupt__", None))


def _kept(run: Run, state: Mapping[str, Any], seat: Seat) -> Answer | None:
    """The answer that was kept when a person gave it, whoever works on the run now."""
    digest = state["change"]["digest"]
    found = seat.store.approvals.latest(run.tenant, run.id, plan_digest=digest)
    if found is None:
        return None
    decision = {"type": found.decision, "edited_action": {"args": {"module": found.content or {}}}}
    return {"decisions": [decision], "actor": found.actor, "plan_digest": digest}


def _ended(run: Run, state: IntegrateState, seat: Seat) -> Run:
    runs = seat.store.runs
    if problem := state.get("problem"):
        return runs.fail(run, problem=problem)
    if state.get("decision") == "reject":
        return runs.cancel(run, problem=Rejected("The plan was rejected.").to_dict())
    return runs.finish(run, result={"change": state["change"], "receipt": state.get("receipt")})


def _state(run: Run, seat: Seat) -> IntegrateState:
    return cast("IntegrateState", seat.graph.get_state(config_of(run)).values)


def config_of(run: Run) -> RunnableConfig:
    """Where the run's checkpoints are."""
    return {"configurable": {"thread_id": run.id}, "run_name": "integrate"}


class Held:
    """Renews a run's lease from a thread of its own, so a long step does not lose it."""

    def __init__(self, run: Run, store: Store) -> None:
        self._run = run
        self._store = store
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{run.id[:8]}", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._done.wait(self._run.lease_s / 3):
            try:
                self._store.runs.renew(self._run)
            except LeaseLost:
                return  # the next write of the run says so to whoever does the work
            except Unavailable:
                continue  # two more tries fit into the lease
