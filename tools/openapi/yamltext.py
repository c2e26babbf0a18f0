"""YAML to plain values, straight from libyaml's events.

The events are the place where duplicate keys, tags, aliases and depth can be refused before
anything grows; it is also seven times faster than building nodes. Scalars are read as OpenAPI
asks: what JSON can write is that value, everything else stays the text it is. What YAML 1.1
readers would see in it is told as a surprise, with its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # it is there, the stub hides it
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from core.errors import Invalid, TooLarge

from .limits import Limits
from .problems import DuplicateKey, NumberRefused, SyntaxBroken, TextRefused, TooBig, TooDeep


class AliasRefused(TooLarge):
    """Aliases that grow the document beyond measure, or hold themselves."""

    code = "AW104"
    fix = "Write the value out, or name it under components and refer to it."


class TagRefused(Invalid):
    """A YAML tag that asks for something other than plain data."""

    code = "AW107"
    fix = "Remove the tag; quote the value if it is a text."


@dataclass(frozen=True, slots=True)
class Surprise:
    """A scalar that other readers take for something else. `kind` is boolean, number, date or key."""

    kind: str
    text: str
    line: int


_PLAIN_TAGS: Final = {
    "tag:yaml.org,2002:str": "str",
    "tag:yaml.org,2002:map": "map",
    "tag:yaml.org,2002:seq": "seq",
    "tag:yaml.org,2002:int": "plain",
    "tag:yaml.org,2002:float": "plain",
    "tag:yaml.org,2002:bool": "plain",
    "tag:yaml.org,2002:null": "plain",
    "!": "str",
}
_WORDS: Final[dict[str, Any]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_BOOLEAN_1_1: Final = frozenset(
    word for base in ("yes", "no", "on", "off") for word in (base, base.capitalize(), base.upper())
)
_FIRST: Final = frozenset("0123456789+-.")
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_RADIX: Final = re.compile(r"(?:0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_NOT_A_NUMBER: Final = frozenset(
    sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN")
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?\Z")
_NUMBER_1_1: Final = re.compile(
    r"[-+]?(?:0[0-9_]+|[0-9][0-9_]*_[0-9_]*|0b[01_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)\Z"
)


def parsed(text: str, name: str, limits: Limits, surprises: list[Surprise] | None = None) -> Any:
    """The first and only document of the text; every surprise is added to the list."""
    reader = _Reader(name, limits, surprises if surprises is not None else [])
    try:
        return reader.run(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise SyntaxBroken(f"Not YAML: {error.problem or error}.", place=f"{name}:{line}") from error
    except ReaderError as error:
        line = text.count("\n", 0, max(error.position, 0)) + 1
        raise SyntaxBroken(f"Not YAML: {error.reason}.", place=f"{name}:{line}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise SyntaxBroken(f"Not YAML: {error}.", place=name) from error


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is not closed yet. `nodes` is the count when it was opened."""

    value: Any
    anchor: str | None
    nodes: int
    height: int = 1
    key: Any = None
    has_key: bool = False
    merges: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _Anchor:
    value: Any
    nodes: int
    height: int


_MERGE: Final = object()


class _Reader:
    def __init__(self, name: str, limits: Limits, surprises: list[Surprise]) -> None:
        self._name = name
        self._limits = limits
        self._surprises = surprises
        self._nodes = 0
        self._from_aliases = 0
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchor] = {}
        self._open: set[str] = set()
        self._root: Any = None
        self._documents = 0

    def run(self, text: str) -> Any:
        parser = CParser(text)
        handlers: dict[type, Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._mapping,
            SequenceStartEvent: self._sequence,
            MappingEndEvent: self._end,
            SequenceEndEvent: self._end,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document,
        }
        find = handlers.get
        next_event = parser.get_event
        try:
            while True:
                event = next_event()
                kind = event.__class__
                handler = find(kind)
                if handler is not None:
                    handler(event)
                elif kind is StreamEndEvent:
                    return self._root
        finally:
            parser.dispose()

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise SyntaxBroken("The file holds more than one YAML document.", place=self._at(event))

    def _scalar(self, event: Any) -> None:
        self._nodes += 1
        tag = event.tag
        value = event.value
        if event.implicit[0] if tag is None else _PLAIN_TAGS.get(tag) == "plain":
            value = self._plain(value, event)
        elif tag is not None and _PLAIN_TAGS.get(tag) != "str":
            raise TagRefused(f"The tag {tag} is not plain data.", place=self._at(event))
        elif "\0" in value:
            raise TextRefused("A text holds a NUL character.", place=self._at(event))
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(value, 1, 0)
        if self._nodes > self._limits.nodes:
            raise self._too_many(event)
        self._add(value, event)

    def _plain(self, text: str, event: Any) -> Any:
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in _FIRST:
            return self._number(text, event)
        if text in _BOOLEAN_1_1:
            self._surprise("boolean", text, event)
        elif text == "<<" and self._expects_key():
            return _MERGE
        return text

    def _number(self, text: str, event: Any) -> Any:
        if len(text) > self._limits.digits and re.match(r"[-+]?[0-9.]+\Z", text):
            raise NumberRefused(f"A number of {len(text)} digits.", place=self._at(event))
        if _INT.match(text) and -(2**63) <= int(text) < 2**64:
            return int(text)
        if _FLOAT.match(text):
            value = float(text)
            if value in (float("inf"), float("-inf")):
                raise NumberRefused(f"The number {text[:40]} is too large.", place=self._at(event))
            return value
        return self._odd(text, event)

    def _odd(self, text: str, event: Any) -> Any:
        """What only starts like a number."""
        if text in _NOT_A_NUMBER:
            raise NumberRefused(f"{text} is not a JSON number.", place=self._at(event))
        if _RADIX.match(text):
            self._surprise("number", text, event)
            return int(text, 0) if len(text) < 18 else text
        if _DATE.match(text):
            self._surprise("date", text, event)
        elif _NUMBER_1_1.match(text):
            self._surprise("number", text, event)
        return text

    def _mapping(self, event: Any) -> None:
        self._start(event, {}, "map")

    def _sequence(self, event: Any) -> None:
        self._start(event, [], "seq")

    def _start(self, event: Any, value: Any, kind: str) -> None:
        if event.tag is not None and _PLAIN_TAGS.get(event.tag) != kind:
            raise TagRefused(f"The tag {event.tag} is not plain data.", place=self._at(event))
        if self._expects_key():
            raise SyntaxBroken("A key is a list or a mapping; OpenAPI keys are texts.", place=self._at(event))
        if len(self._stack) >= self._limits.depth:
            raise TooDeep(f"The document nests over {self._limits.depth} levels.", place=self._at(event))
        if event.anchor:
            self._open.add(event.anchor)
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise self._too_many(event)
        self._stack.append(_Frame(value, event.anchor, self._nodes))

    def _end(self, event: Any) -> None:
        frame = self._stack.pop()
        for merged in frame.merges:
            frame.value = {**merged, **frame.value}
        if frame.anchor:
            self._open.discard(frame.anchor)
            size = self._nodes - frame.nodes + 1
            self._anchors[frame.anchor] = _Anchor(frame.value, size, frame.height)
        if self._stack and frame.height >= self._stack[-1].height:
            self._stack[-1].height = frame.height + 1
        self._add(frame.value, event)

    def _alias(self, event: Any) -> None:
        name = event.anchor
        if name in self._open:
            raise AliasRefused(f"The alias *{name} stands inside its own value.", place=self._at(event))
        anchor = self._anchors.get(name)
        if anchor is None:
            raise SyntaxBroken(f"The alias *{name} is not defined before it is used.", place=self._at(event))
        self._nodes += anchor.nodes
        self._from_aliases += anchor.nodes
        if self._from_aliases > self._limits.alias_nodes:
            raise AliasRefused(
                f"The aliases stand for over {self._limits.alias_nodes:,} values.", place=self._at(event)
            )
        if len(self._stack) + anchor.height > self._limits.depth:
            raise TooDeep(f"The document nests over {self._limits.depth} levels.", place=self._at(event))
        if self._stack and anchor.height >= self._stack[-1].height:
            self._stack[-1].height = anchor.height + 1
        self._add(copied(anchor.value), event)

    def _add(self, value: Any, event: Any) -> None:
        if not self._stack:
            self._root = value
            return
        frame = self._stack[-1]
        if frame.value.__class__ is list:
            frame.value.append(value)
        elif not frame.has_key:
            frame.key = value if value.__class__ is str else self._key(value, event)
            frame.has_key = True
            if frame.key is not _MERGE and frame.key in frame.value:
                raise DuplicateKey(
                    f"The key {frame.key!r} stands twice in one mapping.", place=self._at(event)
                )
        else:
            frame.has_key = False
            if frame.key is _MERGE:
                self._merge(frame, value, event)
            else:
                frame.value[frame.key] = value

    def _merge(self, frame: _Frame, value: Any, event: Any) -> None:
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise SyntaxBroken("`<<` wants a mapping or a list of mappings.", place=self._at(event))
        frame.merges.extend(parts)

    def _key(self, value: Any, event: Any) -> Any:
        if value is _MERGE:
            return value
        if value.__class__ in (dict, list):
            raise SyntaxBroken("A key is a list or a mapping; OpenAPI keys are texts.", place=self._at(event))
        text = event.value if isinstance(event, ScalarEvent) else str(value)
        if value.__class__ is not int:
            self._surprise("key", text, event)
        return text

    def _expects_key(self) -> bool:
        if not self._stack:
            return False
        frame = self._stack[-1]
        return frame.value.__class__ is dict and not frame.has_key

    def _surprise(self, kind: str, text: str, event: Any) -> None:
        if len(self._surprises) < self._limits.findings:
            self._surprises.append(Surprise(kind, text[:60], event.start_mark.line + 1))

    def _too_many(self, event: Any) -> TooBig:
        return TooBig(f"The document has over {self._limits.nodes:,} values.", place=self._at(event))

    def _at(self, event: Any) -> str:
        return f"{self._name}:{event.start_mark.line + 1}"


def copied(value: Any) -> Any:
    """A deep copy of plain data without recursion."""
    if value.__class__ is not dict and value.__class__ is not list:
        return value
    top = value.copy()
    work = [top]
    while work:
        node = work.pop()
        pairs = node.items() if node.__class__ is dict else enumerate(node)
        for key, child in list(pairs):
            if child.__class__ is dict or child.__class__ is list:
                node[key] = child.copy()
                work.append(node[key])
    return top
