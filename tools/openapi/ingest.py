"""Source to `Spec`: read, refuse or clear, bundle, judge, convert, sanitise."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from core.errors import Invalid, Unsupported

from . import bundle, judge, report, sanitise, spec, upgrade, writing
from .files import Opened
from .limits import Limits
from .sources import Folder, Memory, Source
from .spec import Spec


class NotOpenapi(Invalid):
    """The text is data, but not an OpenAPI document."""

    code = "AW110"
    fix = 'Give a document with `openapi: "3.x.y"` or `swagger: "2.0"` at the top.'


class VersionUnsupported(Unsupported):
    """An OpenAPI version nobody here knows."""

    code = "AW111"
    fix = "Use OpenAPI 2.0, 3.0, 3.1 or 3.2."


class PartMissing(Invalid):
    """A part without which nothing can be made is missing, or of the wrong type."""

    code = "AW112"
    fix = "Add the part at the place named."


def parse(source: Source, limits: Limits | None = None) -> Spec:
    """The document as one value. Refusals are errors; everything else that is wrong is a finding."""
    opened = Opened(source, limits or Limits())
    with report.placed(opened):
        made, version = _cleared(opened)
        places = report.Places(opened, made.origins, made.entry)
        findings = [*opened.findings, *places.of(judge.validate(made.document))]
        document = made.document
        if "swagger" in document:
            document = upgrade.upgraded(document)
        findings += places.of(sanitise.sanitised(document, opened.limits.findings))
    found = spec.operations(document)
    return Spec(
        document=document,
        version=version,
        title=_text(document["info"].get("title")),
        api_version=_text(document["info"].get("version")),
        digest=_digest(made.entry, opened.digests),
        files=dict(sorted(opened.digests.items())),
        findings=tuple(places.with_lines(findings)),
        operations=found,
        health=spec.health(found, document),
        servers=spec.servers(document),
        text=opened.texts[made.entry] if len(opened.digests) == 1 else writing.written(document),
    )


def cleared(source: Source, limits: Limits | None = None) -> dict[str, Any]:
    """The bundled document in its own version, neither converted nor mended: what the authority may see."""
    opened = Opened(source, limits or Limits())
    with report.placed(opened):
        return _cleared(opened)[0].document


def _cleared(opened: Opened) -> tuple[bundle.Bundle, str]:
    entry = opened.source.entry
    raw = opened.value(entry)
    version = _version(raw, entry)
    made = bundle.bundled(opened, entry)
    _has_parts(made.document, entry)
    return made, version


def names(source: dict[str, Any]) -> list[str]:
    """Every file the document is made of, across the sandbox's border as `load` is; nothing is judged."""
    opened = Opened(_source(source), Limits())
    with report.placed(opened):
        _cleared(opened)
    return sorted(opened.digests)


def load(source: dict[str, Any]) -> dict[str, Any]:
    """`parse` across the sandbox's border: `{"files", "entry"}` or `{"root", "entry"}` in, plain data out."""
    return parse(_source(source)).to_dict()


def _source(plain: dict[str, Any]) -> Source:
    entry = str(plain["entry"])
    return Memory(plain["files"], entry) if "files" in plain else Folder(Path(plain["root"]), entry)


def _version(raw: Any, entry: str) -> str:
    if not isinstance(raw, dict):
        raise NotOpenapi(f"The document is {_kind(raw)}, not a mapping.", place=entry)
    key = next((key for key in ("openapi", "swagger") if key in raw), None)
    if key is None:
        raise NotOpenapi("The document has no `openapi` and no `swagger` field.", place=entry)
    version = str(raw[key])
    known = version.startswith(("3.0", "3.1", "3.2")) if key == "openapi" else version in ("2", "2.0")
    if not known:
        raise VersionUnsupported(f"The version is {version[:40]!r}.", place=f"{entry}#/{key}")
    return version


def _has_parts(document: dict[str, Any], entry: str) -> None:
    if not isinstance(document.get("info"), dict):
        raise PartMissing("The document has no `info` mapping.", place=f"{entry}#/info")
    holder, key = ("", "definitions") if "swagger" in document else ("components", "schemas")
    owner = document.get(holder, {}) if holder else document
    if not isinstance(owner, dict):
        raise PartMissing(f"`{holder}` is {_kind(owner)}, not a mapping.", place=f"{entry}#/{holder}")
    schemas = owner.get(key, {})
    if not isinstance(schemas, dict):
        place = f"{entry}#/{holder}/{key}" if holder else f"{entry}#/{key}"
        raise PartMissing(f"`{key}` is {_kind(schemas)}, not a mapping.", place=place)


def _kind(value: Any) -> str:
    names = {type(None): "empty", list: "a list", str: "a text", bool: "true or false", dict: "a mapping"}
    return names.get(type(value), "a number")


def _digest(entry: str, digests: Mapping[str, str]) -> str:
    return hashlib.sha256(orjson.dumps([entry, sorted(digests.items())])).hexdigest()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
