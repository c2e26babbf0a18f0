"""One schema's own keywords in normal form: JSON Schema 2020-12, right types only, losses named.

Nothing here follows a reference or looks at another schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, TypeGuard

from .patterns import compiles

Node = dict[str, Any]
Note = Callable[[str], None]

ENUM_LIMIT = 1_000
_WIDEST = 2**63 - 1024  # what Pydantic's engine can hold as a bound, and what a double can say
TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
STRINGS = {"minLength", "maxLength", "pattern", "format"}
NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
ARRAYS = {"minItems", "maxItems"}
OBJECTS = {"minProperties", "maxProperties"}
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")

# Keywords that say something about a value and that a Pydantic field cannot say.
_LOST = (
    *("not", "if", "then", "else", "patternProperties", "dependentSchemas", "dependentRequired"),
    *("dependencies", "propertyNames", "contains", "minContains", "maxContains", "unevaluatedProperties"),
    *("unevaluatedItems", "contentSchema", "$dynamicRef", "$recursiveRef"),
)


def types(raw: dict[str, Any]) -> tuple[list[str], bool]:
    """The types a schema names (or shows by its keywords), and whether null is one."""
    named = raw.get("type")
    found = [t for t in (named if isinstance(named, list) else [named]) if t in TYPES]
    null = "null" in found or raw.get("nullable") is True
    kinds = list(dict.fromkeys(t for t in found if t != "null"))
    if found and not kinds:
        return ["null"], True
    return kinds or _shown(raw), null


def _shown(raw: dict[str, Any]) -> list[str]:
    if isinstance(raw.get("properties"), dict) or isinstance(raw.get("additionalProperties"), dict):
        return ["object"]
    if isinstance(raw.get("items"), dict):
        return ["array"]
    return []


def scalars(raw: dict[str, Any], kind: str, note: Note) -> Node:
    """The constraints of `raw` that hold for values of `kind`."""
    node: Node = {"type": kind} if kind else {}
    if kind == "string":
        _string(raw, node, note)
    elif kind in ("integer", "number"):
        _number(raw, node, note)
    for key in _COUNTS:
        value = raw.get(key)
        if _for(key, kind) and _is_count(value):
            node[key] = int(value)
    return node


def _for(key: str, kind: str) -> bool:
    return (
        (kind == "string" and key in STRINGS)
        or (kind == "array" and key in ARRAYS)
        or (kind == "object" and key in OBJECTS)
    )


def _is_count(value: Any) -> TypeGuard[float]:
    return _is_number(value) and value == int(value) and 0 <= value < _WIDEST


def _string(raw: dict[str, Any], node: Node, note: Note) -> None:
    if isinstance(raw.get("format"), str):
        node["format"] = raw["format"]
    pattern = raw.get("pattern")
    if isinstance(pattern, str):
        if compiles(pattern):
            node["pattern"] = pattern
        else:
            note("pattern (needs look-around or back-references, or is no regular expression)")


def _number(raw: dict[str, Any], node: Node, note: Note) -> None:
    for key in ("minimum", "maximum"):
        bound, exclusive = raw.get(key), "exclusive" + key.capitalize()
        if _is_number(bound):
            _bound(node, exclusive if raw.get(exclusive) is True else key, bound, note)
        if _is_number(raw.get(exclusive)):
            _bound(node, exclusive, raw[exclusive], note)
    step = raw.get("multipleOf")
    if _is_number(step) and step > 0:
        if step == int(step) < _WIDEST:
            node["multipleOf"] = int(step)
        else:
            note("multipleOf (a fraction: binary floats would refuse right values)")


def _bound(node: Node, key: str, bound: float, note: Note) -> None:
    if abs(bound) >= _WIDEST and node["type"] == "integer":
        note(f"{key} (wider than 64 bits)")
    elif node["type"] == "integer" and bound != int(bound):
        inclusive = "minimum" if "inimum" in key else "maximum"
        node[inclusive] = math.ceil(bound) if inclusive == "minimum" else math.floor(bound)
    else:
        node[key] = int(bound) if node["type"] == "integer" else bound


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def enum(raw: dict[str, Any], note: Note) -> list[Any] | None:
    """The values of `enum` or `const`, each once; None when there are none or no type can hold them."""
    values = [raw["const"]] if "const" in raw else raw.get("enum")
    if not isinstance(values, list) or not values:
        return None
    if len(values) > ENUM_LIMIT:
        note(f"enum (more than {ENUM_LIMIT} values: the plain type is used)")
        return None
    if any(isinstance(v, (float, dict, list)) for v in values):
        note("enum (a value is a fraction, an array or an object: the plain type is used)")
        return None
    seen: dict[tuple[type, Any], Any] = {(type(v), v): v for v in values}
    return list(seen.values())


def lost(raw: dict[str, Any], note: Note) -> None:
    """Name each keyword that the models do not carry."""
    for key in _LOST:
        if key in raw and raw[key] not in (None, {}, []):
            note(key)
    if raw.get("uniqueItems") is True:
        note("uniqueItems")


def pascal(text: str) -> str:
    return "".join(w[:1].upper() + w[1:] for w in re.split(r"[\W_]+", text))
