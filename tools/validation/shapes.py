"""The schema layer: which schema judges a document, and what it says. No schema is a failure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.findings import Finding
from core.names import closest
from tools.validation import schemas
from tools.validation.documents import Document
from tools.validation.ledger import Entry, entry
from tools.validation.rules.model import key

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "schemas"
_MOST = 50  # findings of one document: a wrong file is wrong everywhere
_FIXED = {
    "kustomization": "kustomize.config.k8s.io/v1beta1/Kustomization",
    "chart": "helm.sh/v2/Chart",
}


class SchemaRefused(Invalid):
    """A schema handed in is not a JSON Schema."""

    code = "AW419"
    fix = "Give JSON Schemas under `group/version/Kind`."


@lru_cache(1)
def own() -> dict[str, str]:
    """The schemas of our own writing: name → file text. The name is the path below the folder."""
    return {
        path.relative_to(FOLDER).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(FOLDER.rglob("*.json"))
    }


@lru_cache(128)
def _compiled(text: str, name: str) -> Any:
    import jsonschema_rs  # noqa: PLC0415  # a run that finds nothing to validate never needs it

    try:
        return jsonschema_rs.validator_for(json.loads(text), offline=True)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise SchemaRefused(f"The schema {name} is refused: {str(error)[:300]}", place=name) from error


def check_values(document: Document, schema: str, base: Any) -> Entry:
    """Values of a chart by its own schema. Helm lays a second file over `values.yaml` before it looks."""
    if not schema:
        return Entry(document.id, "schema", "skipped", reason="The chart has no values.schema.json.", tests=0)
    whole = replace(document, value=_laid(base, document.value)) if base is not None else document
    try:
        return _judged(whole, _compiled(schema, "values.schema.json"), "AW432")
    except SchemaRefused as error:
        return entry(document.id, "schema", (document.finding("AW432", error.message),))


def _laid(base: Any, over: Any) -> Any:
    """As Helm does it: mappings are merged, null takes a key away, anything else replaces."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    merged = {**base, **{name: _laid(base.get(name), value) for name, value in over.items()}}
    return {name: value for name, value in merged.items() if value is not None or name not in over}


def check(document: Document, *, kubernetes: str, extra: Mapping[str, Any], ignore_missing: bool) -> Entry:
    """The schema's verdict on one document."""
    if document.role == "json-schema":
        return _schema_itself(document)
    if document.role in _FIXED:
        name = _FIXED[document.role]
        return _judged(document, _compiled(own()[name], name), "AW430")
    missing = [field for field in ("apiVersion", "kind") if not document.text_at(field)]
    if missing:
        problem = document.finding("AW433", f"The document has no `{'` and no `'.join(missing)}`.")
        return entry(document.id, "schema", (problem,))
    validator = _validator(f"{document.api_version}/{document.kind}", document, kubernetes, extra)
    if validator is not None:
        return _judged(document, validator, "AW430")
    if ignore_missing:
        reason = f"There is no schema for {document.api_version} {document.kind}; that was allowed."
        return Entry(document.id, "schema", "skipped", reason=reason)
    return entry(document.id, "schema", (_no_schema(document, kubernetes, extra),))


def _schema_itself(document: Document) -> Entry:
    import jsonschema_rs  # noqa: PLC0415  # a run that finds nothing to validate never needs it

    try:
        jsonschema_rs.meta.validate(document.value)
    except jsonschema_rs.ValidationError as error:
        place = "".join(f"/{key(str(step))}" for step in error.instance_path)
        return entry(document.id, "schema", (document.finding("AW432", error.message[:500], place=place),))
    return Entry(document.id, "schema", "pass")


def exported(documents: Sequence[Document], kubernetes: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas of these documents' kinds, under the file names kubeconform looks for."""
    found: dict[str, Any] = {}
    for api_version, kind in sorted({(d.api_version, d.kind) for d in documents}):
        name = f"{api_version}/{kind}"
        bundled = schemas.standalone(api_version, kind, kubernetes)
        if bundled is not None:
            found[bundled[0]] = bundled[1]
        elif name in extra or name in own():
            group, _, number = api_version.rpartition("/")
            file = "-".join(part for part in (kind, group.partition(".")[0], number) if part).lower()
            found[f"{file}.json"] = extra[name] if name in extra else json.loads(own()[name])
    return found


def _validator(name: str, document: Document, kubernetes: str, extra: Mapping[str, Any]) -> Any | None:
    bundled = schemas.validator(document.api_version, document.kind, kubernetes)
    if bundled is not None:
        return bundled
    if name in extra:
        return _compiled(json.dumps(extra[name], sort_keys=True), name)
    text = own().get(name)
    return _compiled(text, name) if text is not None else None


def _no_schema(document: Document, kubernetes: str, extra: Mapping[str, Any]) -> Finding:
    name = f"{document.api_version}/{document.kind}"
    known = [*extra, *own(), *schemas.kinds(kubernetes)]
    near = closest(name, known)
    fix = f"Did you mean {near}?" if near else "Pass its schema in, or allow missing schemas."
    message = f"Kubernetes {kubernetes} has no schema for {document.api_version} {document.kind}."
    return document.finding("AW404", message, place="/kind", fix=fix)


def _judged(document: Document, validator: Any, rule: str) -> Entry:
    if validator.is_valid(document.value):
        return Entry(document.id, "schema", "pass")
    findings: set[tuple[str, str]] = set()
    for error in validator.iter_errors(document.value):
        place = "".join(f"/{key(str(step))}" for step in error.instance_path)
        findings.add((place, error.message[:500]))
        if len(findings) >= _MOST:
            break
    ordered = tuple(document.finding(rule, message, place=place) for place, message in sorted(findings))
    return entry(document.id, "schema", ordered)
