"""MODULE_METADATA.yaml, schema 2.0: one version of a module, with its inputs and outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.errors import Invalid

from . import reading
from .gate import check
from .index import Index

SCHEMA: Final = "2.0"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


class MetadataInvalid(Invalid):
    """The metadata of a module does not say what it has to, or is of another module."""

    code = "AW371"
    fix = "Mend MODULE_METADATA.yaml where the module is kept."


@dataclass(frozen=True, slots=True)
class Field:
    """An input or output. `type` is the text of the metadata, such as `list(string)`."""

    name: str
    type: str
    is_required: bool = False
    description: str = ""

    def to_dict(self) -> dict[str, str | bool]:
        return {
            "name": self.name,
            "type": self.type,
            "required": self.is_required,
            "description": self.description,
        }


@dataclass(frozen=True)
class Metadata:
    """`document` is the whole file as it was read."""

    path: str
    version: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    document: Mapping[str, Any]
    place: str

    @property
    def title(self) -> str:
        return f"{self.path} {self.version}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "version": self.version,
            "inputs": [each.to_dict() for each in self.inputs],
            "outputs": [each.to_dict() for each in self.outputs],
            "metadata": dict(self.document),
        }


def metadata(index: Index, path: str, version: str = "") -> Metadata:
    """Of a module that the catalog has; the reference is checked first."""
    hit = check(index, path, version)
    place = hit.metadata_path
    document = opened(index.source.read(place), place)
    same_module(document["module"], hit.path, hit.version, place)
    return described(document, hit.path, hit.version, place)


def opened(data: bytes, place: str) -> dict[str, Any]:
    """The document, with a `module` in it, of the schema that we know."""
    document = reading.from_yaml(data, place)
    if not isinstance(document, dict) or not isinstance(document.get("module"), dict):
        raise MetadataInvalid("There is no `module` in the metadata.", place=place)
    if document.get("schema_version") != SCHEMA:
        raise MetadataInvalid(f'`schema_version` is not "{SCHEMA}" (in quotes).', place=place)
    return document


def described(document: Mapping[str, Any], path: str, version: str, place: str) -> Metadata:
    inputs = tuple(_fields(document, "inputs", place))
    outputs = tuple(_fields(document, "outputs", place))
    return Metadata(path, version, inputs, outputs, document, place)


def same_module(module: Mapping[str, Any], path: str, version: str, place: str) -> None:
    parts = path.split("/")
    wanted = {"name": parts[-1], "version": version}
    if len(parts) == 3:
        wanted |= {"provider": parts[0], "category": parts[1]}
    for field, value in wanted.items():
        if module.get(field) != value:
            raise MetadataInvalid(
                f"`module.{field}` is not {value!r}, as the module's place says.",
                place=f"{place} /module/{field}",
            )


def _fields(document: Mapping[str, Any], what: str, place: str) -> Iterator[Field]:
    """A list of objects with a `name`, or a mapping of names to objects; at the top or under `module`."""
    found = document.get(what, document["module"].get(what, []))
    if isinstance(found, dict):
        found = [{"name": name, **_object(each, what, place)} for name, each in found.items()]
    if not isinstance(found, list):
        raise MetadataInvalid(f"`{what}` is neither a list nor a mapping.", place=f"{place} /{what}")
    seen: set[str] = set()
    for each in found:
        field = _field(_object(each, what, place), what, place)
        if field.name in seen:
            raise MetadataInvalid(f"{field.name} stands twice in `{what}`.", place=f"{place} /{what}")
        seen.add(field.name)
        yield field


def _field(given: Mapping[str, Any], what: str, place: str) -> Field:
    name, kind = given.get("name"), given.get("type", "any")
    told, required = given.get("description", ""), given.get("required")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise MetadataInvalid(f"{str(name)[:80]!a} is no name.", place=f"{place} /{what}")
    if not isinstance(kind, str) or not 0 < len(kind) <= 2_000 or not isinstance(told, str):
        raise MetadataInvalid(f"{name}: `type` and `description` are texts.", place=f"{place} /{what}")
    if required is None:
        required = what == "inputs" and "default" not in given
    if not isinstance(required, bool):
        raise MetadataInvalid(f"{name}: `required` is true or false.", place=f"{place} /{what}")
    return Field(name, kind, required, told)


def _object(value: Any, what: str, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MetadataInvalid(f"An entry of `{what}` is no object.", place=f"{place} /{what}")
    return value
