"""What JSON Schema says about a value, and whether the models say the same.

Values: the document's own examples; values made from the schemas; and mutants of both, with a
required property dropped or a value of another type. The judge reads the original schemas.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs

from tools import codegen

MEANING = {
    "examples": "valid examples of the documents accepted",
    "made": "valid values made from the schemas accepted",
    "dropped": "mutants without a required property refused",
    "typed": "mutants of another kind (object, array) refused",
    "null": "mutants with null refused (a field that may be left out takes null: Python's way to say so)",
    "scalar": "mutants of another scalar type refused",
}
_DEEPEST = 4


@dataclass
class Result:
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, kind: str, right: bool, text: str) -> None:
        self.counts[kind] += 1
        self.counts[f"{kind} right"] += right
        if not right and kind not in ("scalar", "null"):
            self.wrong.append(f"{kind}: {text}"[:300])


class Judge:
    """JSON Schema validators for places of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._is_30 = str(document.get("openapi", "")).startswith("3.0")
        plain = translate(copy.deepcopy(document), nullable=self._is_30)
        self.document = plain
        draft = jsonschema_rs.Draft4 if self._is_30 else jsonschema_rs.Draft202012
        self._registry = jsonschema_rs.Registry([("urn:document", plain)], draft=draft)
        self._known: dict[str, Any] = {}

    def says(self, place: str, value: Any) -> bool | None:
        """Whether the schema at `#/…` accepts the value; None when the schema is no schema."""
        if place not in self._known:
            self._known[place] = self._validator(place)
        validator = self._known[place]
        return None if validator is None else validator.is_valid(value)

    def _validator(self, place: str) -> Any:
        kind = jsonschema_rs.Draft4Validator if self._is_30 else jsonschema_rs.Draft202012Validator
        try:
            return kind({"$ref": f"urn:document{place}"}, registry=self._registry)
        except (ValueError, jsonschema_rs.ReferencingError):
            return None


def translate(node: Any, *, nullable: bool) -> Any:
    """JSON Schema that the judge reads right: 3.0's `nullable` as a type, `required` without doubles."""
    if isinstance(node, list):
        for each in node:
            translate(each, nullable=nullable)
    elif isinstance(node, dict):
        for each in node.values():
            translate(each, nullable=nullable)
        required = node.get("required")
        if isinstance(required, list) and all(isinstance(r, str) for r in required):
            node["required"] = list(dict.fromkeys(required))
        if nullable and node.get("nullable") is True and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
            if isinstance(node.get("enum"), list) and None not in node["enum"]:
                node["enum"].append(None)
    return node


def judge(document: dict[str, Any], found: dict[str, Any], module: Any) -> Result:
    result, says = Result(), Judge(document)
    places = {row["class"]: row["place"] for row in found["fidelity"] if row["kind"] == "schema"}
    for example in found["examples"]:
        place = _schema_place(example["place"])
        _one(says, result, ("examples", place, example["value"]), getattr(module, example["name"], None))
    for name, place in places.items():
        if "/parameters" in place:
            continue
        value = Maker(says.document).make({"$ref": place}, 0)
        _one(says, result, ("made", place, value), getattr(module, name, None))
    return result


def _schema_place(place: str) -> str:
    """The schema that an example at this place is an example of."""
    head, _, tail = place.rpartition("/")
    if tail == "example":
        return f"{head}/schema" if "/content/" in head and "/schema" not in head else head
    head = head.rpartition("/")[0]
    return f"{head}/schema" if "/content/" in head and "/schema" not in head else head


def _one(says: Judge, result: Result, what: tuple[str, str, Any], model: Any) -> None:
    kind, place, value = what
    if model is None or not says.says(place, value):
        return
    why = codegen.refusal(model, value)
    result.add(kind, not why, f"{place} {why}")
    if why:
        return
    for mutation, mutant, path in mutants(value):
        if says.says(place, mutant) is False:
            result.add(mutation, bool(codegen.refusal(model, mutant)), f"{place} at {path}")


def mutants(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any, str]]:
    """(kind, value, where) for each way to spoil one place; at most two levels deep."""
    if not isinstance(value, dict) or depth > 1:
        return
    for key, inner in list(value.items())[:30]:
        at = f"{path}/{key}"
        yield "dropped", {k: v for k, v in value.items() if k != key}, at
        for mutation, other in _others(inner):
            yield mutation, {**value, key: other}, at
        for mutation, mutant, where in mutants(inner, at, depth + 1):
            yield mutation, {**value, key: mutant}, where


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    """Values of every other JSON type."""
    if value is not None:
        yield "null", None
    for kind, others in (
        ("typed", (["mutant"], {"mutant": {"a": [1]}})),
        ("scalar", ("mutant", 12345, 0.5, True)),
    ):
        yield from ((kind, other) for other in others if type(other) is not type(value))


class Maker:
    """Values that a schema probably accepts; the judge throws away the rest."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def make(self, raw: Any, depth: int) -> Any:
        if not isinstance(raw, dict) or depth > 12:
            return {}
        if isinstance(raw.get("$ref"), str):
            return self.make(self._resolve(raw["$ref"]), depth + 1)
        for key in ("example", "default", "const"):
            if key in raw:
                return raw[key]
        if isinstance(raw.get("enum"), list) and raw["enum"]:
            return raw["enum"][0]
        if raw.get("allOf"):
            return self._merged(raw, depth)
        choice = raw.get("oneOf") or raw.get("anyOf")
        return self.make(choice[0], depth + 1) if choice else self._typed(raw, depth)

    def _merged(self, raw: dict[str, Any], depth: int) -> Any:
        parts = [self.make(part, depth + 1) for part in [*raw["allOf"], {**raw, "allOf": None}]]
        merged = {k: v for part in parts if isinstance(part, dict) for k, v in part.items()}
        return merged or next((part for part in parts if part is not None), None)

    def _typed(self, raw: dict[str, Any], depth: int) -> Any:
        named = raw.get("type")
        kind = next((t for t in named if t != "null"), "null") if isinstance(named, list) else named
        if kind == "object" or "properties" in raw:
            return self._object(raw, depth)
        if kind == "array":
            least = raw.get("minItems") or (1 if depth < _DEEPEST else 0)
            return [self.make(raw.get("items", {}), depth + 1) for _ in range(min(int(least), 5))]
        if kind == "string":
            return _string(raw)
        if kind in ("integer", "number"):
            low = raw.get("minimum", raw.get("exclusiveMinimum", 0))
            return (low if isinstance(low, (int, float)) and not isinstance(low, bool) else 0) + 1
        return {"boolean": True}.get(str(kind))

    def _object(self, raw: dict[str, Any], depth: int) -> Any:
        required = raw.get("required") if isinstance(raw.get("required"), list) else []
        made = {}
        for key, value in (raw.get("properties") or {}).items():
            if key in required or depth < _DEEPEST:
                made[key] = self.make(value, depth + 1)
        if isinstance(raw.get("additionalProperties"), dict) and depth < _DEEPEST:
            made["extra"] = self.make(raw["additionalProperties"], depth + 1)
        return made

    def _resolve(self, pointer: str) -> Any:
        from urllib.parse import unquote  # noqa: PLC0415  # one call

        found: Any = self.document
        for step in unquote(pointer).removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else (found or {}).get(name)
        return found


def _string(raw: dict[str, Any]) -> str:
    known = {
        "date-time": "2024-05-01T12:30:00Z",
        "date": "2024-05-01",
        "time": "12:30:00Z",
        "uuid": "6f1b2c3d-0000-4000-8000-000000000001",
        "uri": "https://example.org/a",
        "email": "a@example.org",
        "ipv4": "192.0.2.1",
    }
    text = known.get(str(raw.get("format")), "text")
    least, most = raw.get("minLength"), raw.get("maxLength")
    text = text.ljust(least, "x") if isinstance(least, int) else text
    return text[:most] if isinstance(most, int) else text
