"""A document as one flat table of schemas: every object has its own entry and its own class name.

Inline objects are moved out under a name made from where they stand; equal ones share an entry. So
depth no longer matters, names do not depend on the generator, and nothing is expanded twice.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from . import nodes
from .errors import TooManySchemas
from .names import Register, class_name, component_names
from .nodes import Node
from .patterns import compiles

MOST = 20_000
_DEEPEST = 6  # arrays in arrays and unions in unions within one annotation
_COMPONENTS = "#/components/schemas/"
_ANNOTATIONS = frozenset(
    {"$ref", "description", "title", "summary", "default", "example", "examples", "deprecated", "nullable"}
)


_ONLY_REQUIRED = frozenset({"required", "type", "title", "description", "not"})


@dataclass(slots=True)
class Entry:
    """One class to be. `schema` is in normal form; its references are class names."""

    name: str
    place: str
    raw: Any
    original: str | None = None  # the component's own name
    schema: Node = field(default_factory=dict)
    composed: bool = False
    base: str = ""  # the class it inherits from
    losses: list[str] = field(default_factory=list)

    def note(self, loss: str) -> None:
        if loss not in self.losses:
            self.losses.append(loss)


@dataclass(frozen=True, slots=True)
class At:
    """Where the reader stands: whose entry, what an inline class would be called, how deep."""

    entry: Entry
    name: str
    place: str
    depth: int = 0

    def down(self, name: str, *steps: str) -> At:
        place = "/".join([self.place, *(_escape(step) for step in steps)])
        return replace(self, name=self.name + name, place=place, depth=self.depth + 1)


class Table:
    """`read` fills `entries`, in the order in which the document names them."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.entries: dict[str, Entry] = {}
        self.components: dict[str, str] = {}
        self._by_place: dict[str, str] = {}
        self._by_content: dict[bytes, str] = {}
        self._names = Register()
        self._waiting: deque[Entry] = deque()
        self._note_siblings = not str(document.get("openapi", "")).startswith("3.0")
        self._enter_components()

    def _enter_components(self) -> None:
        schemas = _dict(_dict(self.document.get("components")).get("schemas"))
        self.components = component_names(schemas)
        for original, name in self.components.items():
            self._names.take(name)
            self._enter(Entry(name, _COMPONENTS + _escape(original), schemas[original], original))

    def _enter(self, entry: Entry) -> str:
        if len(self.entries) >= MOST:
            raise TooManySchemas(f"The document has more than {MOST} schemas.", place=entry.place)
        self.entries[entry.name] = entry
        self._by_place[entry.place] = entry.name
        self._waiting.append(entry)
        return entry.name

    def read(self) -> None:
        """Bring every entry that waits into normal form; this may find more entries."""
        while self._waiting:
            entry = self._waiting.popleft()
            at = At(entry, entry.name, entry.place)
            entry.schema = self.node(entry.raw, at, top=True)
            entry.schema.update(_annotations(entry.raw))

    def hoist(self, raw: dict[str, Any], at: At) -> Node:
        """A reference to the entry for an inline schema; equal schemas have one entry."""
        content = _canonical(raw)
        name = self._by_content.get(content)
        if name is None:
            name = self._enter(Entry(self._names.take(class_name(at.name)), at.place, raw))
            self._by_content[content] = name
        return {"$ref": name}

    def reserve(self, name: str) -> str:
        """A name that no class has or will have."""
        return self._names.take(class_name(name))

    def node(self, raw: Any, at: At, *, top: bool = False) -> Node:
        """A schema in normal form. `top`: it is the entry itself, so its object stays in place."""
        if not isinstance(raw, dict):
            if raw is False:
                at.entry.note("false (a schema that refuses everything)")
            return {}
        if isinstance(raw.get("$ref"), str):
            return self._reference(raw, at)
        if at.depth > _DEEPEST and not top and _is_structure(raw):
            return self.hoist(raw, replace(at, depth=0))
        nodes.lost(raw, at.entry.note)
        kinds, null = nodes.types(raw)
        found = self._value(raw, kinds, at, top=top)
        return {**found, "nullable": True} if null and found and found.get("type") != "null" else found

    def _value(self, raw: dict[str, Any], kinds: list[str], at: At, *, top: bool) -> Node:
        values = nodes.enum(raw, at.entry.note)
        if values is not None:
            return _enum(values, kinds)
        parts = _parts(raw, "allOf")
        if len(parts) == 1 and not _says_more(raw):
            return self.node(parts[0], at.down("", "allOf", "0"), top=top)
        choices = self._choices(raw, at)
        if parts or (choices and (_is_object(raw) or len(choices) > 1)):
            return self._composed(raw, at) if top else self.hoist(raw, at)
        if choices:
            return self._union(raw, choices[0], kinds, at)
        if len(kinds) > 1:
            return {"anyOf": [self._kind(raw, kind, at.down(kind.capitalize()), top=False) for kind in kinds]}
        return self._kind(raw, kinds[0] if kinds else "", at, top=top)

    def _choices(self, raw: dict[str, Any], at: At) -> list[str]:
        """`oneOf` and `anyOf`, where they say more than which properties must come together."""
        found = []
        for key in ("oneOf", "anyOf"):
            parts = _parts(raw, key)
            if parts and _is_object(raw) and all(part.keys() <= _ONLY_REQUIRED for part in parts):
                at.entry.note(f"{key} (of required properties)")
            elif parts:
                found.append(key)
        return found

    def _kind(self, raw: dict[str, Any], kind: str, at: At, *, top: bool) -> Node:
        if kind == "object":
            if not _is_object(raw):
                return self._map(raw, at)
            return (
                self.object(raw, at) if top else self.hoist({**raw, "type": "object", "nullable": False}, at)
            )
        node = nodes.scalars(raw, kind, at.entry.note)
        if kind == "array":
            if isinstance(raw.get("prefixItems"), list):
                at.entry.note("prefixItems")
            elif isinstance(raw.get("items"), dict):
                node["items"] = self.node(raw["items"], at.down("Item", "items"))
        return node

    def _map(self, raw: dict[str, Any], at: At) -> Node:
        node = nodes.scalars(raw, "object", at.entry.note)
        extra = raw.get("additionalProperties")
        if isinstance(extra, dict) and extra:
            node["additionalProperties"] = self.node(extra, at.down("Value", "additionalProperties"))
        elif extra is False:
            self._closed(raw, node, at)
        return node

    def _closed(self, raw: dict[str, Any], node: Node, at: At) -> None:
        """`additionalProperties: false`: no other key, or only keys of one pattern."""
        patterns = _dict(raw.get("patternProperties"))
        if not patterns:
            node["additionalProperties"] = False
        elif len(patterns) == 1 and not _is_object(raw) and compiles(next(iter(patterns))):
            ((pattern, value),) = patterns.items()
            node["keys"] = pattern
            node["additionalProperties"] = self.node(value, at.down("Value", "patternProperties", pattern))
            at.entry.losses.remove("patternProperties")

    def object(self, raw: dict[str, Any], at: At) -> Node:
        """An object with named properties, in place."""
        if isinstance(raw.get("discriminator"), dict):
            at.entry.note("discriminator (a value is read as this class, not as the one that it names)")
        node = self._map(raw, at)
        if "additionalProperties" not in node and raw.get("additionalProperties") is not None:
            node["additionalProperties"] = True
        properties = _dict(raw.get("properties"))
        node["properties"] = {key: self._property(value, key, at) for key, value in properties.items()}
        required = raw.get("required")
        names = [r for r in required if isinstance(r, str)] if isinstance(required, list) else []
        node["required"] = list(dict.fromkeys(names))
        return node

    def _property(self, raw: Any, key: str, at: At) -> Node:
        step = at.down(nodes.pascal(key) or "Field", "properties", key)
        return {**self.node(raw, replace(step, depth=1)), **_annotations(raw)}

    def _union(self, raw: dict[str, Any], key: str, kinds: list[str], at: At) -> Node:
        outer = {k: v for k, v in raw.items() if k not in (key, *_ANNOTATIONS)} if kinds else {}
        options: list[Node] = []
        for i, part in enumerate(_parts(raw, key)):
            whole = {**outer, **part} if "type" not in part and "$ref" not in part else part
            name = str(part.get("title") or f"Option{i + 1}")
            options.append(self.node(whole, at.down(class_name(name), key, str(i))))
        if {} in options:
            return {}
        return {"anyOf": [o for i, o in enumerate(options) if o not in options[:i]]}

    def _composed(self, raw: dict[str, Any], at: At) -> Node:
        """`allOf`, or a choice beside properties: kept as it is, for the generator that can merge it."""
        at.entry.composed = True
        return self._branch(raw, at)

    def _branch(self, raw: dict[str, Any], at: At) -> Node:
        if isinstance(raw.get("$ref"), str):
            return self._reference(raw, at)
        if not (_is_object(raw) or any(_parts(raw, k) for k in ("allOf", "oneOf", "anyOf"))):
            return self.node(raw, at)
        if at.depth > 4 * _DEEPEST:
            return self.hoist(raw, replace(at, depth=0))
        found = self.object(raw, at) if _is_object(raw) else {}
        for key in ("allOf", *self._choices(raw, at)):
            parts = _parts(raw, key)
            if parts:
                named = enumerate(parts)
                branches = [
                    self._branch(
                        p, at.down(f"Part{i + 1}" if key == "allOf" else f"Option{i + 1}", key, str(i))
                    )
                    for i, p in named
                ]
                found[key] = [b for i, b in enumerate(branches) if b not in branches[:i]]
        return found

    def _reference(self, raw: dict[str, Any], at: At) -> Node:
        if self._note_siblings and not raw.keys() <= _ANNOTATIONS and _says_more(raw):
            at.entry.note("keywords beside $ref")
        pointer = unquote(raw["$ref"])
        name = self._by_place.get(pointer) or self._enter_place(pointer)
        if not name:
            at.entry.note("$ref (points to nothing)")
            return {}
        return {"$ref": name, "nullable": True} if raw.get("nullable") is True else {"$ref": name}

    def _enter_place(self, pointer: str) -> str:
        target = self.resolve(pointer)
        if not isinstance(target, dict):
            return ""
        words = [
            nodes.pascal(step) for step in pointer.split("/")[3:] if step not in ("properties", "schema")
        ]
        return self._enter(Entry(self._names.take(class_name("".join(words) or "Model")), pointer, target))

    def resolve(self, pointer: str) -> Any:
        """What `#/…` points to in the document, or None."""
        found: Any = self.document
        if not pointer.startswith("#/"):
            return None
        for step in pointer[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901  # RFC 6901
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        return found


def references(node: Any) -> Iterator[str]:
    """Every class name that a normal form mentions."""
    if isinstance(node, list):
        for each in node:
            yield from references(each)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.get("properties", {}).values():
            yield from references(each)
        for key in ("items", "additionalProperties", "anyOf", "oneOf", "allOf"):
            yield from references(node.get(key))


def _annotations(raw: Any) -> Node:
    if not isinstance(raw, dict):
        return {}
    found: Node = {}
    if isinstance(raw.get("description"), str) and raw["description"].strip():
        found["description"] = raw["description"]
    if "default" in raw and "$ref" not in raw:
        found["default"] = raw["default"]
    return found


def _enum(values: list[Any], kinds: list[str]) -> Node:
    node: Node = {"enum": [v for v in values if v is not None]}
    if len(kinds) == 1:
        node["type"] = kinds[0]
    if not node["enum"]:
        return {"type": "null"}
    return {**node, "nullable": True} if None in values else node


def _is_object(raw: dict[str, Any]) -> bool:
    """Whether a schema names properties: by `properties`, or only by `required`."""
    required = raw.get("required")
    return bool(_dict(raw.get("properties")) or (isinstance(required, list) and required))


def _is_structure(raw: dict[str, Any]) -> bool:
    return any(
        key in raw for key in ("items", "anyOf", "oneOf", "allOf", "properties", "additionalProperties")
    )


def _says_more(raw: dict[str, Any]) -> bool:
    """Whether a schema with one `allOf` (or a `$ref`) also constrains the value itself."""
    plain = {"allOf", "type", "discriminator", "readOnly", "writeOnly", "xml", "externalDocs"}
    return any(k not in plain | _ANNOTATIONS and not k.startswith("x-") for k in raw)


def _parts(raw: dict[str, Any], key: str) -> list[dict[str, Any]]:
    parts = raw.get(key)
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _canonical(raw: Any) -> bytes:
    import orjson  # noqa: PLC0415  # 10 ms, and only documents with inline objects need it

    try:
        return orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer over 64 bits, or a lone surrogate
        return json.dumps(raw, sort_keys=True).encode()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
