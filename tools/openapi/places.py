"""From a JSON pointer to its line, for the person who must look there. Read again only when asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from . import refs

_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def lines(text: str, pointers: Iterable[str]) -> dict[str, int]:
    """The line of each pointer, or of the nearest part above it that is there; 0 when unknown."""
    wanted: dict[str, Any] = {}
    for pointer in pointers:
        node = wanted
        for key in refs.segments(pointer):
            node = node.setdefault(key, {})
    found: dict[int, int] = {id(wanted): 1}
    is_json = text.lstrip()[:1] in ("{", "[")
    steps = _json_steps(text) if is_json else _yaml_steps(text)
    _record(steps, wanted, found)
    return {pointer: _deepest(wanted, refs.segments(pointer), found) for pointer in set(pointers)}


def _deepest(wanted: dict[str, Any], keys: list[str], found: dict[int, int]) -> int:
    line = found[id(wanted)]
    for key in keys:
        wanted = wanted[key]
        line = found.get(id(wanted), line)
    return line


def _record(steps: Iterator[tuple[str, str, int]], wanted: dict[str, Any], found: dict[int, int]) -> None:
    """Follow the text along the wanted tree. A step is (`open` or `close` or `key` or `value`, key, line)."""
    # Per open mapping or list: where we are in the tree, the next index (-1 in a mapping), the current key.
    stack: list[list[Any]] = []
    for what, key, line in steps:
        if what == "close":
            stack.pop()
            continue
        if what == "key":
            stack[-1][2] = key
            continue
        here: dict[str, Any] | None = wanted
        if stack:
            top = stack[-1]
            if top[1] >= 0:
                top[2] = str(top[1])
                top[1] += 1
            here = top[0].get(top[2]) if top[0] else None
        if here is not None:
            found.setdefault(id(here), line)
        if what in ("map", "list"):
            stack.append([here, 0 if what == "list" else -1, ""])


def _json_steps(text: str) -> Iterator[tuple[str, str, int]]:
    line, before = 1, 0
    open_lists: list[bool] = []
    expects_key = False
    for match in _WORD.finditer(text):
        word = match.group()
        line += text.count("\n", before, match.start())
        before = match.start()
        if word in "{[":
            open_lists.append(word == "[")
            yield ("list" if word == "[" else "map"), "", line
            expects_key = word == "{"
        elif word in "}]":
            if not open_lists:
                return
            open_lists.pop()
            yield "close", "", line
        elif word == ",":
            expects_key = bool(open_lists) and not open_lists[-1]
        elif word != ":":
            if expects_key and word[0] == '"':
                yield "key", _unquoted(word), line
                expects_key = False
            else:
                yield "value", "", line


def _unquoted(word: str) -> str:
    try:
        return str(json.loads(word, strict=False))
    except ValueError:
        return word[1:-1]


def _yaml_steps(text: str) -> Iterator[tuple[str, str, int]]:
    import yaml  # noqa: PLC0415  # only who looks for a line needs it

    # True while the next scalar of the innermost mapping is a key; None in a list.
    keys: list[bool | None] = []
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.CollectionEndEvent):
                keys.pop()
                yield "close", "", line
            elif isinstance(event, yaml.CollectionStartEvent):
                keys = _turned(keys)
                keys.append(True if isinstance(event, yaml.MappingStartEvent) else None)
                yield ("map" if keys[-1] else "list"), "", line
            elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
                is_key = bool(keys) and keys[-1] is True
                keys = _turned(keys)
                yield ("key" if is_key else "value"), str(getattr(event, "value", "")), line
    except yaml.YAMLError:
        return  # what cannot be read has no lines


def _turned(keys: list[bool | None]) -> list[bool | None]:
    if keys and keys[-1] is not None:
        keys[-1] = not keys[-1]
    return keys
