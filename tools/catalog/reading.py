"""JSON and YAML of strangers as plain values: whole and unambiguous, or refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from core.errors import Invalid, TooLarge

MAX_BYTES: Final = 5_000_000
DEPTH: Final = 30
NODES: Final = 500_000


class FileTooLarge(TooLarge):
    """A file of the catalog is over a limit."""

    code = "AW367"
    fix = "Ask whoever keeps the catalog what happened to this file."


class FileUnreadable(Invalid):
    """A file of the catalog is not one plain, unambiguous document."""

    code = "AW368"
    fix = "Mend the file where it is kept; nothing of it is used until then."


def text(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise FileTooLarge(f"The file is over {MAX_BYTES // 1_000_000} MB.", place=name)
    try:
        found = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileUnreadable("The file is not UTF-8 text.", place=name) from error
    if found.startswith("\ufeff"):
        raise FileUnreadable("The file begins with a byte order mark; it would hide in a name.", place=name)
    if found.lstrip()[:1] == "<":
        raise FileUnreadable("This is a web page, perhaps a sign-in page, and no catalog.", place=name)
    return found


def from_json(data: bytes, name: str) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) != len(found):
            raise FileUnreadable(f"A key stands twice: {_twice(found)}.", place=name)
        return made

    def constant(word: str) -> NoReturn:
        raise FileUnreadable(f"{word} is not JSON.", place=name)

    try:
        value = json.loads(text(data, name), object_pairs_hook=pairs, parse_constant=constant)
        json.dumps(value, ensure_ascii=False).encode()  # half a character pair cannot be written
    except json.JSONDecodeError as error:
        raise FileUnreadable(f"Not JSON: {error.msg}.", place=f"{name}:{error.lineno}") from error
    except (RecursionError, ValueError) as error:  # an integer of 5,000 digits is a ValueError too
        raise FileUnreadable("It nests too deeply, or holds what no reader can keep.", place=name) from error
    return value


def from_yaml(data: bytes, name: str) -> Any:
    """YAML as far as JSON reaches: no aliases, no tags, one document; a date stays the text it is."""
    import yaml  # noqa: PLC0415  # a JSON catalog alone needs none of it

    written = text(data, name)
    try:
        events = yaml.parse(written, Loader=yaml.CSafeLoader)
        return _Builder(events, name).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise FileUnreadable(f"Not YAML: {error.problem or error}.", place=f"{name}:{line}") from error
    except yaml.YAMLError as error:
        raise FileUnreadable("Not YAML: it holds a character that YAML forbids.", place=name) from error


_WORDS: Final[dict[str, Any]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_REAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}\Z")


class _Builder:
    """Values from libyaml's events, where an alias can be refused before anything grows."""

    def __init__(self, events: Iterator[Any], name: str) -> None:
        self._events = events
        self._name = name
        self._nodes = 0

    def document(self) -> Any:
        next(self._events)  # the stream's start
        if type(next(self._events)).__name__ != "DocumentStartEvent":
            raise FileUnreadable("The file is empty.", place=self._name)
        value = self._value(next(self._events), 0)
        next(self._events)  # the document's end
        after = next(self._events)
        if type(after).__name__ != "StreamEndEvent":
            raise self._refusal("A second document follows", after)
        return value

    def _value(self, event: Any, depth: int) -> Any:
        self._nodes += 1
        kind = type(event).__name__
        if depth > DEPTH or self._nodes > NODES:
            raise self._refusal("The document is too deep or too long", event)
        if kind == "AliasEvent" or event.anchor:
            raise self._refusal("Anchors and aliases are refused", event)
        if event.tag not in {None, "!"}:
            raise self._refusal("Tags are refused", event)
        if kind == "ScalarEvent":
            return _scalar(event.value) if event.implicit[0] else event.value
        return self._mapping(depth) if kind == "MappingStartEvent" else self._sequence(depth)

    def _sequence(self, depth: int) -> list[Any]:
        items = []
        while type(event := next(self._events)).__name__ != "SequenceEndEvent":
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while type(event := next(self._events)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent" or event.tag:
                raise self._refusal("A key is not a plain word", event)
            if event.value in made or event.value == "<<":
                raise self._refusal(f"A key stands twice or merges: {event.value[:80]!r}", event)
            made[event.value] = self._value(next(self._events), depth + 1)
        return made

    def _refusal(self, what: str, event: Any) -> FileUnreadable:
        return FileUnreadable(f"{what}.", place=f"{self._name}:{event.start_mark.line + 1}")


def _scalar(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.match(word):
        return int(word)
    return float(word) if _REAL.match(word) else word


def _twice(found: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for key, _ in found:
        if key in seen:
            return repr(key[:80])
        seen.add(key)
    return ""
