"""The assistant's tools: closed, typed arguments that hold no tenant, branch, path or address.

A tool gets the caller from the run and looks a handle up in the conversation. What it returns is facts
made by code; nothing of a spec's own prose is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from langchain.tools import BaseTool, ToolRuntime
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langgraph.types import Command
from pydantic import BaseModel, ConfigDict, Field

from core.errors import Forbidden, NotFound
from core.http import problems
from core.http.front import NothingWaits
from core.names import closest
from graphs.assistant.desk import Standing
from graphs.assistant.state import Deps
from graphs.integrate.served import IntegrateInput, Port
from graphs.toolbox.catalog import Reference, Searched
from graphs.toolbox.devices import Wanted
from graphs.toolbox.rules import Asked as Code

Word = Field(default=None, max_length=200)
FINDINGS = 10


class HandleUnknown(NotFound):
    """A handle that this conversation does not have."""

    code = "AW915"
    fix = "Use a handle as it stands in the conversation, such as spec-1."


class ApprovalMissing(Forbidden):
    """A plan would be applied that no person said yes to."""

    code = "AW916"
    fix = "Answer the question that shows the plan; only that is a yes."


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlanAsked(_Closed):
    spec: str = Field(max_length=40, description="The document's handle, such as spec-1.")
    name: str | None = Word
    version: str | None = Word
    image: str | None = Field(default=None, max_length=500, description="Container image with a fixed tag.")
    replicas: int | None = Field(default=None, ge=0, le=1000)
    ports: list[Port] | None = Field(default=None, max_length=20)
    env: dict[str, str] | None = Field(default=None, max_length=100)
    owner: str | None = Word
    layout: Literal["kustomize", "helm"] | None = None
    argocd: Literal["application", "applicationset", "none"] | None = None


class ApplyAsked(_Closed):
    plan: str = Field(max_length=40, description="The plan's handle, such as plan-1.")


class StatusAsked(_Closed):
    run: str = Field(max_length=40, description="A handle, such as run-1 or plan-1.")


Work = Callable[[Any, ToolRuntime[Deps, Any]], Mapping[str, Any] | Command[Any]]


@dataclass(frozen=True)
class Job:
    """One tool: what the model is told of it, the form of its arguments, and what it does."""

    name: str
    description: str
    form: type[BaseModel]
    work: Work


def plan_integration(asked: PlanAsked, runtime: ToolRuntime[Deps, Any]) -> Command[Any]:
    deps = runtime.context
    found = _handle(runtime.state.get("specs"), asked.spec, "document")
    spec = found["url"] if "url" in found else deps.desk.blobs.get(found["blob"]).decode()
    named = asked.model_dump(exclude={"spec"}, exclude_none=True)
    standing = deps.desk.plan(deps.caller, IntegrateInput(spec=spec, **named), deps.trace)
    name = f"plan-{_number(runtime)}"
    change = standing.values.get("change") or {}
    kept = {"run": standing.run.id, "digest": change.get("digest", ""), "question": standing.question}
    return _told(runtime, {"plan": name, **_planned(standing)}, plans={name: kept})


def apply_plan(asked: ApplyAsked, runtime: ToolRuntime[Deps, Any]) -> Mapping[str, Any]:
    deps = runtime.context
    found = _handle(runtime.state.get("plans"), asked.plan, "plan")
    if not found["question"]:
        raise NothingWaits(f"{asked.plan} asks for nothing: there is nothing to apply.")
    actor = deps.approved.get(found["digest"])
    if not actor:
        raise ApprovalMissing(f"Nobody approved {asked.plan}.")
    answer = {"decisions": [{"type": "approve"}], "plan_digest": found["digest"]}
    standing = deps.desk.answer(deps.caller.tenant, found["run"], answer, actor)
    return {"plan": asked.plan, **_stands(standing.run), "receipt": standing.values.get("receipt") or {}}


def run_status(asked: StatusAsked, runtime: ToolRuntime[Deps, Any]) -> Mapping[str, Any]:
    deps = runtime.context
    known = {**(runtime.state.get("plans") or {}), **(runtime.state.get("runs") or {})}
    run = deps.desk.status(deps.caller.tenant, _handle(known, asked.run, "run")["run"])
    return {"run": asked.run, "graph": run.graph, **_stands(run)}


def catalog_search(asked: Searched, runtime: ToolRuntime[Deps, Any]) -> Mapping[str, Any]:
    do = "search" if asked.query or asked.kind else "list"
    found = runtime.context.desk.ask_catalog({"do": do, **asked.model_dump(exclude_defaults=True)})
    shown = [
        {"path": each["path"], "versions": each.get("versions", [])[-5:]} for each in found["modules"][:30]
    ]
    return {"modules": shown, "total": found["total"]}


def catalog_check(asked: Reference, runtime: ToolRuntime[Deps, Any]) -> Mapping[str, Any]:
    found = runtime.context.desk.ask_catalog({"do": "check", **asked.model_dump(exclude_defaults=True)})
    return {"module": {name: found["module"].get(name) for name in ("path", "version", "is_latest")}}


def list_devices(asked: Wanted, runtime: ToolRuntime[Deps, Any]) -> Mapping[str, Any]:
    return runtime.context.desk.read("devices", runtime.context.caller, asked.model_dump())


def explain(asked: Code, runtime: ToolRuntime[Deps, Any]) -> Mapping[str, Any]:
    return runtime.context.desk.read("explain", runtime.context.caller, asked.model_dump())


JOBS: tuple[Job, ...] = (
    Job(
        "plan_integration",
        "Read an OpenAPI document, generate models and manifests, check them, and say what would change."
        " Publishes nothing.",
        PlanAsked,
        plan_integration,
    ),
    Job(
        "apply_plan",
        "Commit and push exactly this plan. A person sees the plan and is asked first.",
        ApplyAsked,
        apply_plan,
    ),
    Job("run_status", "How a run or a plan stands.", StatusAsked, run_status),
    Job("catalog_search", "The published infrastructure modules.", Searched, catalog_search),
    Job(
        "catalog_check",
        "Whether a module, its version and the named inputs and outputs exist. Nothing is substituted.",
        Reference,
        catalog_check,
    ),
    Job("list_devices", "The USB devices of the machine that serves.", Wanted, list_devices),
    Job("explain", "What a code such as AW101 means, and what to do.", Code, explain),
)
FORMS: Mapping[str, type[BaseModel]] = {job.name: job.form for job in JOBS}


def tools() -> list[BaseTool]:
    return [_tool(job) for job in JOBS]


def _tool(job: Job) -> BaseTool:
    def call(runtime: ToolRuntime[Deps, Any], **given: Any) -> Any:
        made = job.work(job.form.model_validate(given), runtime)
        return made if isinstance(made, Command) else orjson.dumps(made, option=orjson.OPT_SORT_KEYS).decode()

    schema = job.form.model_json_schema() | {"additionalProperties": False}
    return StructuredTool.from_function(call, name=job.name, description=job.description, args_schema=schema)


def _told(runtime: ToolRuntime[Deps, Any], facts: Mapping[str, Any], **changes: Any) -> Command[Any]:
    """A tool's answer that also changes what the conversation knows."""
    text = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode()
    message = ToolMessage(text, name="plan_integration", tool_call_id=runtime.tool_call_id)
    return Command(update={**changes, "messages": [message]})


def _handle(known: Mapping[str, Any] | None, name: str, kind: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = (known or {}).get(name)
    if found is None:
        near = closest(name, known or {})
        hint = f" Did you mean {near}?" if near else f" No {kind} was handed over." if not known else ""
        raise HandleUnknown(f"There is no {kind} {name[:40]!r}.{hint}")
    return found


def _number(runtime: ToolRuntime[Deps, Any]) -> int:
    """The same for the same call, however often it is made, and another for each call of one step."""
    calls: Sequence[Any] = ()
    for message in reversed(runtime.state["messages"]):
        if isinstance(message, AIMessage):
            calls = message.tool_calls
            break
    before = [each["id"] for each in calls if each["name"] == "plan_integration"]
    place = before.index(runtime.tool_call_id) if runtime.tool_call_id in before else 0
    return len(runtime.state.get("plans") or {}) + place + 1


def _planned(standing: Standing) -> dict[str, Any]:
    values = standing.values
    change, ledger = values.get("change") or {}, values.get("ledger") or {}
    found = [each for entry in ledger.get("entries", ()) for each in entry["findings"]]
    rules = sorted({(each["severity"], each["rule"]) for each in found})
    return {
        **_stands(standing.run),
        "module": (values.get("descriptor") or {}).get("name", ""),
        "digest": change.get("digest", ""),
        "risk": change.get("risk", ""),
        "is_empty": bool(change.get("is_empty")),
        "summary": change.get("summary", ""),
        "counts": change.get("counts", {}),
        "ledger": ledger.get("totals", {}),
        "findings": [{"rule": rule, "severity": severity} for severity, rule in rules[:FINDINGS]],
    }


def _stands(run: Any) -> dict[str, Any]:
    return {"state": run.state, **({"failure": problems.problem(run.problem)} if run.problem else {})}
