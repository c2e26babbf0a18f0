"""A plan as a file: all it would write, all it was judged by, and a digest that covers both."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from core import paths
from tools.plans.changes import Change, fingerprint
from tools.plans.plan import FORMAT, Plan, PlanInvalid, PlanTampered, sealed
from tools.plans.show import summary

FILE_BYTES = 256 * 1024 * 1024


def to_json(plan: Plan) -> str:
    """The plan file's text, contents included."""
    return json.dumps(_document(plan, with_contents=True), indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def view(plan: Plan) -> dict[str, Any]:
    """Plain data for `-o json`: the same without the files' contents. Not a plan file."""
    return _document(plan, with_contents=False)


def from_json(text: str | bytes, expected: str = "") -> Plan:
    """Read a plan file and hold every field against the digest; `expected` is the approved digest."""
    if len(text) > FILE_BYTES:
        raise PlanInvalid(f"The plan file is larger than {FILE_BYTES // 2**20} MB.")
    document = _parse(text)
    if document.get("schema_version") != FORMAT:
        raise PlanInvalid(
            f"The plan file has format {document.get('schema_version')!r}, this version reads {FORMAT}.",
            place="/schema_version",
        )
    plan = _revive(document)
    # Rebuilding from the contents and comparing everything also covers the shown diff and risk.
    if _document(plan, with_contents=True) != document:
        raise PlanTampered("The plan file was changed after it was made.", digest=plan.digest)
    if expected and expected != plan.digest:
        raise PlanTampered("This is not the plan that was approved.", digest=plan.digest, approved=expected)
    return plan


def _document(plan: Plan, *, with_contents: bool) -> dict[str, Any]:
    document = sealed(plan)
    document["digest"] = plan.digest
    document["summary"] = summary(plan)
    document["changes"] = [_entry(change, with_contents) for change in plan.changes]
    return document


def _entry(change: Change, with_contents: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "path": change.path,
        "action": change.action,
        "before_digest": fingerprint(change.before),
        "after_digest": fingerprint(change.after),
        "diff": change.diff,
    }
    if with_contents:
        entry["before"] = _packed(change.before)
        entry["after"] = _packed(change.after)
    return entry


def _packed(data: bytes | None) -> dict[str, str] | None:
    if data is None:
        return None
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _unpacked(value: Any) -> bytes | None:
    if value is None:
        return None
    if "text" in value:
        return str(value["text"]).encode("utf-8")
    return base64.b64decode(value["base64"], validate=True)


def _parse(text: str | bytes) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise PlanInvalid(f"The plan file is not JSON: {str(error)[:200]}.") from error
    if not isinstance(document, dict):
        raise PlanInvalid("The plan file does not hold an object.")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _revive(document: Mapping[str, Any]) -> Plan:
    try:
        plan = Plan(
            module=str(document["module"]),
            tenant=str(document["tenant"]),
            branch=str(document["branch"]),
            base_commit=document["base_commit"],
            owned=tuple(document["owned"]),
            base=MappingProxyType(dict(document["base"])),
            changes=tuple(
                Change(str(entry["path"]), _unpacked(entry["before"]), _unpacked(entry["after"]))
                for entry in document["changes"]
            ),
            ledger=MappingProxyType(dict(document["ledger"])),
            spec_digest=str(document["spec_digest"]),
            build_key=str(document["build_key"]),
            message=str(document["message"]),
            meta=MappingProxyType(dict(document["meta"])),
        )
        paths.check_all(plan.writes, plan.owned)
        for prefix in plan.owned:
            paths.check(prefix)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanInvalid(
            f"The plan file lacks a part or has it in a wrong shape: {error!r:.200}."
        ) from error
    _refuse_strays(plan)
    return plan


def _refuse_strays(plan: Plan) -> None:
    """A deletion or a base entry outside the owned paths would reach another module's files."""
    for path in (*plan.deletes, *plan.base):
        if not any(paths.is_under(path, prefix) for prefix in plan.owned):
            raise PlanInvalid("The plan file names a file outside the paths it owns.", place=path[:200])
    for change in plan.changes:
        if plan.base.get(change.path) != fingerprint(change.before):
            raise PlanTampered(
                "A file's earlier content does not fit the plan's base.", place=change.path[:200]
            )
