"""A durable kind as small as can be, over the graphs of `tests.fronts`: for what holds of every kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from core import workers
from core.errors import Invalid
from core.http.front import Caller, Offer
from core.store import Run
from core.store.sql import Store
from graphs.front.kinds import Admission, Tell
from tests import fronts


class Small:
    """One of `review`, `broken` or `bug`, with every step told."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._answers: dict[str, Mapping[str, Any]] = {}
        found = fronts.offers(InMemorySaver(), durable=True)[name]
        self.offer: Offer = found

    def prepare(self, caller: Caller, asked: BaseModel, trace: str) -> Admission:
        given = asked.model_dump()
        key = hashlib.sha256(f"{caller.tenant} {self.offer.id} {given}".encode()).hexdigest()
        return Admission(key, given)

    def answered(self, run: Run, answer: Mapping[str, Any], actor: str) -> Run:
        decision = answer.get("decisions", [{}])[0].get("type")
        if decision not in {"approve", "edit", "reject"}:
            raise Invalid("No decision.")
        self._answers[run.id] = answer
        self._store.approvals.add(run.tenant, run.id, plan_digest=run.awaits, actor=actor, decision=decision)
        return self._store.runs.get(run.tenant, run.id)

    def drive(self, run: Run, tell: Tell) -> Run:
        run = self._store.runs.claim(run.tenant, run.id, worker=workers.name(), lease_s=60)
        answer = self._answers.pop(run.id, None)
        entry: Any = Command(resume=dict(answer)) if answer else dict(run.input)
        values: dict[str, Any] = {}
        for mode, data in fronts.stepped(self.offer.graph, entry, self.config(run, "")):
            tell(mode, data)
            values = data if mode == "values" else values
        if values.get("__interrupt__"):
            return self._store.runs.wait(run, plan_digest="sha256:1")
        if problem := values.get("problem"):
            return self._store.runs.fail(run, problem=problem)
        return self._store.runs.finish(run, result={})

    def config(self, run: Run, thread: str) -> dict[str, Any]:
        return {"configurable": {"thread_id": run.id}}
