"""Build a plan: compare what a module owns with what it wants, and seal the result by a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from core import paths
from core.errors import Conflict, Invalid
from tools.plans.changes import Change, fingerprint
from tools.plans.risk import Risk, assess

FORMAT = 1


class PlanInvalid(Invalid):
    """What was handed in is not a plan, or cannot become one."""

    code = "AW503"
    fix = "Make a fresh plan with `./autoweave plan`."


class PlanTampered(Conflict):
    """The plan is not the one that was shown: a byte of it differs from its digest."""

    code = "AW504"
    fix = "Make a fresh plan, review it and apply that one."


@dataclass(frozen=True)
class Plan:
    """`base` holds the SHA-256 of each file the module owned when the plan was made."""

    module: str
    tenant: str
    branch: str
    base_commit: str | None
    owned: tuple[str, ...]
    base: Mapping[str, str]
    changes: tuple[Change, ...]
    ledger: Mapping[str, Any]
    spec_digest: str
    build_key: str
    message: str
    meta: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all that will be done and all that was shown for it."""
        return "sha256:" + hashlib.sha256(canonical(sealed(self))).hexdigest()

    @cached_property
    def risk(self) -> Risk:
        return assess(self.changes)

    @property
    def is_empty(self) -> bool:
        return not self.changes

    @property
    def writes(self) -> dict[str, bytes]:
        return {change.path: change.after for change in self.changes if change.after is not None}

    @property
    def deletes(self) -> tuple[str, ...]:
        return tuple(change.path for change in self.changes if change.after is None)


def make(
    *,
    module: str,
    tenant: str,
    branch: str,
    base_commit: str | None,
    base: Mapping[str, bytes],
    files: Mapping[str, bytes],
    owned: Sequence[str],
    ledger: Mapping[str, Any],
    spec_digest: str,
    build_key: str,
    message: str,
    meta: Mapping[str, Any] | None = None,
) -> Plan:
    """`base` is the present content at or below `owned`; a file there that is not in `files` is deleted."""
    prefixes = tuple(sorted(paths.check(prefix.rstrip("/")) for prefix in owned))
    paths.check_all(files, prefixes)
    # What is in the repository was not named by us, so it is only held to its place.
    current = {path: data for path, data in base.items() if any(paths.is_under(path, p) for p in prefixes)}
    if len(current) != len(base):
        raise PlanInvalid("The base holds files outside the paths this module owns.", owned=list(prefixes))
    return Plan(
        module=module,
        tenant=tenant,
        branch=branch,
        base_commit=base_commit,
        owned=prefixes,
        base=MappingProxyType({path: str(fingerprint(current[path])) for path in sorted(current)}),
        changes=_changes(current, files),
        ledger=MappingProxyType(_plain(ledger, "ledger")),
        spec_digest=spec_digest,
        build_key=build_key,
        message=message,
        meta=MappingProxyType(_plain(meta or {}, "meta")),
    )


def sealed(plan: Plan) -> dict[str, Any]:
    """What the digest covers. File contents stand as their own SHA-256."""
    return {
        "schema_version": FORMAT,
        "module": plan.module,
        "tenant": plan.tenant,
        "branch": plan.branch,
        "base_commit": plan.base_commit,
        "owned": list(plan.owned),
        "base": dict(plan.base),
        "changes": [
            {"path": c.path, "before": fingerprint(c.before), "after": fingerprint(c.after)}
            for c in plan.changes
        ],
        "risk": plan.risk.to_dict(),
        "ledger": dict(plan.ledger),
        "spec_digest": plan.spec_digest,
        "build_key": plan.build_key,
        "message": plan.message,
        "meta": dict(plan.meta),
    }


def canonical(value: Any) -> bytes:
    """One spelling for equal data."""
    # Escaped, because a lone surrogate from a broken document has no UTF-8 form.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _changes(base: Mapping[str, bytes], files: Mapping[str, bytes]) -> tuple[Change, ...]:
    pairs = ((path, base.get(path), files.get(path)) for path in sorted({*base, *files}))
    return tuple(Change(path, before, after) for path, before, after in pairs if before != after)


def _plain(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A private copy as JSON has it, so that a plan read back from its file compares equal."""
    try:
        copy = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise PlanInvalid(f"The plan's {name} is not plain data: {error}.", place=name) from error
    assert isinstance(copy, dict)
    return copy
