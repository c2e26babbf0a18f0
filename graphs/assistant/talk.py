"""A conversation on this machine, without a server: each line is a turn, worked on here and now."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.http.front import Caller
from core.store import Run, ThreadMissing
from graphs.assistant import turns
from graphs.assistant.desk import stopped
from graphs.assistant.planner import reading
from graphs.assistant.served import AssistantInput

if TYPE_CHECKING:
    from graphs.assistant.served import Assistant

_REJECT = re.compile(r"\s*(?:reject|no|non|rejette)\s*[:,]\s*(.+)", re.IGNORECASE | re.DOTALL)
Hear = Callable[[str], None]


@dataclass(frozen=True)
class Turn:
    """How a turn ended: the reply, what is asked now, or why it failed."""

    reply: str
    question: str
    problem: Mapping[str, Any] | None

    def to_dict(self, thread: str) -> dict[str, Any]:
        return {
            "thread": thread,
            "reply": self.reply,
            "question": self.question,
            "problem": dict(self.problem) if self.problem else None,
        }


@dataclass
class Talk:
    """`thread` is its memory: another process goes on where this one stopped."""

    kind: Assistant
    caller: Caller
    thread: str = field(default_factory=lambda: str(uuid.uuid4()))

    def said(self, text: str, hear: Hear) -> Turn:
        """One turn; where a question is open, a yes or a no answers it."""
        run, answer = self._last(), _answer(text)
        if run is not None and run.state == "waiting" and answer is not None:
            asked = turns.requests(self._state(run).interrupts)
            run = self.kind.answered(run, {"decisions": [answer] * len(asked)}, self.caller.actor)
        else:
            run = self._admitted(text)
        return self._ended(run, hear)

    def left(self, hear: Hear) -> Turn | None:
        """What an earlier process left behind: a turn half done, or a question that is still open."""
        run = self._last()
        return None if run is None or run.has_ended else self._ended(run, hear)

    def _admitted(self, text: str) -> Run:
        trace = secrets.token_hex(16)
        asked = AssistantInput(messages=[{"role": "user", "content": text}])
        made = self.kind.prepare(self.caller, asked, trace)
        store, tenant = self.kind.seat.store, self.caller.tenant
        if self._row() is None:
            store.threads.create(tenant, self.thread, graph="assistant", metadata={"graph_id": "assistant"})
        run = store.runs.admit(
            tenant, graph="assistant", key=made.key, input=dict(made.input), trace_id=trace
        )
        store.threads.add_run(tenant, self.thread, run.id)
        return run

    def _ended(self, run: Run, hear: Hear) -> Turn:
        run = stopped(self.kind, self.kind.seat.store, run, _heard(hear))
        state = self._state(run)
        asked = turns.requests(state.interrupts) if run.state == "waiting" else ()
        question = "\n\n".join(str(each.get("description", "")) for each in asked)
        return Turn(turns.reply(state.values), question, run.problem)

    def _state(self, run: Run) -> Any:
        return self.kind.offer.graph.get_state(self.kind.config(run, self.thread))

    def _last(self) -> Run | None:
        row = self._row()
        return self.kind.seat.store.runs.get(self.caller.tenant, row.runs[-1]) if row and row.runs else None

    def _row(self) -> Any:
        try:
            return self.kind.seat.store.threads.get(self.caller.tenant, self.thread)
        except ThreadMissing:
            return None


def _answer(text: str) -> dict[str, str] | None:
    if reason := _REJECT.fullmatch(text):
        return {"type": "reject", "message": reason[1].strip()}
    kind = reading.read(text).kind
    return {"type": "approve" if kind == "yes" else "reject"} if kind in {"yes", "no"} else None


def _heard(hear: Hear) -> Callable[[str, Any], None]:
    """Only the model's own words, as they come."""

    def tell(mode: str, data: Any) -> None:
        if mode == "messages" and data[0].type in {"ai", "AIMessageChunk"} and data[0].text:
            hear(str(data[0].text))

    return tell
