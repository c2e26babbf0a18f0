"""Between the steps and git: what is there, what would change, and doing exactly that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import ormsgpack

from core import paths, telemetry
from graphs.integrate import places
from graphs.integrate.state import IntegrateState
from tools import plans

if TYPE_CHECKING:
    from graphs.integrate.deps import Deps

EFFECT = "publish"


@dataclass(frozen=True)
class Planned:
    file: bytes  # the plan file
    change: dict[str, Any]


def shared(state: IntegrateState, deps: Deps) -> str | None:
    """The tenant's project file as it stands in the repository: its other modules wrote in it too."""
    module = state["descriptor"]
    path = f"argocd/projects/{module['tenant']}.yaml"
    remote = deps.remote(places.named(state))
    head = remote.head(module["git"]["branch"])
    found = remote.read(head, (path,)) if head else {}
    return found[path].decode() if path in found else None


def checked(
    files: bytes, expected: bytes, options: Mapping[str, Any], notes: Mapping[str, Any], deps: Deps
) -> dict[str, Any]:
    """The ledger. Outside engines are programs, which the confined child may not start."""
    if set(options["engines"]) <= {"builtin"}:
        made = deps.child.call("graphs.integrate.work:validate", files, expected, options, notes)
        return dict(made.value)
    from graphs.integrate import work  # noqa: PLC0415  # only where a program is to be run

    return work.validate(files, expected, options, notes)


def planned(state: IntegrateState, deps: Deps) -> Planned:
    """The plan of this bundle against the head of the module's branch."""
    module = state["descriptor"]
    files: dict[str, str] = ormsgpack.unpackb(deps.blobs.get(state["bundle"]))
    place = places.named(state)
    remote = deps.remote(place)
    branch = module["git"]["branch"]
    head = remote.head(branch)
    lock = f"apps/{module['name']}/autoweave.lock"
    found = remote.read(head, (lock,)) if head else {}
    owned = owns(module, files, found.get(lock, b"").decode("utf-8", "replace"))
    plan = plans.make(
        module=module["name"],
        tenant=module["tenant"],
        branch=branch,
        base_commit=head,
        base=remote.read(head, owned) if head else {},
        files={path: text.encode() for path, text in files.items()},
        owned=owned,
        ledger=state["ledger"],
        spec_digest=state["spec"]["digest"],
        build_key=state["key"],
        message=_message(state),
        meta={"trace_id": state["trace"], "remote": place or ""},
    )
    return Planned(plans.to_json(plan).encode(), change(plan))


def change(plan: plans.Plan) -> dict[str, Any]:
    """What a person or a program must know of a plan without reading its files."""
    counts = {name: sum(each.action == name for each in plan.changes) for name in ("add", "change", "delete")}
    return {
        "digest": plan.digest,
        "risk": plan.risk.level,
        "reasons": list(plan.risk.reasons),
        "summary": plans.summary(plan),
        "counts": counts,
        "is_empty": plan.is_empty,
        "base_commit": plan.base_commit or "",
    }


def readable(state: IntegrateState, deps: Deps) -> str:
    """The plan as a person reads it: what changes, with diffs, and what was found."""
    return plans.text(plans.from_json(deps.blobs.get(state["plan"])), width=100)


def owns(module: Mapping[str, Any], files: Mapping[str, str], lock: str) -> tuple[str, ...]:
    """The files this module writes, and those of its own that the last lock names.

    What people put beside them stays, and so does what a lock claims of other modules' files.
    """
    try:
        listed = json.loads(lock).get("files", []) if lock else []
    except (ValueError, AttributeError):
        listed = []  # somebody broke the lock: nothing is deleted on its word
    name = module["name"]
    own = (f"apps/{name}", f"argocd/apps/{name}.yaml", *([module["chart"]] if module["chart"] else []))
    mine = (
        path for path in listed if isinstance(path, str) and any(paths.is_under(path, each) for each in own)
    )
    return tuple(sorted({*files, *mine}))


def _message(state: IntegrateState) -> str:
    module, spec = state["descriptor"], state["spec"]
    title = f"feat({module['name']}): integrate {module['name']} {module['version']}"
    return f"{title}\n\n{spec['title']} {spec['api_version']} (OpenAPI {spec['version']})"


def published(stored: bytes, deps: Deps) -> dict[str, Any]:
    """Do exactly the plan: intent, commit and push as one transaction, receipt."""
    from tools import repo  # noqa: PLC0415  # GitPython costs 0.2 s; a first plan needs none of it

    plan = plans.from_json(stored)
    assert deps.journal is not None, "publishing without a journal"
    effect = deps.journal.intend(
        EFFECT, key=plan.digest, detail={"branch": plan.branch, "run": plan.build_key}
    )
    if effect.is_done:
        return dict(effect.receipt)
    publication = repo.Publication(
        branch=plan.branch,
        base_commit=plan.base_commit,
        owned=plan.owned,
        base=plan.base,
        writes=plan.writes,
        deletes=plan.deletes,
        message=plan.message,
        build_key=plan.build_key,
        plan_digest=plan.digest,
        spec_digest=plan.spec_digest,
        author=repo.Identity(*deps.author),
        committer=repo.Identity(*deps.author),
        at_s=int(deps.now()),
        trace_id=str(plan.meta.get("trace_id", "")),
    )
    with telemetry.span("integrate.commit", kind="TOOL", branch=plan.branch, plan_digest=plan.digest) as span:
        place = str(plan.meta.get("remote") or "")
        receipt = asdict(deps.remote(place or None).publish(publication))
        if place.startswith(places.TENANT):  # where a tenant's repository lies is the server's business
            receipt["remote"] = place
        span.set(commit=receipt["commit"], attempts=receipt["attempts"])
    deps.journal.record(effect, receipt)
    return receipt
