"""Source to `Spec`: read, refuse or clear, bundle, judge, convert, sanitise."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from core.errors import Invalid, Unsupported

from . import bundle, spec, upgrade
from .files import Opened
from .limits import Limits
from .sources import Folder, Memory, Source
from .spec import Spec

_YAML_LIMIT: Final = 300_000


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
    entry = source.entry
    raw = opened.value(entry)
    version = _version(raw, entry)
    whole = bundle.bundled(opened, entry).document
    _has_parts(whole, entry)
    findings = list(opened.findings)
    document = upgrade.upgraded(whole) if "swagger" in whole else whole
    made = spec.operations(document)
    return Spec(
        document=document,
        version=version,
        title=_text(document["info"].get("title")),
        api_version=_text(document["info"].get("version")),
        digest=_digest(entry, opened.digests),
        files=dict(sorted(opened.digests.items())),
        findings=tuple(findings),
        operations=made,
        health=spec.health(made, document),
        servers=spec.servers(document),
        text=opened.texts[entry] if len(opened.digests) == 1 else _written(document),
    )


def load(source: dict[str, Any]) -> dict[str, Any]:
    """`parse` across the sandbox's border: `{"files", "entry"}` or `{"root", "entry"}` in, plain data out."""
    entry = str(source["entry"])
    if "files" in source:
        return parse(Memory(source["files"], entry)).to_dict()
    return parse(Folder(Path(source["root"]), entry)).to_dict()


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


def _written(document: dict[str, Any]) -> str:
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    return text.decode() + "\n"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
