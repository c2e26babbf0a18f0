"""What happens at each step of `integrate`. Each reads the state, calls one tool, returns what changed.

The same steps run under LangGraph (`graph.build`) and without it (`dry.run`), in the order that
`PREPARE` gives; only the stop for approval needs the graph.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from core import telemetry
from core.errors import AppError, Invalid
from core.store import LeaseLost, StoreBusy, StoreUnavailable
from graphs.integrate import content, places, publishing
from graphs.integrate.state import IntegrateState

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

    from graphs.integrate.deps import Deps

Changes = dict[str, Any]
Node = Callable[["IntegrateState", "Runtime[Deps]"], Changes]
EDITS = 10


class ValidationFailed(Invalid):
    """The files did not pass; nothing can be applied."""

    code = "AW920"
    fix = "Read the findings above; `./autoweave explain RULE` says what each rule asks."


class EditRefused(Invalid):
    """The answer to the approval request cannot be used."""

    code = "AW921"
    fix = "Answer with approve, reject, or edit with the changed module options."


def expected(node: Node) -> Node:
    """An expected failure becomes the state's `problem`: streams hide exceptions, never the state."""

    @functools.wraps(node)
    def guarded(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
        with telemetry.span(f"integrate.{node.__name__}", kind="TOOL") as span:
            try:
                return node(state, runtime)
            except (LeaseLost, StoreBusy, StoreUnavailable):
                raise  # another worker's now, or its store is away: not the run's fault, nor its end
            except AppError as error:
                span.fail(f"{error.code} {error.message}")
                return {"problem": error.to_dict()}

    return guarded


@expected
def parse(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
    deps = runtime.context
    done = deps.child.call("graphs.integrate.work:parse", deps.blobs.get(state["source"]))
    return {
        "spec": done.value["spec"],
        "document": deps.blobs.put(done.value["document"]),
        "text": deps.blobs.put(done.value["text"]),
        "sandbox": done.level.name.lower(),
    }


@expected
def describe(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
    spec = {name: state["spec"][name] for name in ("title", "api_version")}
    made = runtime.context.child.call("graphs.integrate.work:describe", state["module"], spec)
    places.refuse_foreign(state, made.value)
    return {"descriptor": made.value}


@expected
def generate(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
    deps = runtime.context
    document = deps.blobs.get(state["document"])
    strict = bool(state["options"].get("strict"))
    made = deps.child.call("graphs.integrate.work:generate", document, strict).value
    proof = deps.child.call("graphs.integrate.work:prove", made["files"], made["claims"]).value
    return {"models": deps.blobs.put(made["files"]), "fidelity": content.fidelity(made, proof)}


@expected
def render(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
    deps = runtime.context
    context = content.context(state, project=publishing.shared(state, deps))
    models, text = deps.blobs.get(state["models"]), deps.blobs.get(state["text"])
    module, version = state["descriptor"], state["options"]["kubernetes"]
    made = deps.child.call("graphs.integrate.work:render", module, context, version, models, text).value
    kept = {name: deps.blobs.put(made[name]) for name in ("files", "expected")}
    return {"bundle": kept["files"], "expected": kept["expected"], "notes": made["findings"]}


@expected
def validate(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
    deps = runtime.context
    files, expected = deps.blobs.get(state["bundle"]), deps.blobs.get(state["expected"])
    return {"ledger": publishing.checked(files, expected, state["options"], content.notes(state), deps)}


@expected
def plan(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
    made = publishing.planned(state, runtime.context)
    changes = {"plan": runtime.context.blobs.put(made.file), "change": made.change}
    if state["ledger"]["ok"]:
        return changes
    failed = ValidationFailed(f"{state['ledger']['totals']['errors']} findings stand against this plan.")
    return {**changes, "problem": failed.to_dict()}


@expected
def approve(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
    from langgraph.types import interrupt  # noqa: PLC0415  # only a running graph stops for a person

    question = content.question(state, publishing.readable(state, runtime.context))
    decision = content.decision(interrupt(question), state)
    if decision["type"] != "edit":
        return {"decision": decision["type"]}
    edits = state.get("edits", 0) + 1
    if edits > EDITS:
        raise EditRefused(f"The module was edited {EDITS} times in one run.", fix="Start a new run.")
    changed = {**decision["module"], **places.kept(state)}
    return {"decision": "edit", "edits": edits, "module": content.edited(state["module"], changed)}


@expected
def publish(state: IntegrateState, runtime: Runtime[Deps]) -> Changes:
    stored = runtime.context.blobs.get(state["plan"])
    return {"receipt": publishing.published(stored, runtime.context)}


def after_step(state: IntegrateState) -> Literal["go on", "stop"]:
    return "stop" if state.get("problem") else "go on"


def after_plan(state: IntegrateState) -> Literal["approve", "stop"]:
    """An unchanged module needs no approval; a failed ledger gets none."""
    is_over = state.get("problem") or state["change"]["is_empty"]
    return "stop" if is_over else "approve"


def after_approval(state: IntegrateState) -> Literal["publish", "describe", "stop"]:
    if state.get("problem") or state["decision"] == "reject":
        return "stop"
    return "describe" if state["decision"] == "edit" else "publish"


PREPARE: tuple[Node, ...] = (parse, describe, generate, render, validate, plan)
