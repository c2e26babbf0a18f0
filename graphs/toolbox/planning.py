"""`plan` and `answer_plan`: see what would be published, then say yes or no to exactly that."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from core.blobs import Blobs
from core.errors import revive
from core.http import problems
from core.http.context import Prompt, Resource, Tool
from core.http.front import Ask, Caller, Front, NothingWaits, Offer, Outcome, Thread
from graphs.integrate.content import AnswerRefused
from graphs.toolbox.runs import RUN

DIFF = 40_000
FINDINGS = 20


class Planned(BaseModel):
    """A plan, and where it waits. `digest` is empty where nothing would change."""

    run: str
    thread: str
    state: str
    digest: str
    risk: str
    reasons: list[str]
    summary: str
    counts: dict[str, int]
    ledger: dict[str, int]
    findings: list[dict[str, Any]]
    diff: str
    is_cut: bool = Field(description="The diff is longer than what is shown.")
    failure: dict[str, Any] | None = Field(description="Why the plan cannot be applied.")


class Decision(BaseModel):
    """A person's yes or no."""

    thread: str = Field(pattern=RUN, description="As `plan` gave it.")
    digest: str = Field(min_length=8, max_length=80, description="The plan's digest, as `plan` gave it.")
    decision: Literal["approve", "reject"]
    reason: str = Field("", max_length=1000, description="Why not; for a rejection.")


class Answered(BaseModel):
    """How the run stands after the answer. `receipt` has the commit, once there is one."""

    run: str
    thread: str
    state: str
    decision: str
    receipt: dict[str, Any]
    failure: dict[str, Any] | None


@dataclass(frozen=True)
class Planner:
    front: Front
    offer: Offer
    blobs: Blobs

    @property
    def plan(self) -> Tool:
        return Tool(
            name="plan",
            title="Plan an integration",
            description=(
                "Read an OpenAPI document (text or https URL), generate models and manifests, check them, "
                "and show what would be committed: diff, ledger, risk and digest. Publishes nothing."
            ),
            input=self.offer.input,
            output=Planned,
            call=self._plan,
            is_read_only=True,
            is_idempotent=True,
            is_open_world=True,
        )

    @property
    def answer(self) -> Tool:
        return Tool(
            name="answer_plan",
            title="Approve or reject a plan",
            description=(
                "Give a person's answer to one plan. `approve` commits and pushes exactly that plan; "
                "it is refused if the digest is not the one that waits. Ask the person first."
            ),
            input=Decision,
            output=Answered,
            call=self._answer,
            is_destructive=True,
            is_open_world=True,
        )

    async def _plan(self, caller: Caller, given: BaseModel) -> Mapping[str, Any]:
        asked = given.model_dump(mode="json", exclude_unset=True)
        ticket = await self.front.runs.start(caller, Ask(self.offer.id, input=asked))
        outcome = await ticket.outcome()
        change = outcome.values.get("change")
        if outcome.problem and not change:
            raise revive(dict(outcome.problem))
        diff = await asyncio.to_thread(self._diff, outcome.values.get("plan", ""))
        return _planned(outcome, dict(change or {}), diff)

    def _diff(self, plan: str) -> str:
        if not plan:
            return ""
        from tools import plans  # noqa: PLC0415  # yaml: only where there is a plan to show

        return plans.diffs(plans.from_json(self.blobs.get(plan)))

    async def _answer(self, caller: Caller, given: Decision) -> Mapping[str, Any]:
        thread = await self.front.threads.get(caller, given.thread)
        waiting = _digest(thread) if thread.graph == self.offer.id else ""
        if not waiting:
            raise NothingWaits("No plan waits on this thread.")
        if given.digest != waiting:
            raise AnswerRefused(
                "The digest is not that of the plan that waits.", place="/digest",
                fix="Call `plan` again, show the person that plan, and answer it.",
            )  # fmt: skip
        said = {"type": given.decision} | ({"message": given.reason} if given.reason else {})
        answer = {"decisions": [said], "plan_digest": given.digest}
        ticket = await self.front.runs.start(caller, Ask(self.offer.id, answer=answer, thread=thread.id))
        outcome = await ticket.outcome()
        return {
            "run": outcome.run,
            "thread": outcome.thread,
            "state": outcome.state,
            "decision": outcome.values.get("decision", given.decision),
            "receipt": outcome.values.get("receipt") or {},
            "failure": problems.problem(outcome.problem) if outcome.problem else None,
        }


def _planned(outcome: Outcome, change: Mapping[str, Any], diff: str) -> dict[str, Any]:
    ledger = outcome.values.get("ledger") or {}
    findings = [each for entry in ledger.get("entries", ()) for each in entry["findings"]]
    return {
        "run": outcome.run,
        "thread": outcome.thread,
        "state": outcome.state,
        "digest": change.get("digest", ""),
        "risk": change.get("risk", ""),
        "reasons": change.get("reasons", []),
        "summary": change.get("summary", ""),
        "counts": change.get("counts", {}),
        "ledger": ledger.get("totals", {}),
        "findings": findings[:FINDINGS],
        "diff": diff[:DIFF],
        "is_cut": len(diff) > DIFF,
        "failure": problems.problem(outcome.problem) if outcome.problem else None,
    }


def _digest(thread: Thread) -> str:
    """The digest of the plan that waits for an answer on the thread."""
    for each in thread.interrupts:
        for request in each.value.get("action_requests", ()) if isinstance(each.value, Mapping) else ():
            if found := request.get("args", {}).get("plan_digest"):
                return str(found)
    return ""


def schema(folder: Path) -> Resource:
    """The module descriptor's JSON Schema, as it lies in the docs."""
    read = functools.partial((folder / "autoweave.schema.json").read_text, "utf-8")

    async def text(_: Caller, __: Mapping[str, str]) -> str:
        return await asyncio.to_thread(read)

    return Resource(
        uri="schema://module",
        name="module-schema",
        title="Schema of autoweave.yaml",
        description="JSON Schema of the module descriptor: every field that a module may set.",
        read=text,
        mime="application/schema+json",
    )


PROMPT = Prompt(
    name="integrate_api",
    title="Integrate an API",
    description="Plan the integration of an API, show the plan, and apply it after a yes.",
    arguments={"spec": "The OpenAPI document's https URL, or its text.", "name": "The module's name."},
    fill=lambda given: (
        f"Integrate the API described by this OpenAPI document as the module {given['name']!r}.\n"
        "First call `plan`. Then show me its summary, risk, ledger and diff, and wait for my answer. "
        "Only when I say yes, call `answer_plan` with the plan's thread and digest.\n\n"
        f"{given['spec']}"
    ),
)
