"""The structural part of validation: the official meta-schemas, run by jsonschema-rs.

The meta-schemas are the ones the authority ships. Their files are found by path: importing
those packages costs more than all of validation.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from core.errors import Unsupported

# Deeper documents are judged by their upper part only: the engine recurses.
_MESSAGE: Final = 300
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


def document_errors(document: dict[str, Any], most: int) -> Iterator[tuple[str, list[str | int]]]:
    """Message and path of each violation of the document's meta-schema."""
    yield from _first(_document_validator(family(document)).iter_errors(document), most)


def schema_errors(schemas: list[Any], version: str, most: int) -> Iterator[tuple[str, list[str | int]]]:
    """The same for Schema Objects, each on its own; a path starts with the schema's index."""
    yield from _first(_schemas_validator(version).iter_errors(schemas), most)


def _first(errors: Iterator[Any], most: int) -> Iterator[tuple[str, list[str | int]]]:
    for count, error in enumerate(errors):
        if count >= most:
            return
        message = error.message
        yield (
            message if len(message) <= _MESSAGE else message[: _MESSAGE - 1] + "…",
            list(error.instance_path),
        )


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
