"""`allOf` of objects as classes: the first schema named becomes the base, the rest is merged in.

What does not fit (a choice inside, a base that is no object) stays composed and goes to `compose`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import CircularSchema
from .nodes import Node
from .table import Entry

_OBJECT = {"type", "properties", "required", "additionalProperties", "description", "default", "nullable"}
_NOTHING = {"description", "default", "nullable"}


class Family:
    """Which entry is made of which, and all properties an entry has with those of its bases."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries
        self._state: dict[str, int] = {}
        self._properties: dict[str, dict[str, Node]] = {}
        self._required: dict[str, set[str]] = {}

    def straighten(self) -> None:
        """Turn each composed entry that can be one into a class with a base."""
        for entry in self.entries.values():
            if entry.composed:
                self._visit(entry)

    def properties(self, name: str) -> dict[str, Node]:
        """All properties of a class, those of its base first."""
        if name not in self._properties:
            entry = self.entries[name]
            inherited = self.properties(entry.base) if entry.base else {}
            self._properties[name] = {**inherited, **entry.schema.get("properties", {})}
        return self._properties[name]

    def required(self, name: str) -> set[str]:
        if name not in self._required:
            entry = self.entries[name]
            inherited = self.required(entry.base) if entry.base else set()
            self._required[name] = inherited | set(entry.schema.get("required", ()))
        return self._required[name]

    def _visit(self, start: Entry) -> None:
        """Depth first without recursion: a base is settled before what is made of it."""
        path = [(start, self._parts_of(start))]
        self._state[start.name] = 1
        while path:
            entry, parts = path[-1]
            part = next(parts, None)
            if part is None:
                path.pop()
                self._state[entry.name] = 2
                self._settle(entry)
            elif self._state.get(part.name) == 1:
                raise CircularSchema(
                    f"Schema {part.original or part.name!r} is made of itself.", place=part.place
                )
            elif self._state.get(part.name) is None:
                self._state[part.name] = 1
                path.append((part, self._parts_of(part)))

    def _parts_of(self, entry: Entry) -> Iterator[Entry]:
        branches = _flat(entry.schema) if entry.composed else [entry.schema]
        return (self.entries[b["$ref"]] for b in branches if "$ref" in b)

    def target(self, name: str) -> Entry:
        """The entry behind a chain of names; the chain ends, or `_visit` has refused it."""
        entry = self.entries[name]
        while "$ref" in entry.schema:
            entry = self.entries[entry.schema["$ref"]]
        return entry

    def _settle(self, entry: Entry) -> None:
        if not entry.composed:
            return
        branches = [b for b in _flat(entry.schema) if b.keys() - _NOTHING]
        null = entry.schema.get("nullable") or any("nullable" in b and "$ref" not in b for b in branches)
        named = [b for b in branches if "$ref" in b]
        telling = [b for b in branches if "$ref" in b or b.keys() - _NOTHING - {"type"}]
        if len(telling) == 1 or (branches and not named and all(_is_scalar(b) for b in branches)):
            merged = {k: v for b in telling or branches for k, v in b.items()}
            self._become(entry, merged, null)
        elif all(self._is_class(b) for b in branches):
            self._merge(entry, [b["$ref"] for b in named], [b for b in branches if "$ref" not in b])

    def _become(self, entry: Entry, node: Node, null: Any) -> None:
        entry.composed = False
        entry.schema = {**node, **{k: v for k, v in entry.schema.items() if k in ("description", "default")}}
        if null:
            entry.schema["nullable"] = True

    def _is_class(self, branch: Node) -> bool:
        if "$ref" not in branch:
            return branch.keys() <= _OBJECT and branch.get("type") in (None, "object")
        found = self.target(branch["$ref"])
        plain = not found.composed and ("properties" in found.schema or found.base != "")
        return plain and not isinstance(found.schema.get("additionalProperties"), dict)

    def _merge(self, entry: Entry, named: list[str], inline: list[Node]) -> None:
        bases = list(dict.fromkeys(self.target(name).name for name in named))
        entry.composed, entry.base = False, bases[0] if bases else ""
        properties: dict[str, Node] = {}
        required: set[str] = set()
        for name in bases[1:]:
            properties.update(self.properties(name))
            required |= self.required(name)
        inherited = self.properties(entry.base) if bases else {}
        for node in inline:
            for key, value in node.get("properties", {}).items():
                known = properties.get(key) or inherited.get(key) or {}
                says = value.keys() - _NOTHING
                properties[key] = value if says else {**known, **value}
                if says and known.keys() - _NOTHING and known != {**known, **value}:
                    entry.note(f"property {key!r} (described twice: the last description counts)")
            required |= set(node.get("required", ()))
        settled = self.required(entry.base) if bases else set()
        for key in sorted(required - settled - properties.keys()):
            properties[key] = inherited.get(key, {})
        kept = {k: v for k, v in entry.schema.items() if k in ("description", "default", "nullable")}
        needed = [key for key in properties if key in required | settled]
        entry.schema = {"type": "object", "properties": properties, "required": needed, **kept}
        closed = [n["additionalProperties"] for n in inline if "additionalProperties" in n]
        if closed:
            entry.schema["additionalProperties"] = closed[-1]


def _flat(node: Node) -> list[Node]:
    """The parts that an `allOf` is made of, those of an `allOf` inside it too, then its own keywords."""
    if "allOf" not in node:
        return [node]
    parts = [part for branch in node["allOf"] for part in _flat(branch)]
    own = {k: v for k, v in node.items() if k not in ("allOf", *_NOTHING)}
    return [*parts, own] if own else parts


def _is_scalar(node: Node) -> bool:
    return not node.keys() & {"$ref", "properties", "allOf", "anyOf", "oneOf", "items", "enum"} and node.get(
        "type"
    ) not in ("object", "array")
