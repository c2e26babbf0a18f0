"""Does a default fit its schema? The part of JSON Schema the authority applies to defaults.

What is not decided within the budget counts as fitting: a default is never a reason to work hard.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import math
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from . import refs

_BUDGET: Final = 5_000
_DEPTH: Final = 50
_PATTERN_TEXT: Final = 10_000


def mismatch(schema: Any, value: Any, document: dict[str, Any], *, draft4: bool) -> str:
    """Why the value does not fit, or an empty text. `draft4` is the dialect of 2.0 and 3.0."""
    return _Judge(document, draft4).check(schema, value, 0)


class _Judge:
    def __init__(self, document: dict[str, Any], draft4: bool) -> None:
        self._document = document
        self._draft4 = draft4
        self._left = _BUDGET

    def check(self, schema: Any, value: Any, depth: int) -> str:
        self._left -= 1
        if schema is False:
            return "no value is allowed"
        if not isinstance(schema, dict) or self._left < 0 or depth > _DEPTH:
            return ""
        ref = schema.get("$ref")
        if isinstance(ref, str):
            known, target = refs.found(self._document, ref[1:]) if ref.startswith("#") else (False, None)
            return self.check(target, value, depth + 1) if known else ""
        if value is None and schema.get("nullable") is True and "type" in schema:
            return ""
        for rule in (self._type, self._choice, self._size, self._format, self._inside, self._combined):
            problem = rule(schema, value, depth)
            if problem:
                return problem
        return ""

    def _type(self, schema: dict[str, Any], value: Any, _depth: int) -> str:
        wanted = schema.get("type")
        names = wanted if isinstance(wanted, list) else [wanted]
        if wanted is None or any(self._is(value, name) for name in names):
            return ""
        return f"{_shown(value)} is not of type {' or '.join(str(name) for name in names)}"

    def _is(self, value: Any, name: Any) -> bool:
        if name == "integer" and isinstance(value, float) and not self._draft4:
            return value.is_integer()
        types = _TYPES.get(name) if isinstance(name, str) else None
        if types is None:
            return True
        return isinstance(value, types) and (name == "boolean" or not isinstance(value, bool))

    def _choice(self, schema: dict[str, Any], value: Any, _depth: int) -> str:
        choices = schema.get("enum")
        if isinstance(choices, list) and not any(_same(value, each) for each in choices):
            return f"{_shown(value)} is not one of {_shown(choices)}"
        if "const" in schema and not self._draft4 and not _same(value, schema["const"]):
            return f"{_shown(value)} is not {_shown(schema['const'])}"
        return ""

    def _size(self, schema: dict[str, Any], value: Any, _depth: int) -> str:
        for keyword, measure, fits in _SIZES:
            limit = schema.get(keyword)
            size = measure(value)
            if size is None or isinstance(limit, bool) or not isinstance(limit, (int, float)):
                continue
            if not fits(size, limit):
                return f"{_shown(value)} breaks {keyword} {limit}"
            strict = schema.get("exclusive" + keyword.capitalize())
            if strict is True and size == limit:
                return f"{_shown(value)} breaks exclusive {keyword} {limit}"
        return ""

    def _format(self, schema: dict[str, Any], value: Any, _depth: int) -> str:
        if not isinstance(value, str):
            return _whole(schema.get("format"), value)
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and not _matches(pattern, value):
            return f"{_shown(value)} does not match {pattern[:80]!r}"
        name = schema.get("format")
        known = _FORMATS.get(name) if isinstance(name, str) else None
        if known is None or (name == "byte" and not self._draft4):
            return ""
        try:
            known(value)
        except (ValueError, binascii.Error, RecursionError, re.error):
            return f"{_shown(value)} is no {name}"
        return ""

    def _inside(self, schema: dict[str, Any], value: Any, depth: int) -> str:
        parts: list[tuple[Any, Any]] = []
        if isinstance(value, list) and "items" in schema:
            parts = [(schema["items"], each) for each in value]
        elif isinstance(value, dict):
            properties = schema.get("properties")
            known = properties if isinstance(properties, dict) else {}
            missing = [key for key in _texts(schema.get("required")) if key not in value and key not in known]
            missing += [
                key
                for key in _texts(schema.get("required"))
                if key not in value and key in known and not self._one_way(known[key])
            ]
            if missing:
                return f"{_shown(value)} lacks {missing[0]!r}"
            other = schema.get("additionalProperties", True)
            extra = [key for key in value if key not in known and "patternProperties" not in schema]
            if extra and other is False:
                return f"{extra[0]!r} is not allowed in {_shown(value)}"
            parts = [(known[key], value[key]) for key in value if key in known]
            parts += [(other, value[key]) for key in extra]
        return next((problem for part, each in parts if (problem := self.check(part, each, depth + 1))), "")

    def _one_way(self, schema: Any) -> bool:
        if not self._draft4 or not isinstance(schema, dict):
            return False
        return bool(schema.get("readOnly") or schema.get("writeOnly"))

    def _combined(self, schema: dict[str, Any], value: Any, depth: int) -> str:
        if "discriminator" in schema:
            return ""
        for keyword, least, most in (("allOf", None, None), ("anyOf", 1, None), ("oneOf", 1, 1)):
            parts = schema.get(keyword)
            if not isinstance(parts, list) or not parts:
                continue
            problems = [self.check(part, value, depth + 1) for part in parts]
            fitting = problems.count("")
            if least is None and fitting < len(parts):
                return next(problem for problem in problems if problem)
            if (
                self._left >= 0
                and least is not None
                and (fitting < least or (most is not None and fitting > most))
            ):
                return f"{_shown(value)} fits {fitting} of the schemas under {keyword}"
        if (
            isinstance(schema.get("not"), dict)
            and self._left > 0
            and not self.check(schema["not"], value, depth + 1)
        ):
            return f"{_shown(value)} is what `not` forbids" if self._left >= 0 else ""
        return ""


_TYPES: Final[dict[Any, Any]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def _number(value: Any) -> Any:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _length(kind: type[str] | type[list[Any]] | type[dict[str, Any]]) -> Callable[[Any], int | None]:
    return lambda value: len(value) if isinstance(value, kind) else None


def _at_most(size: float, limit: float) -> bool:
    return size <= limit


def _at_least(size: float, limit: float) -> bool:
    return size >= limit


def _multiple(size: float, limit: float) -> bool:
    if limit == 0:
        return True
    if isinstance(size, int) and isinstance(limit, int):
        return size % limit == 0
    part = size / limit
    return math.isinf(part) or part == int(part)


_SIZES: Final[tuple[tuple[str, Callable[[Any], Any], Callable[[Any, Any], bool]], ...]] = (
    ("maximum", _number, _at_most),
    ("minimum", _number, _at_least),
    ("exclusiveMaximum", _number, lambda size, limit: bool(size < limit)),
    ("exclusiveMinimum", _number, lambda size, limit: bool(size > limit)),
    ("multipleOf", _number, _multiple),
    ("maxLength", _length(str), _at_most),
    ("minLength", _length(str), _at_least),
    ("maxItems", _length(list), _at_most),
    ("minItems", _length(list), _at_least),
    ("maxProperties", _length(dict), _at_most),
    ("minProperties", _length(dict), _at_least),
)


def _whole(name: Any, value: Any) -> str:
    bits = {"int32": 31, "int64": 63}.get(name) if isinstance(name, str) else None
    if (
        bits
        and isinstance(value, int)
        and not isinstance(value, bool)
        and not -(1 << bits) <= value < 1 << bits
    ):
        return f"{_shown(value)} is no {name}"
    return ""


def _matches(pattern: str, value: str) -> bool:
    """By an engine that cannot be made to run for long; what it does not know counts as a match."""
    import jsonschema_rs  # noqa: PLC0415  # rare: only a default with a pattern comes here

    try:
        options = jsonschema_rs.RegexOptions(size_limit=1_000_000)
        judge = jsonschema_rs.Draft7Validator({"pattern": pattern}, pattern_options=options)
    except (ValueError, jsonschema_rs.ValidationError):
        return True
    return bool(judge.is_valid(value[:_PATTERN_TEXT]))


def _email(value: str) -> None:
    if "@" not in value:
        raise ValueError(value)


def _byte(value: str) -> None:
    base64.b64decode(value.encode("ascii"), validate=True)


_FORMATS: Final[dict[str, Callable[[str], Any]]] = {
    "date": dt.date.fromisoformat,
    "email": _email,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "uuid": uuid.UUID,
    "regex": re.compile,
    "byte": _byte,
}


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, (list, dict)) or len(value) < 30 else f"{value!r:.80}"
    return text if len(text) <= 80 else text[:79] + "…"
