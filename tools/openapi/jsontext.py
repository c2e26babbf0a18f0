"""JSON to plain values by orjson, with what it does not see checked by counting.

orjson keeps the last of two equal keys. It cannot be asked, but it can be seen from outside at a
tenth of the cost of a slower reader: every key has one colon outside strings, so text and value
hold different numbers of colons exactly when a key was lost. Only then the careful reader runs.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

from .limits import Limits
from .problems import DuplicateKey, NumberRefused, SyntaxBroken, TextRefused, TooDeep

_LARGEST = 2**64
_WRITER_DEPTH = 254  # orjson writes nothing deeper, so what it wrote needs no second look
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class NotJson(SyntaxBroken):
    """The text is no JSON at all; it may still be YAML."""


def parsed(text: str, name: str, limits: Limits) -> Any:
    data = text.encode()
    value = _fast(data)
    if value is None:
        value = _careful(text, name, limits)
        _within_depth(value, name, limits)
    elif limits.depth < _WRITER_DEPTH:
        _within_depth(value, name, limits)
    return value


def _fast(data: bytes) -> Any:
    """The value, or None where only the careful reader can tell."""
    try:
        value = orjson.loads(data)
        written = orjson.dumps(value)
    except (orjson.JSONDecodeError, TypeError):
        return None  # dumps refuses what nests over 254 levels
    if data.count(b":") != written.count(b":") or b"\\u003" in data or b"\\u0000" in data:
        return None
    return value


def _careful(text: str, name: str, limits: Limits) -> Any:
    reader = _Reader(text, name, limits)
    try:
        value = json.loads(
            text,
            object_pairs_hook=reader.mapping,
            parse_int=reader.integer,
            parse_float=reader.real,
            parse_constant=reader.constant,
        )
    except json.JSONDecodeError as error:
        raise NotJson(f"Not JSON: {error.msg}.", place=f"{name}:{error.lineno}") from error
    except RecursionError as error:
        raise TooDeep("The document nests over 900 levels.", place=name) from error
    return _clean(value, name)


def _clean(value: Any, name: str) -> Any:
    # Escapes may name what no encoded text can hold; the writer shows whether one did.
    try:
        written = json.dumps(value, ensure_ascii=False)
    except RecursionError as error:
        raise TooDeep("The document nests over 900 levels.", place=name) from error
    lone = _SURROGATE.search(written)
    if lone:
        code = f"U+{ord(lone.group()):04X}"
        raise TextRefused(f"Half of a character pair ({code}) stands alone in a text.", place=name)
    if re.search(r"(?<!\\)(?:\\\\)*\\u0000", written):
        raise TextRefused("A text holds a NUL character.", place=name)
    return value


class _Reader:
    def __init__(self, text: str, name: str, limits: Limits) -> None:
        self._text = text
        self._name = name
        self._limits = limits

    def mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise DuplicateKey(f"The key {twice!r} stands twice in one object.", place=self._where(twice))
        return made

    def integer(self, digits: str) -> int | float:
        """Over 64 bits JSON readers agree on the nearest double only, and so do we."""
        if len(digits) > self._limits.digits:
            raise NumberRefused(f"An integer of {len(digits)} digits.", place=self._line(digits))
        value = int(digits)
        return value if -_LARGEST // 2 <= value < _LARGEST else self.real(digits)

    def real(self, digits: str) -> float:
        value = float(digits) if len(digits) <= self._limits.digits else float("inf")
        if value in (float("inf"), float("-inf")):
            raise NumberRefused(f"The number {digits[:40]} is too large.", place=self._line(digits))
        return value

    def constant(self, word: str) -> NoReturn:
        raise NumberRefused(f"{word} is not a JSON number.", place=self._line(word))

    def _where(self, key: str) -> str:
        """The line of the second time the key is written; another mapping's may be nearer."""
        written = re.escape(json.dumps(key, ensure_ascii=False))
        hits = [hit.start() for hit in re.finditer(written + r"\s*:", self._text)]
        at = hits[1] if len(hits) > 1 else 0
        return f"{self._name}:{self._text.count(chr(10), 0, at) + 1}"

    def _line(self, part: str) -> str:
        at = max(self._text.find(part), 0)
        return f"{self._name}:{self._text.count(chr(10), 0, at) + 1}"


def _within_depth(value: Any, name: str, limits: Limits) -> None:
    level = [value]
    for _ in range(limits.depth):
        level = [
            child
            for node in level
            if node.__class__ is dict or node.__class__ is list
            for child in (node.values() if node.__class__ is dict else node)
            if child.__class__ is dict or child.__class__ is list
        ]
        if not level:
            return
    raise TooDeep(f"The document nests over {limits.depth} levels.", place=name)
