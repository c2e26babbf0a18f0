"""`apply`: a plan file, done exactly and once. The plan was shown and approved before."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core import workers
from core.errors import AppError
from graphs.integrate import nodes, publishing
from graphs.integrate.deps import Deps
from graphs.integrate.runner import Held, Journal
from tools import plans

if TYPE_CHECKING:
    from core.store.sql import Store


def apply(stored: bytes, store: Store, deps: Deps, *, worker: str, lease_s: float) -> dict[str, Any]:
    """The receipt. The same plan again gives the same receipt and no second commit."""
    plan = plans.from_json(stored)
    if not plan.ledger.get("ok"):
        raise nodes.ValidationFailed("The plan's ledger holds findings that fail it.")
    key = hashlib.sha256(plan.digest.encode()).hexdigest()
    run = store.runs.admit(
        plan.tenant,
        graph="apply",
        key=key,
        input={"plan": deps.blobs.put(stored)},
        trace_id=str(plan.meta.get("trace_id", "")),
    )
    if run.state == "done":
        return dict(run.result)
    if run.has_ended:
        run = store.runs.reopen(plan.tenant, run.id)
    gone = run.owner if workers.is_gone(run.owner) else ""
    run = store.runs.claim(plan.tenant, run.id, worker=worker, lease_s=lease_s, instead_of=gone)
    try:
        with Held(run, store):
            receipt = publishing.published(stored, replace(deps, journal=Journal(store, run)))
    except AppError as error:
        store.runs.fail(run, problem=error.to_dict())
        raise
    store.runs.finish(run, result=receipt)
    return receipt
