"""Write plain data as YAML that every reader understands alike, the same bytes each time.

Block style only. A string is written plain only if no YAML 1.1 or 1.2 reader can take it for
something else; anything doubtful is double-quoted. Keys keep the order they were given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from core.errors import Invalid


class ValueUnwritable(Invalid):
    """A value that no YAML document can hold."""

    code = "AW330"
    fix = "Remove the character; a text must be valid Unicode."


def yaml(data: Any) -> str:
    """One document with a trailing newline."""
    if isinstance(data, Mapping | list | tuple) and data:
        return "".join(f"{line}\n" for line in _block(data, 0))
    return f"{_leaf(data)}\n"


def _block(data: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _entry(f"{pad}{_leaf(str(key))}:", value, depth)
        return
    for value in data:
        if isinstance(value, Mapping | list | tuple) and value:
            first, *rest = _block(value, depth + 1)
            yield f"{pad}- {first.lstrip(' ')}"
            yield from rest
        else:
            yield from _entry(f"{pad}-", value, depth)


def _entry(head: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _block(value, depth + 1)
    elif isinstance(value, list | tuple) and value:
        yield head
        # People indent a list under its key by two; kubectl and kustomize read both.
        yield from _block(value, depth + 1)
    elif isinstance(value, str) and _fits_literal(value):
        yield f"{head} |" if value.endswith("\n") else f"{head} |-"
        pad = "  " * (depth + 1)
        for line in value.removesuffix("\n").split("\n"):
            yield f"{pad}{line}" if line else ""
    else:
        yield f"{head} {_leaf(value)}"


def _leaf(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str):
        return _short(value) if len(value) <= 100 else _text(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    raise ValueUnwritable(f"A {type(value).__name__} cannot be written as YAML.")


def _text(value: str) -> str:
    return value if _is_plain(value) else _quoted(value)


# Keys and labels come again and again.
_short = lru_cache(maxsize=4096)(_text)


def _number(value: float) -> str:
    if not isfinite(value):
        raise ValueUnwritable("An infinite number or NaN cannot be written.")
    text = repr(value)
    # YAML 1.1 reads `1e+20` as a string unless the mantissa has a point.
    return text if "." in text or "e" not in text else text.replace("e", ".0e", 1)


# No indicator, no `: `, no ` #`, no edge blank; what starts like a number is listed apart.
_PLAIN = re.compile(
    r"(?:[A-Za-z_/]|\.{1,2}/)(?:[A-Za-z0-9_./@+()-]|:(?=[A-Za-z0-9_/])| (?=[A-Za-z0-9_(/.]))*"
)
_QUANTITY = re.compile(r"[1-9][0-9]{0,8}(?:m|Ki|Mi|Gi|Ti)")
_DOLLAR = re.compile(r"\$[a-z]+")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def _is_plain(text: str) -> bool:
    if len(text) > 200 or text.lower() in _WORDS:
        return False
    return any(form.fullmatch(text) for form in (_PLAIN, _QUANTITY, _DOLLAR))


# Control characters, breaks that only some readers see (NEL, LS, PS), bidi and other invisible
# marks, byte order marks, non-characters.
_ESCAPED = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U0010ffff]"
)
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", '"': '\\"', "\\": "\\\\"}
_TO_QUOTE = re.compile(f'["\\\\]|{_ESCAPED.pattern}')
_SURROGATE = re.compile("[\ud800-\udfff]")


def _quoted(text: str) -> str:
    if _SURROGATE.search(text):
        raise ValueUnwritable("A text holds half a surrogate pair.")
    return f'"{_TO_QUOTE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char in _SHORT:
        return _SHORT[char]
    point = ord(char)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _fits_literal(text: str) -> bool:
    """Whether `|` shows the text as it is: only plain lines, no blank at an edge that could get lost."""
    if "\n" not in text or text[0] in " \n" or text.endswith("\n\n"):
        return False
    body = text.replace("\n", "")
    if _ESCAPED.search(body) or _SURROGATE.search(body):
        return False
    return all(line == line.rstrip(" ") for line in text.split("\n"))
