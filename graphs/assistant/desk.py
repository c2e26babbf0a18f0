"""What the assistant's tools reach: runs of `integrate`, the catalog, the rules. Blocking throughout.

A run of `integrate` is a row of its own, driven in the thread that asks: it needs no second worker, so
a server with one worker cannot wait for itself. If another worker is at it, its end is waited for.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.blobs import Blobs
from core.errors import Unavailable, revive
from core.http.context import Tool
from core.http.front import Caller, Offer
from core.store import Run, RunEnded, RunTaken
from graphs.front.kinds import Kind, Tell
from graphs.integrate.served import Integrate, IntegrateInput

if TYPE_CHECKING:
    from core.store.sql import Store

T = TypeVar("T")
_LOOK_S, _PATIENCE_S = 0.2, 120.0


class PlanSlow(Unavailable):
    """Another worker has the plan's run, and it did not stop in time."""

    code = "AW917"
    fix = "Ask for the plan's status in a while."


@dataclass(frozen=True)
class Standing:
    """A run of `integrate` and its last state."""

    run: Run
    values: Mapping[str, Any]
    question: str
    """What a person reads before they answer: the plan with its diff; empty where nothing is asked."""


@dataclass(frozen=True)
class Desk:
    integrate: Integrate
    store: Store
    blobs: Blobs
    catalog: Offer
    reads: Mapping[str, Tool]
    """Tools of the toolbox that only read, by name."""

    def plan(self, caller: Caller, asked: IntegrateInput, trace: str) -> Standing:
        """The same input is the same run, so a plan that is made twice is there once."""
        return apart(lambda: self._planned(caller, asked, trace))

    def answer(self, tenant: str, run_id: str, answer: Mapping[str, Any], actor: str) -> Standing:
        """Give a person's answer, unless it was given before; then see the run to its end."""

        def work() -> Standing:
            run = self.store.runs.get(tenant, run_id)
            if run.state == "waiting":
                run = self.integrate.answered(run, answer, actor)
            return self._standing(stopped(self.integrate, self.store, run))

        return apart(work)

    def status(self, tenant: str, run_id: str) -> Run:
        return self.store.runs.get(tenant, run_id)

    def ask_catalog(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = apart(lambda: asyncio.run(self.catalog.graph.ainvoke(dict(question))))
        if problem := found.get("problem"):
            raise revive(dict(problem))
        return found

    def read(self, name: str, caller: Caller, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        tool = self.reads[name]

        async def work() -> Mapping[str, Any]:
            return await tool.call(caller, tool.input.model_validate(asked))

        return apart(lambda: asyncio.run(work()))

    def _planned(self, caller: Caller, asked: IntegrateInput, trace: str) -> Standing:
        made = self.integrate.prepare(caller, asked, trace)
        runs = self.store.runs
        run = runs.admit(
            caller.tenant, graph="integrate", key=made.key, input=dict(made.input), trace_id=trace
        )
        if run.has_ended:  # the world may have moved since: the same input is planned anew
            place = self.integrate.config(run, "")["configurable"]["thread_id"]
            self.integrate.offer.graph.checkpointer.delete_thread(place)
            run = runs.reopen(run.tenant, run.id)
        return self._standing(run if run.state == "waiting" else stopped(self.integrate, self.store, run))

    def _standing(self, run: Run) -> Standing:
        state = self.integrate.offer.graph.get_state(self.integrate.config(run, ""))
        asked = [each.value["action_requests"][0]["description"] for each in state.interrupts]
        return Standing(run, state.values, asked[0] if asked and run.state == "waiting" else "")


def stopped(kind: Kind, store: Store, run: Run, tell: Tell = lambda mode, data: None) -> Run:  # noqa: ARG005  # the callable's form
    """The run once it ended or waits: driven here, or waited for where another worker is at it."""
    until = time.monotonic() + _PATIENCE_S
    while not run.has_ended and run.state != "waiting":
        try:
            return kind.drive(run, tell)
        except (RunTaken, RunEnded):
            if time.monotonic() > until:
                raise PlanSlow("The run is still under way.", run=run.id) from None
            threading.Event().wait(_LOOK_S)
            run = store.runs.get(run.tenant, run.id)
    return run


def apart(work: Callable[[], T]) -> T:
    """Outside the graph whose tool asks: LangGraph would take a graph in it for a part of it."""
    from langchain_core.runnables.config import var_child_runnable_config  # noqa: PLC0415  # 0.3 CPU s

    def alone() -> T:
        var_child_runnable_config.set(None)
        return work()

    return contextvars.copy_context().run(alone)


def rules(docs: Path) -> dict[str, Tool]:
    """The toolbox's reads that need nothing opened."""
    from graphs.toolbox import devices  # noqa: PLC0415  # the devices' tool loads libusb's names
    from graphs.toolbox.rules import Book  # noqa: PLC0415  # with it

    return {"explain": Book(docs / "rules").tool, "devices": devices.TOOL}
