"""What the command line shows of an integration, and with which exit code it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.terminal import Terminal
from graphs.integrate import asking
from graphs.integrate.request import Request
from graphs.integrate.session import Session
from graphs.integrate.state import IntegrateState
from tools import plans

DONE, FAILED, CHANGES = 0, 1, 2
Ask = Callable[[], bool] | None


class NoAnswer(Invalid):
    """The plan needs a yes, and nobody is there to give it."""

    code = "AW901"
    fix = "Add --yes to apply without asking, or --dry-run to see the plan only."


def planned(work: Session, state: IntegrateState, terminal: Terminal, *, full: bool) -> int:
    """Show the plan of a dry run."""
    problem = state.get("problem")
    if "plan" in state:
        _show(plans.from_json(work.plan_bytes(state)), state, terminal, full=full)
    if problem:
        terminal.fail(problem) if "plan" not in state or terminal.form == "text" else None
        return FAILED
    return DONE


def differing(work: Session, state: IntegrateState, terminal: Terminal, *, full: bool) -> int:
    """The differences alone: 0 none, 1 some, 2 could not tell (as `kubectl diff` has it)."""
    if "plan" not in state:
        terminal.fail(state["problem"])
        return CHANGES
    plan = plans.from_json(work.plan_bytes(state))
    terminal.result(
        plans.view(plan), plans.diffs(plan, color=terminal.color, full=full) or plans.summary(plan)
    )
    return FAILED if plan.changes else DONE


def integrated(work: Session, request: Request, terminal: Terminal, *, ask: Ask, full: bool) -> int:
    """Run the graph, showing its plan where it stops, and say what to look at next."""
    shown: list[str] = []

    def answer(state: IntegrateState) -> Mapping[str, Any] | None:
        plan = plans.from_json(work.plan_bytes(state))
        shown.append(plan.digest)
        if terminal.form == "text":
            _show(plan, state, terminal, full=full)
        if ask is None:
            return None
        kind = "approve" if ask() else "reject"
        return {"decisions": [{"type": kind}], "actor": work.actor, "plan_digest": plan.digest}

    from tools import manifests  # noqa: PLC0415  # its models cost 0.05 s that a dry run does not need

    tenant = manifests.tenant(request.descriptor, request.overrides)
    run, state = work.run(request, tenant, answer)
    if run.state == "waiting":
        raise NoAnswer(
            "The plan waits for a yes.",
            fix="Run it again at a terminal, or add --yes.",
            run=run.id,
            tenant=tenant,
        )
    problem = run.problem
    if problem:
        if "plan" in state and not shown and terminal.form == "text":
            _show(plans.from_json(work.plan_bytes(state)), state, terminal, full=full)
        terminal.fail(problem)
        return FAILED
    _receipt(run.id, state, terminal)
    return DONE


def applied(work: Session, path: Path, terminal: Terminal, *, ask: Ask) -> int:
    """Show the plan in the file, ask, and do exactly it."""
    stored = asking.content(path)
    plan = plans.from_json(stored)
    if terminal.form == "text":
        terminal.result({}, plans.text(plan, color=terminal.color, width=terminal.width))
    if ask is None:
        raise NoAnswer("The plan waits for a yes.", fix="Add --yes, or run it at a terminal.")
    if not ask():
        terminal.say("Nothing was applied.")
        return FAILED
    receipt = work.apply(stored)
    terminal.result({"receipt": receipt}, _published(receipt))
    return DONE


def listed(work: Session, tenant: str, terminal: Terminal) -> int:
    found = work.store.runs.of(tenant)
    lines = [f"{run.id[:12]}  {run.graph:<10} {run.state}" for run in found]
    rows = [
        {"id": r.id, "graph": r.graph, "state": r.state, "attempt": r.attempt, "key": r.key} for r in found
    ]
    terminal.result(rows, "\n".join(lines) or f"No runs of tenant {tenant}.")
    return DONE


def resumed(work: Session, terminal: Terminal) -> int:
    """Go on with what dead workers left; the exit code says whether all of it ended well."""
    ended = [run for run, _ in work.resume()]
    lines = [
        f"{run.id[:12]} {run.state}" + (f": {run.problem['message']}" if run.problem else "") for run in ended
    ]
    rows = [{"id": run.id, "state": run.state, "problem": run.problem} for run in ended]
    terminal.result(rows, "\n".join([*lines, f"{len(ended)} runs were gone on with."]))
    return FAILED if any(run.problem for run in ended) else DONE


def _show(plan: plans.Plan, state: IntegrateState, terminal: Terminal, *, full: bool) -> None:
    view = {**plans.view(plan), "fidelity": state.get("fidelity"), "problem": state.get("problem")}
    terminal.result(view, plans.text(plan, color=terminal.color, width=terminal.width, full=full))


def _receipt(run: str, state: IntegrateState, terminal: Terminal) -> None:
    receipt = state.get("receipt")
    change = state["change"]
    if receipt is None:
        terminal.result({"run": run, "change": change}, change["summary"])
        return
    terminal.result({"run": run, "change": change, "receipt": receipt}, _published(receipt))


def _published(receipt: Mapping[str, Any]) -> str:
    word = "was already there" if receipt["adopted"] else "published"
    where = receipt["remote"]
    told = f"Commit {receipt['commit'][:12]} {word} on {receipt['branch']} of {_near(where)}"
    if asking.is_address(where):
        return told
    return f"{told}\nLook at it:  git --git-dir={_near(where)} show --stat {receipt['branch']}"


def _near(path: str) -> str:
    """The path as seen from here, when it lies below."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
