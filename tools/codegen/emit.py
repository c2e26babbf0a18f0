"""Straight emission: a schema that needs no merging becomes its class in one pass.

The composed ones (`allOf`, a choice beside properties) are not handled here: `compose` has them.
"""

from __future__ import annotations

import functools
from typing import Any, Literal

from . import cuts, text
from .errors import CircularSchema
from .inherit import Family
from .names import field_names
from .nodes import Node
from .table import Entry, references

Kind = Literal["alias", "class", "enum", "root"]

# An annotation in JSON Schema, so an annotation here: `format` alone never refuses a value, except
# where Python has a type of its own for it.
_STRINGS = {"date-time": "DateTime", "date": "Date", "time": "Time", "uuid": "UUID", "binary": "bytes"}
# A body is JSON, where "1" is no integer. Parameters arrive as text, so theirs are read from it.
_SCALARS = {"integer": "StrictInt", "number": "StrictFloat", "boolean": "StrictBool", "null": "None"}
_FROM_TEXT = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_FIELDS = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minItems": "min_length",
    "maxItems": "max_length",
    "minProperties": "min_length",
    "maxProperties": "max_length",
}


def kind(entry: Entry) -> Kind:
    """What the entry becomes: a name for another, a class, an enum, or a root model."""
    node = entry.schema
    if set(node) <= {"$ref", "description", "default"} and "$ref" in node:
        return "alias"
    if "properties" in node or _is_open_object(node) or entry.composed or entry.base:
        return "class"
    values = node.get("enum")
    if values and all(isinstance(v, str) for v in values) and not node.get("nullable"):
        return "enum"
    return "root"


def _is_open_object(node: Node) -> bool:
    plain = {"type", "description", "default", "nullable"}
    return (
        node.get("type") == "object"
        and set(node) <= plain | {"additionalProperties"}
        and not isinstance(node.get("additionalProperties"), dict)
    )


class Emitter:
    """Writes type expressions and classes; keeps which names they need."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries
        self.family = Family(entries)
        self.family.straighten()
        self.kinds = {name: kind(entry) for name, entry in entries.items()}
        self.graph = cuts.graph_of(entries)
        far = cuts.find(self.graph, entries)
        self.cuts = {(a, b) for a, b in far if self.kinds[self.end(b)] in ("class", "root")}
        self._fields: dict[str, dict[str, str]] = {}
        self._owner = ""
        self._scalars = _SCALARS

    def open(self, name: str, loss: str) -> None:
        """Make an entry a class that takes any value."""
        entry = self.entries[name]
        entry.composed, entry.schema = False, {}
        entry.note(loss)
        self.kinds[name] = kind(entry)

    @functools.cache  # noqa: B019  # an emitter lives for one document
    def is_null(self, name: str) -> bool:
        """Whether null is a value of a class that cannot itself hold it (an object, an enum)."""
        entry, seen = self.entries[name], {name}
        while self.kinds[entry.name] == "alias":
            if entry.schema.get("nullable"):
                return True
            entry = self.entries[entry.schema["$ref"]]
            if entry.name in seen:
                return False
            seen.add(entry.name)
        return self.kinds[entry.name] == "class" and bool(entry.schema.get("nullable"))

    def expression(self, node: Node) -> str:
        """The Python type of a value that the schema describes."""
        plain = self._plain(node)
        null = node.get("nullable") or ("$ref" in node and self.is_null(node["$ref"]))
        return (
            f"{plain} | None"
            if null and plain not in ("Any", "None") and not plain.endswith("| None")
            else plain
        )

    def _plain(self, node: Node) -> str:
        if "$ref" in node:
            name = str(node["$ref"])
            return f"Annotated[{name}, Later({name!r})]" if (self._owner, name) in self.cuts else name
        if "anyOf" in node:
            return self._union(node["anyOf"])
        if "enum" in node:
            return f"Literal[{', '.join(text.literal(value) for value in node['enum'])}]"
        found = self._typed(node)
        limits = [f"{_FIELDS[k]}={text.literal(v)}" for k, v in node.items() if k in _FIELDS]
        return f"Annotated[{found}, Field({', '.join(limits)})]" if limits and found != "Any" else found

    def _union(self, options: list[Node]) -> str:
        parts: list[str] = []
        for option in options:
            parts += [part for part in [self.expression(option)] if part not in parts]
        if "Any" in parts:
            return "Any"
        if any(part == "None" or part.endswith(" | None") for part in parts):
            parts = [part.removesuffix(" | None") for part in parts if part != "None"]
            return " | ".join([*dict.fromkeys(parts), "None"])
        return " | ".join(parts)

    def _typed(self, node: Node) -> str:
        named = node.get("type")
        if named == "string":
            is_text = node.keys() & {"minLength", "maxLength", "pattern"}
            return "str" if is_text else _STRINGS.get(str(node.get("format")), "str")
        if named == "array":
            return f"list[{self.expression(node.get('items', {}))}]"
        if named == "object":
            extra = node.get("additionalProperties")
            if extra is False and not node.get("properties"):
                return "Annotated[dict[str, Any], Field(max_length=0)]"
            key = f"Annotated[str, Field(pattern={text.literal(node['keys'])})]" if "keys" in node else "str"
            return f"dict[{key}, {self.expression(extra) if isinstance(extra, dict) else 'Any'}]"
        return self._scalars.get(str(named), "Any")

    def statement(self, entry: Entry) -> str:
        """The class (or name) for an entry."""
        found = self.kinds[entry.name]
        self._owner = entry.name
        self._scalars = _FROM_TEXT if entry.place.endswith("/parameters") else _SCALARS
        if found == "alias":
            return f"{entry.name} = {self.end(entry.name)}"
        if found == "enum":
            return self._enum(entry)
        return self._class(entry) if found == "class" else self._root(entry)

    def end(self, name: str) -> str:
        """The class at the end of a chain of names."""
        seen = [name]
        while self.kinds[seen[-1]] == "alias":
            name = self.entries[seen[-1]].schema["$ref"]
            if name in seen:
                circle = " -> ".join([*seen, name])
                raise CircularSchema(
                    f"Schemas only name one another: {circle}.", place=self.entries[name].place
                )
            seen.append(name)
        return seen[-1]

    def _enum(self, entry: Entry) -> str:
        lines = [f"class {entry.name}(StrEnum):", *_documented(entry)]
        lines += [f"    {name} = {text.literal(value)}" for name, value in text.members(entry.schema["enum"])]
        return "\n".join(lines)

    def _root(self, entry: Entry) -> str:
        lines = [f"class {entry.name}(RootModel):", *_documented(entry)]
        return "\n".join([*lines, f"    root: {self.expression(entry.schema)}"])

    def _class(self, entry: Entry) -> str:
        node = entry.schema
        lines = [f"class {entry.name}({entry.base or 'Model'}):", *_documented(entry), *self._config(entry)]
        properties: dict[str, Node] = node.get("properties", {})
        required = set(node.get("required", ()))
        properties = {**properties, **{key: {} for key in node.get("required", ()) if key not in properties}}
        names = self.fields(entry.name)
        for key, value in properties.items():
            lines.append(self._field(key, names[key], value, required=key in required, entry=entry))
        return "\n".join(lines if len(lines) > 1 else [*lines, "    pass"])

    def fields(self, name: str) -> dict[str, str]:
        """Field names by property, those of the base first: what a base has keeps its name."""
        if name not in self._fields:
            entry = self.entries[name]
            known = self.fields(entry.base) if entry.base else {}
            keys = dict.fromkeys([*entry.schema.get("properties", ()), *entry.schema.get("required", ())])
            shadowed = _TYPES.union(references(entry.schema), known.values())
            self._fields[name] = {**known, **field_names([k for k in keys if k not in known], shadowed)}
        return self._fields[name]

    def _config(self, entry: Entry) -> list[str]:
        node = entry.schema
        if entry.base and "additionalProperties" not in node:
            return []
        extra = node.get("additionalProperties", not node.get("properties"))
        if isinstance(extra, dict):
            lines = ["    model_config = ConfigDict(extra='allow')"]
            return [*lines, f"    __pydantic_extra__: dict[str, {self.expression(extra)}]"]
        if extra is True:
            return ["    model_config = ConfigDict(extra='allow')"]
        return ["    model_config = ConfigDict(extra='forbid')"] if "additionalProperties" in node else []

    def _field(self, key: str, name: str, node: Node, *, required: bool, entry: Entry) -> str:
        default, annotation = None, self.expression(node)
        if not required:
            default, annotation = self._default(key, node, annotation, entry)
        arguments = [f"alias={text.literal(key)}"] if name != key else []
        if "description" in node:
            arguments.append(f"description={text.literal(node['description'].strip())}")
        return text.field(name, annotation, arguments, default)

    def _default(self, key: str, node: Node, annotation: str, entry: Entry) -> tuple[str, str]:
        value = node.get("default")
        if value is not None:
            if is_default(value, node):
                return text.literal(value), annotation
            entry.note(f"default of {key!r} (not a plain value of its type)")
        optional = annotation in ("Any", "None") or annotation.endswith("| None")
        return "None", annotation if optional else f"{annotation} | None"


_TYPES = frozenset(
    {"str", "int", "float", "bool", "list", "dict", "bytes", "Any", "Annotated", "Literal", "Field", "Later"}
    | {"Date", "StrictBool", "StrictFloat", "StrictInt", "Time", "UUID", "DateTime"}
)


def is_default(value: Any, node: Node) -> bool:
    """Whether a default can stand in the class: a plain value that the field itself would accept."""
    if "enum" in node:
        return any(value == each and type(value) is type(each) for each in node["enum"])
    named = node.get("type")
    if named == "array":
        items = node.get("items", {})
        return isinstance(value, list) and "enum" not in items and all(is_default(v, items) for v in value)
    if named == "string":
        return (
            isinstance(value, str) and node.get("format") not in _STRINGS and not node.keys() & set(_FIELDS)
        )
    if named == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return {"integer": int, "boolean": bool}.get(str(named)) is type(value)


def _documented(entry: Entry) -> list[str]:
    description = entry.schema.get("description")
    return [*text.docstring(description, "    "), ""] if description and description.strip() else []
