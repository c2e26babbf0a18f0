"""What runs inside the confined child: unpack plain data, call one tool, pack its answer.

The border is plain data both ways. A large value crosses as bytes the parent never unpacks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson
import ormsgpack
import yaml

from core.errors import AppError
from core.findings import Finding
from tools import codegen, manifests, openapi, validation
from tools.validation import ledger as ledgers
from tools.validation import policy, schemas

_STATUSES = ("generated", "partial", "dropped")
_SHOWN = 200  # parts that lost something, and examples that were refused, told by name
_SPEC_FINDINGS = 100  # of each document, in the ledger; `validate SPEC` shows all


def names(source: dict[str, Any]) -> list[str]:
    """Every file that the document at `source` reads."""
    return openapi.names(source)


def parse(source: bytes) -> dict[str, Any]:
    """`source` is the captured source; `document` and `text` come back as bytes."""
    spec = openapi.load(ormsgpack.unpackb(source))
    document = spec.pop("document")
    text = spec.pop("text")
    return {"spec": spec, "document": orjson.dumps(document), "text": text.encode()}


def findings(source: dict[str, Any], authority: bool) -> list[dict[str, Any]]:
    """What is wrong with the document; with `authority` also what openapi-spec-validator says of it."""
    spec = openapi.load(source)
    found: list[dict[str, Any]] = spec["findings"]
    if authority:
        try:
            openapi.authority(openapi.cleared(openapi.Memory(source["files"], source["entry"])))
        except AppError as refused:
            said = Finding(
                refused.code, "error", f"openapi-spec-validator: {refused.message}", place=refused.place
            )
            return [*found, said.to_dict()]
    return found


def check(files: dict[str, str], options: dict[str, Any], report: str) -> tuple[bool, str]:
    """The ledger over any files, as text, JSON, JUnit or SARIF."""
    ledger = validation.Ledger.from_dict(validation.run(files, options))
    write = {
        "text": validation.text,
        "json": validation.to_json,
        "junit": validation.junit,
        "sarif": validation.sarif,
    }
    return ledger.ok, write[report](ledger)


def warm() -> None:
    """Fill the caches that every later child of the process then has."""
    codegen.warm()
    validation.preload()


def describe(module: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The module with every default filled in: descriptor, then the options, then the spec's own words."""
    made = manifests.read(
        module["descriptor"],
        spec_title=spec["title"] or "module",
        spec_version=spec["api_version"] or "0.0.0",
        **module["overrides"],
    )
    return made.plain()


def generate(document: bytes, strict: bool) -> dict[str, Any]:
    """The package's files, packed; what `prove` needs of the rest, packed; and what was carried over."""
    made = codegen.generate(orjson.loads(document), strict=strict)
    rows = made["fidelity"]
    lossy = [row for row in rows if row["status"] != "generated"]
    return {
        "files": ormsgpack.packb(made["files"]),
        "claims": ormsgpack.packb({"names": made["names"], "examples": made["examples"]}),
        "counts": {status: sum(row["status"] == status for row in rows) for status in _STATUSES},
        "lossy": lossy[:_SHOWN],
    }


def prove(files: bytes, claims: bytes) -> dict[str, Any]:
    """Compile, import and rebuild the models; hold the document's own examples against them."""
    claimed = ormsgpack.unpackb(claims)
    report = codegen.prove(ormsgpack.unpackb(files), claimed["names"], claimed["examples"])
    refused = [each for each in report["examples"] if not each["accepted"]]
    return {
        **report,
        "examples": len(report["examples"]),
        "misfits": len(refused),
        "refused": refused[:_SHOWN],
    }


def render(
    module: Mapping[str, Any], context: Mapping[str, Any], kubernetes: str, models: bytes, text: bytes
) -> dict[str, Any]:
    """The files of the bundle, packed, and what was decided because nobody said otherwise."""
    policies = {f"policy/{name}": rego for name, rego in policy.bundled().items()}
    made = {
        "digests": {"policies": _digest(policies), "schemas": schemas.digest(kubernetes)},
        "models": ormsgpack.unpackb(models),
        "openapi": text.decode(),
        "beside": sorted(policies),
    }
    bundle = manifests.render(module, {**context, **made})
    expected = manifests.expected(module, {**context, **made}) if module["layout"] == "helm" else {}
    return {
        "files": ormsgpack.packb(bundle["files"] | policies),
        "expected": ormsgpack.packb(expected),
        "findings": bundle["findings"],
    }


def _digest(texts: Mapping[str, str]) -> str:
    packed = ormsgpack.packb(dict(texts), option=ormsgpack.OPT_SORT_KEYS)
    return f"sha256:{hashlib.sha256(packed).hexdigest()}"


def validate(
    files: bytes, expected: bytes, options: Mapping[str, Any], notes: Mapping[str, Any]
) -> dict[str, Any]:
    """The ledger over the files, with what the steps before had to say.

    `expected` are the objects a Helm chart stands for: judged, never written.
    """
    bundle = ormsgpack.unpackb(files)
    ledger = validation.check(
        bundle | ormsgpack.unpackb(expected),
        today=options["today"],
        kubernetes=options["kubernetes"],
        engines=tuple(options["engines"]),
        waivers=tuple(validation.Waiver.from_dict(each) for each in options["waivers"]),
    )
    entries = (
        _said("spec", notes["spec"], "A report, not a gate: none of it touches the models."),
        _said("models", notes["models"], notes["fidelity"]),
        _said("module", notes["module"], ""),
        *_argocd(bundle),
    )
    ledger = replace(ledger, entries=(*ledger.entries, *entries))
    return ledger.with_note("sandbox", notes["sandbox"]).to_dict()


def _argocd(files: Mapping[str, str]) -> Iterable[validation.Entry]:
    """What the schema of an Application cannot see: its project, its one source, its namespace."""
    objects = {path: list(yaml.safe_load_all(text)) for path, text in files.items() if _is_argocd(path)}
    projects = {
        each["metadata"]["name"]: each
        for listed in objects.values()
        for each in listed
        if each.get("kind") == "AppProject"
    }
    for path, listed in objects.items():
        found = [
            finding
            for each in listed
            for finding in manifests.check_application(
                each, project=projects.get(each.get("spec", {}).get("project")), file=path
            )
        ]
        yield ledgers.entry(ledgers.SET, "argocd", tuple(found), tests=len(listed))


def _is_argocd(path: str) -> bool:
    return path.startswith("argocd/") and path.endswith(".yaml")


def _said(check: str, findings: Iterable[Mapping[str, Any]], reason: str) -> validation.Entry:
    """Findings that do not block: an error among them is a warning here."""
    told = [Finding(**each) for each in findings]
    told = [replace(each, severity="warning") if each.severity == "error" else each for each in told]
    more = f" {len(told) - _SPEC_FINDINGS} more are not listed." if len(told) > _SPEC_FINDINGS else ""
    return validation.Entry(
        ledgers.SET,
        check,
        "pass",
        tuple(told[:_SPEC_FINDINGS]),
        reason=reason + more,
        tests=max(1, len(told)),
    )
