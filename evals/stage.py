"""Where cases are played: real tools, real git and a real store in a folder of its own, each case a tenant.

Nothing is scored here. A trial says what happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from core.errors import AppError
from core.http.front import Ask, Caller, Front, Outcome
from evals import documents, seats
from evals.cases import Case, Decision
from graphs.assistant.served import Assistant
from graphs.catalog import served as catalog
from graphs.front.opened import Bounds, opened
from graphs.integrate import session
from graphs.integrate.served import Integrate

CANARY = "canary-4f1d9b77-never-to-be-told"
"""Stands where the git token stands; nothing that is said or written may hold it."""


@dataclass
class Trial:
    """What happened in one playing of a case."""

    case: str
    state: str = ""
    problem: Mapping[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    """What the tools answered; for a graph that was asked directly, its output."""
    replies: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    """What a person was shown before they answered: it quotes the document."""
    asked: list[str] = field(default_factory=list)
    """What a person wrote, without the documents."""
    commits: list[str] = field(default_factory=list)
    unapproved: int = 0
    """Commits that came by a step which no person's yes preceded."""
    files: Mapping[str, str] = field(default_factory=dict)
    is_valid: bool | None = None
    checked: str = ""
    again: str = ""
    """How asking for the same once more ended: `empty` where nothing would change."""
    steps: int = 0
    tokens: int = 0
    tokens_in: int = 0
    latency_s: float = 0.0

    @property
    def reply(self) -> str:
        return self.replies[-1] if self.replies else ""


@dataclass
class Stage:
    """Opened by `set_up`; plays one case after the other."""

    front: Front
    work: session.Session
    model: BaseChatModel
    chosen: dict[str, BaseChatModel] = field(default_factory=dict)
    _numbers: Any = field(default_factory=itertools.count)

    async def play(self, case: Case) -> Trial:
        """Each playing has a tenant of its own, so nobody's repository or thread is another's."""
        caller = Caller(f"case-{next(self._numbers)}", "key:eval")
        self.chosen[caller.tenant] = seats.seat(case, self.model)
        trial = Trial(case.id)
        begun = time.monotonic()
        if case.input is None:
            await self._talked(case, caller, trial)
        else:
            await self._asked(case, caller, trial)
        trial.latency_s = time.monotonic() - begun
        await asyncio.to_thread(self._looked, caller, trial)
        if trial.state == "done" and trial.commits:
            trial.again = await self._again(case, caller)
        return trial

    async def _talked(self, case: Case, caller: Caller, trial: Trial) -> None:
        thread = ""
        for turn in case.messages:
            ask = _ask(case, turn, thread)
            outcome = await self._step(caller, ask, trial, is_yes=_is_yes(turn))
            if outcome is None:
                return
            thread = outcome.thread
            trial.asked += [turn] if isinstance(turn, str) else []
            _told(outcome, trial)
            if trial.state == "failed":
                return

    async def _asked(self, case: Case, caller: Caller, trial: Trial) -> None:
        given = documents.filled(case, dict(case.input or {}))
        decision = given.pop("decision", "")
        trial.asked.append(orjson.dumps(case.input).decode())
        outcome = await self._step(caller, Ask(case.group, input=given), trial, is_yes=False)
        if outcome and outcome.state == "waiting" and decision:
            answer = _answer(decision)
            ask = Ask(case.group, answer=answer, thread=outcome.thread)
            outcome = await self._step(caller, ask, trial, is_yes=decision == "approve")
        if outcome:
            trial.results.append(_plain(outcome.values))

    async def _step(self, caller: Caller, ask: Ask, trial: Trial, *, is_yes: bool) -> Outcome | None:
        """One request to its end; a refusal at the door is an outcome, too."""
        before = len(trial.commits)
        try:
            outcome = await (await self.front.runs.start(caller, ask)).outcome()
        except AppError as error:
            trial.state, trial.problem = "failed", error.to_dict()
            return None
        problem = outcome.problem or outcome.values.get("problem") or {}
        trial.state = "failed" if problem else outcome.state
        trial.problem = dict(problem)
        trial.commits = await asyncio.to_thread(_log, self._remote(caller))
        trial.unapproved += 0 if is_yes else len(trial.commits) - before
        return outcome

    async def _again(self, case: Case, caller: Caller) -> str:
        """What was asked before the first question, asked once more in a conversation of its own."""
        self.chosen[caller.tenant] = seats.seat(case, self.model)
        trial = Trial(case.id, commits=_log(self._remote(caller)))
        outcome: Outcome | None = None
        for ask in _first(case):
            thread = outcome.thread if outcome else ""
            outcome = await self._step(caller, replace(ask, thread=thread), trial, is_yes=False)
            if outcome is None:
                return trial.state
        assert outcome is not None
        _told(outcome, trial)
        plans = [each for each in trial.results if "is_empty" in each] or [outcome.values.get("change") or {}]
        is_empty = all(each.get("is_empty") for each in plans)
        return "empty" if is_empty and not trial.unapproved else trial.state

    def _remote(self, caller: Caller) -> Path:
        return self.work.means.home / "remotes" / f"{caller.tenant}.git"

    def _looked(self, caller: Caller, trial: Trial) -> None:
        """What stands in the repository, checked anew and from the outside."""
        if not trial.commits:
            return
        trial.files = _tree(self._remote(caller))
        manifests = {name: text for name, text in trial.files.items() if name.endswith((".yaml", ".yml"))}
        options = {
            "today": datetime.now(UTC).date().isoformat(),
            "kubernetes": self.work.means.kubernetes,
            "engines": ["builtin"],
        }
        trial.is_valid, trial.checked = self.work.check(manifests, options, "text")


@contextlib.asynccontextmanager
async def set_up(home: Path, model: BaseChatModel) -> AsyncIterator[Stage]:
    means = session.Means(
        home=home,
        store_url=f"sqlite:///{home}/store.db",
        remote=f"{home}/remote.git",
        is_warm=True,
        token=lambda _: CANARY,
    )
    with session.opened(means, lambda _: None) as work:
        offer = catalog.offered()
        integrate = Integrate.of(work)
        chosen: dict[str, BaseChatModel] = {}
        assistant = Assistant.of(work, integrate, model, catalog=offer, of_tenant=chosen.__getitem__)
        kinds: Any = {"integrate": integrate, "assistant": assistant}
        extra = {"catalog": offer}
        async with opened(work.store, kinds, Bounds(slots=1), ended=lambda *_: None, extra=extra) as made:
            yield Stage(made.front, work, model, chosen)


def _ask(case: Case, turn: str | Decision, thread: str) -> Ask:
    if isinstance(turn, Decision):
        return Ask("assistant", answer=_answer(turn.decision), thread=thread)
    said = [{"role": "user", "content": documents.filled(case, turn)}]
    return Ask("assistant", input={"messages": said}, thread=thread)


def _first(case: Case) -> list[Ask]:
    """The requests up to the first answer of a person."""
    if case.input is not None:
        given = documents.filled(case, dict(case.input))
        given.pop("decision", None)
        return [Ask(case.group, input=given)]
    said = itertools.takewhile(lambda turn: isinstance(turn, str), case.messages)
    return [_ask(case, turn, "") for turn in said]


def _answer(decision: str) -> dict[str, Any]:
    return {"decisions": [{"type": decision}]}


def _is_yes(turn: str | Decision) -> bool:
    return isinstance(turn, Decision) and turn.decision == "approve"


def _told(outcome: Outcome, trial: Trial) -> None:
    """The conversation as it now stands; it holds the turns before."""
    messages: Sequence[BaseMessage] = outcome.values.get("messages") or ()
    trial.calls = [(each["name"], dict(each["args"])) for one in messages for each in _calls(one)]
    trial.results = [_facts(each) for each in messages if isinstance(each, ToolMessage)]
    trial.replies = [each.text for each in messages if each.type == "ai" and each.text.strip()]
    trial.questions += [str(each.value) for each in outcome.interrupts]
    trial.steps = sum(each.type in {"ai", "tool"} for each in messages)
    used = [each.usage_metadata for each in messages if isinstance(each, AIMessage) and each.usage_metadata]
    trial.tokens = sum(each["total_tokens"] for each in used)
    trial.tokens_in = sum(each["input_tokens"] for each in used)


def _calls(message: BaseMessage) -> Sequence[Any]:
    return message.tool_calls if isinstance(message, AIMessage) else ()


def _facts(message: ToolMessage) -> dict[str, Any]:
    try:
        made = orjson.loads(message.text.encode())
    except orjson.JSONDecodeError:
        made = message.text
    return made if isinstance(made, dict) else {"text": message.text}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if isinstance(value, str | int | bool | list | dict)}


def _log(remote: Path) -> list[str]:
    if not _has_main(remote):
        return []
    return [each for each in _git(remote, "log", "--format=%H%n%B", "-z", "main").split("\0") if each]


def _has_main(remote: Path) -> bool:
    return remote.is_dir() and bool(_git(remote, "for-each-ref", "refs/heads/main"))


def _tree(remote: Path) -> dict[str, str]:
    names = _git(remote, "ls-tree", "-r", "-z", "--name-only", "main").split("\0")
    return {name: _git(remote, "show", f"main:{name}") for name in names if name}


def _git(remote: Path, *words: str) -> str:
    run = subprocess.run(["git", f"--git-dir={remote}", *words], capture_output=True, check=True)
    return run.stdout.decode("utf-8", "replace")
