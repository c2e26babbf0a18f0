"""The structural part of validation: the official meta-schemas, run by jsonschema-rs.

The meta-schemas are the ones the authority ships. Their files are found by path: importing
those packages costs more than all of validation.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from core.errors import Unsupported

Violation = tuple[str, list[str | int]]
_MESSAGE: Final = 300
_BUDGET: Final = 150_000  # bytes of invalid document that errors are listed for: 0.6 s, 130 MB at worst
_UNLISTED: Final = "It breaks the meta-schema; it is too large to list where."
_PARTS: Final = ("paths", "webhooks", "components", "definitions", "parameters", "responses")
_FOLDERS: Final = {"2.0": "v2.0", "3.0": "v3.0", "3.0.0": "v3.0.0", "3.1": "v3.1", "3.2": "v3.2"}
_DIALECTS: Final = {
    "3.1": ("oas3.1/metaschema.json", "oas3.1/vocabularies/base"),
    "3.2": ("oas3.2/dialect/2025-09-17.json", "oas3.2/meta/2025-09-17.json"),
}


class MetaSchemaMissing(Unsupported):
    """The installed validator package does not hold the meta-schemas it should."""

    code = "AW118"
    fix = "Run `uv sync --locked`."


def family(document: dict[str, Any]) -> str:
    """2.0, 3.0, 3.1 or 3.2."""
    return "2.0" if "swagger" in document else str(document.get("openapi"))[:3]


def document_errors(document: dict[str, Any], most: int) -> Iterator[Violation]:
    """Message and path of the violations of the document's meta-schema, `most` of them at the most."""
    judge = _document_validator(family(document))
    if judge.is_valid(document):
        return
    listed = list(islice(_listed(judge, _pieces(document)), most))
    yield from listed or [(_UNLISTED, [])]


def schema_errors(schemas: list[Any], version: str, most: int) -> Iterator[Violation]:
    """The first violation of each Schema Object, as the authority does; a path starts with its index."""
    judge = _schemas_validator(version)
    if judge.is_valid(schemas):
        return
    for at, schema in enumerate(schemas):
        if most and not judge.is_valid([schema]):
            most -= 1
            found = next(_listed(judge, [[schema]]), (_UNLISTED, [0]))
            yield found[0], [at, *found[1][1:]]


def _pieces(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document where it is small, else its frame, then each path and component in it."""
    if _weight(document) <= _BUDGET:
        yield document
        return
    maps = {key: document[key] for key in _PARTS if isinstance(document.get(key), dict)}
    frame = {**document, **{key: {} for key in maps}}
    yield frame
    for key, held in maps.items():
        for name, each in held.items():
            if key == "components" and isinstance(each, dict):
                for inner, one in each.items():
                    yield {**frame, key: {name: {inner: one}}}
            else:
                yield {**frame, key: {name: each}}


def _listed(judge: Any, pieces: Iterable[Any]) -> Iterator[Violation]:
    """The engine builds every error, 15 kB each, before it gives the first: only small pieces are asked."""
    left = _BUDGET
    for piece in pieces:
        if left <= 0:
            return
        if judge.is_valid(piece):
            continue
        weight = _weight(piece)
        if weight > _BUDGET:
            continue
        left -= weight
        for error in judge.iter_errors(piece):
            text = error.message
            shown = text if len(text) <= _MESSAGE else text[: _MESSAGE - 1] + "…"
            yield shown, list(error.instance_path)


def _weight(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return _BUDGET + 1  # over 254 levels deep


@cache
def _document_validator(version: str) -> Any:
    import jsonschema_rs  # noqa: PLC0415  # 40 ms that reading alone does not need

    name = f"resources/schemas/{_FOLDERS[version]}/schema.json"
    schema = orjson.loads(_resource("openapi_spec_validator", name))
    return jsonschema_rs.validator_cls_for(schema)(schema, offline=True)


@cache
def _schemas_validator(version: str) -> Any:
    import jsonschema_rs  # noqa: PLC0415  # as above

    if version not in _DIALECTS:
        each = {"$ref": "http://json-schema.org/draft-04/schema#"}
        return jsonschema_rs.Draft4Validator({"items": each}, validate_formats=False, offline=True)
    parts = [
        orjson.loads(_resource("openapi_schema_validator", f"schemas/{name}")) for name in _DIALECTS[version]
    ]
    registry = jsonschema_rs.Registry([(part["$id"], part) for part in parts])
    return jsonschema_rs.Draft202012Validator(
        {"items": {"$ref": parts[0]["$id"]}}, validate_formats=False, registry=registry, offline=True
    )


def _resource(package: str, name: str) -> bytes:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise MetaSchemaMissing(f"The package {package} is not installed.")
    try:
        return (Path(found.origin).parent / name).read_bytes()
    except OSError as error:
        raise MetaSchemaMissing(f"The package {package} has no {name}.", place=str(error.filename)) from error
