"""`assistant` as clients see it: messages in, messages out; each turn is a run, a thread is its memory.

The tenant is the caller's. Steps are kept by the thread's name with the tenant before it, so that two
tenants' threads of one name are two conversations.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from core import logs, prompts, telemetry
from core.errors import AppError, Conflict
from core.http.front import Caller, Offer
from core.store import LeaseLost, Run, RunTaken, StoreBusy, StoreUnavailable
from graphs import tracing
from graphs.assistant import graph, turns
from graphs.assistant.desk import Desk, rules
from graphs.assistant.state import Deps, Reads
from graphs.front.kinds import Admission, Tell
from graphs.integrate.runner import Held
from graphs.integrate.served import Integrate

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from graphs.integrate.runner import Seat
    from graphs.integrate.session import Session

ROOT = Path(__file__).resolve().parents[2]
LATER = (LeaseLost, RunTaken, StoreBusy, StoreUnavailable)
"""Not this worker, or not now: the turn is gone on with by whoever finds it."""
MODES = ["values", "updates", "messages"]
_LOOK_S, _LOOKS = 0.1, 50


class Superseded(Conflict):
    """The person wrote something else instead of answering."""

    code = "AW919"
    fix = "Nothing was written. Ask for the plan again if it was meant."


class AssistantInput(BaseModel):
    """A turn of a conversation, or all of one that is kept elsewhere."""

    model_config = ConfigDict(extra="ignore", title="Assistant")

    messages: list[dict[str, Any]] = Field(min_length=1, max_length=2000)


class AssistantOutput(BaseModel):
    messages: list[dict[str, Any]] = Field(description="The conversation; the last message is the reply.")


@dataclass(eq=False)
class Assistant:
    """The kind of run that a turn of the assistant is; see `graphs.front.kinds.Kind`."""

    offer: Offer
    seat: Seat
    """The store, the worker and the lease; its graph is `integrate`, whose runs the tools drive."""
    desk: Desk
    prompt: prompts.Prompt
    files: Reads | None = None
    """Reads a file that a message names; None wherever the person is not at this machine."""
    of_tenant: Callable[[str], BaseChatModel] | None = None

    @classmethod
    def of(
        cls,
        work: Session,
        integrate: Integrate,
        model: BaseChatModel,
        *,
        catalog: Offer,
        files: Reads | None = None,
        of_tenant: Callable[[str], BaseChatModel] | None = None,
    ) -> Assistant:
        """Blocking: opens the store and the checkpoints, where they are not open yet. `of_tenant` gives
        a tenant's own seat at the model, such as a gateway's `of`."""
        saver = work.seat.graph.checkpointer
        offer = Offer(
            id="assistant",
            description="Integrate an API, ask the catalog, see what is plugged in: in words. It asks"
            " before it writes.",
            input=AssistantInput,
            output=AssistantOutput,
            graph=graph.build(model, saver),
            is_durable=True,
            is_chat=True,
        )
        desk = Desk(integrate, work.store, work.kept, catalog, rules(ROOT / "docs"))
        prompt = prompts.load(ROOT / "prompts", "assistant/system")
        return cls(offer, work.seat, desk, prompt, files, of_tenant)

    def prepare(self, caller: Caller, asked: BaseModel, trace: str) -> Admission:
        """The messages are put away: a document in them may be large, and a row is read often. Each
        turn is a run of its own, were the words the same."""
        assert isinstance(asked, AssistantInput)
        kept = self.desk.blobs.put(orjson.dumps(turns.readable(asked.messages)))
        return Admission(secrets.token_hex(32), {"said": kept, "actor": caller.actor, "trace": trace})

    def answered(self, run: Run, answer: Mapping[str, Any], actor: str) -> Run:
        state = self._state(run)
        decided = turns.decisions(answer, state.interrupts)
        plans = state.values.get("plans") or {}
        yes, no = (turns.chosen(decided, state.interrupts, plans, kind) for kind in ("approve", "reject"))
        self.seat.store.approvals.add(
            run.tenant,
            run.id,
            plan_digest=run.awaits,
            actor=actor,
            decision="approve" if yes else "reject",
            content={
                "decisions": decided,
                "approved": [each["digest"] for each in yes],
                "rejected": [each["run"] for each in no],
            },
        )
        return self.seat.store.runs.get(run.tenant, run.id)

    def drive(self, run: Run, tell: Tell) -> Run:
        with (
            telemetry.within(run.trace_id, run.parent_span),
            telemetry.about(tenant=run.tenant, session=self._thread(run), agent_type="assistant"),
            telemetry.span("assistant", run=run.id) as span,
            logs.about(run=run.id),
        ):
            self._await_turn(run)
            run = self._driven(self._claimed(run), tell)
            span.set(state=run.state, prompt=f"{self.prompt.name}@{self.prompt.digest[:12]}")
            if run.problem:
                span.fail(f"{run.problem['code']} {run.problem['message']}")
            return run

    def config(self, run: Run, thread: str) -> dict[str, Any]:
        return {"configurable": {"thread_id": f"{run.tenant}/assistant/{thread or run.id}"}}

    def _claimed(self, run: Run) -> Run:
        seat = self.seat
        gone = run.owner if run.state == "running" and seat.is_gone(run.owner) else ""
        return seat.store.runs.claim(
            run.tenant, run.id, worker=seat.worker, lease_s=seat.lease_s, instead_of=gone
        )

    def _driven(self, run: Run, tell: Tell) -> Run:
        runs = self.seat.store.runs
        with Held(run, self.seat.store):
            try:
                values, asked = self._streamed(run, tell)
            except LATER:
                raise
            except AppError as error:  # a person waits: what a retry might mend they are told now
                return runs.fail(run, problem=error.to_dict())
        if asked:
            return runs.wait(run, plan_digest=turns.digest(asked))
        return runs.finish(run, result={"reply": turns.reply(values)[:2000]})

    def _streamed(self, run: Run, tell: Tell) -> tuple[Mapping[str, Any], tuple[Any, ...]]:
        """The last state, and the questions it stopped at."""
        agent, config = self.offer.graph, self._config(run)
        entry = self._entry(run)
        if entry is not turns.WAITS:
            stream = agent.stream(
                entry, config, context=self._deps(run), durability="sync", stream_mode=MODES
            )
            for mode, data in stream:
                tell(str(mode), data)
        last = agent.get_state(config)
        return last.values, tuple(last.interrupts)

    def _entry(self, run: Run) -> Any:
        """What the graph is called with: a new turn, an answer, or None to go on where it was."""
        state = self._state(run)
        if state.values.get("turn") != run.id:
            self._supersede(run, state.values.get("turn"))
            said = orjson.loads(self.desk.blobs.get(run.input["said"]))
            return turns.entry(run.id, said, state.values, self.desk.blobs, self.files)
        if not state.interrupts:
            return None
        asked = turns.digest(state.interrupts)
        found = self.seat.store.approvals.latest(run.tenant, run.id, plan_digest=asked)
        if found is None:
            return turns.WAITS
        for rejected in found.content["rejected"]:
            self.desk.answer(run.tenant, rejected, {"decisions": [{"type": "reject"}]}, found.actor)
        return turns.resumed(found.content["decisions"])

    def _deps(self, run: Run) -> Deps:
        """With every plan that a person said yes to in this run."""
        given = self.seat.store.approvals.of(run.tenant, run.id)
        approved = {plan: each.actor for each in given for plan in each.content["approved"]}
        caller = Caller(run.tenant, str(run.input["actor"]))
        return Deps(
            caller,
            self.desk,
            self.prompt,
            model=self.of_tenant(run.tenant) if self.of_tenant else None,
            trace=str(run.input["trace"]),
            approved=approved,
        )

    def _supersede(self, run: Run, before: str | None) -> None:
        """A question that was not answered is over once the person writes something else."""
        runs = self.seat.store.runs
        if before and runs.get(run.tenant, before).state == "waiting":
            problem = Superseded("The conversation went on without an answer.").to_dict()
            runs.cancelled(run.tenant, before, problem=problem)

    def _await_turn(self, run: Run) -> None:
        """Turns of one conversation follow one another: an earlier one that is under way goes first."""
        for _ in range(_LOOKS):
            if not self._is_early(run):
                return
            threading.Event().wait(_LOOK_S)
        raise RunTaken("An earlier turn of this conversation is still under way.", run=run.id)

    def _is_early(self, run: Run) -> bool:
        store = self.seat.store
        for thread in store.threads.of_run(run.tenant, run.id)[:1]:
            for each in store.threads.get(run.tenant, thread).runs:
                if each == run.id:
                    return False
                if store.runs.get(run.tenant, each).state in {"admitted", "running"}:
                    return True
        return False

    def _state(self, run: Run) -> Any:
        return self.offer.graph.get_state(self._config(run))

    def _config(self, run: Run) -> dict[str, Any]:
        config = self.config(run, self._thread(run))
        return {**config, "callbacks": [tracing.Tracer("assistant")], "recursion_limit": graph.STEPS}

    def _thread(self, run: Run) -> str:
        found = self.seat.store.threads.of_run(run.tenant, run.id)
        return found[0] if found else run.id
