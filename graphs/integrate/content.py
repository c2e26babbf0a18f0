"""What the steps hand to the tools, and what they keep of the answers. Pure functions of the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Invalid
from core.findings import Finding
from core.version import VERSION
from graphs.integrate.state import IntegrateState

_SHOWN = 30_000  # characters of a plan in a question
_KINDS = (("live", "liveness"), ("alive", "liveness"), ("ready", "readiness"), ("readiness", "readiness"))


class AnswerRefused(Invalid):
    """The answer to an approval request does not have the form that was asked for."""

    code = "AW922"
    fix = 'Answer {"decisions": [{"type": "approve"}]}, with "reject" or "edit" in its place.'


def context(state: IntegrateState, *, project: str | None) -> dict[str, Any]:
    """What `manifests.render` is told besides the module."""
    spec = state["spec"]
    return {
        "spec": {
            "title": spec["title"],
            "version": spec["api_version"],
            "digest": f"sha256:{spec['digest']}",
        },
        "health": [{"path": each["path"], "kind": _kind(each["path"])} for each in spec["health"]],
        "servers": spec["servers"],
        "project": project,
        "tool": VERSION,
    }


def _kind(path: str) -> str:
    last = path.rstrip("/").rpartition("/")[2].lower()
    return next((kind for start, kind in _KINDS if last.startswith(start)), "health")


def fidelity(models: Mapping[str, Any], proof: Mapping[str, Any]) -> dict[str, Any]:
    """Counts, and the parts that were lost or refused."""
    kept = {name: models[name] for name in ("counts", "lossy")}
    return kept | {name: proof[name] for name in ("classes", "built", "examples", "misfits", "refused")}


def notes(state: IntegrateState) -> dict[str, Any]:
    """What the steps before validation found, for the ledger."""
    made = state["fidelity"]
    lossy = [
        Finding(
            "AW290", "warning", f"{part['name']} is {part['status']}: {'; '.join(own)}", place=part["place"]
        )
        for part in made["lossy"]
        if (own := [each for each in part["lost"] if not each.startswith("see ")])
    ]
    refused = [
        Finding(
            "AW291", "warning", f"The spec's own example does not fit: {each['why']}", place=each["place"]
        )
        for each in made["refused"]
    ]
    counts = ", ".join(f"{number} {name}" for name, number in made["counts"].items())
    built = f"{made['built']} of {made['classes']} classes were built"
    told = f"{built}; {counts}; {made['examples']} examples, {made['misfits']} refused."
    return {
        "spec": state["spec"]["findings"],
        "models": [finding.to_dict() for finding in (*lossy, *refused)],
        "fidelity": told,
        "module": state["notes"],
        "sandbox": f"The spec was read and the models were made at level {state['sandbox']}.",
    }


def question(state: IntegrateState, shown: str) -> dict[str, Any]:
    """The stop for a person, in LangChain's human-in-the-loop form; it names the plan's digest.

    `shown` is the plan as a person reads it, diffs and findings; a very long one is cut.
    """
    change = state["change"]
    cut = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}\n… cut; the whole plan has this digest."
    return {
        "action_requests": [
            {
                "name": "apply_plan",
                "args": {
                    "plan_digest": change["digest"],
                    "module": dict(state["module"].get("overrides", {})),
                },
                "description": f"{change['summary']} Risk: {change['risk']}.\n\n{cut}",
            }
        ],
        "review_configs": [{"action_name": "apply_plan", "allowed_decisions": ["approve", "edit", "reject"]}],
    }


def decision(answer: Any, state: IntegrateState) -> dict[str, Any]:
    """`{"type", "actor", "module"}` from a resume value; a digest in it must be the plan's own."""
    decisions = answer.get("decisions") if isinstance(answer, Mapping) else None
    first = decisions[0] if isinstance(decisions, list) and len(decisions) == 1 else None
    if not isinstance(first, Mapping) or first.get("type") not in {"approve", "edit", "reject"}:
        raise AnswerRefused("The answer holds no single decision of a known type.")
    named = answer.get("plan_digest", state["change"]["digest"])
    if named != state["change"]["digest"]:
        raise AnswerRefused("The answer is for another plan.", fix="Read the present plan and answer that.")
    edited = first.get("edited_action") or {}
    args = edited.get("args", {}) if isinstance(edited, Mapping) else {}
    return {
        "type": first["type"],
        "actor": str(answer.get("actor", ""))[:200],
        "module": args.get("module", {}) if isinstance(args, Mapping) else {},
    }


def edited(module: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """The module with a person's changes laid over the options it came with."""
    return {**module, "overrides": {**module["overrides"], **changed}}
