"""YAML as Kubernetes' own strict reader (sigs.k8s.io/yaml) sees it, and complaints where readers disagree.

One document at a time, built from libyaml's events: no object of any class but dict, list, str, int,
float, bool and None comes out. Depth, node and alias limits hold while reading, not afterwards.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Any

import yaml
from yaml._yaml import CParser

from tools.validation import scalars


@dataclass(frozen=True, slots=True)
class Limits:
    """etcd takes no object over 1.5 MB. `nodes` is per document: policies may need its square in time."""

    documents: int = 500
    total_bytes: int = 8_000_000
    file_bytes: int = 1_500_000
    depth: int = 100
    nodes: int = 30_000


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a reader has to know about one place of a document. `line` counts from 1 in the text."""

    rule: str
    message: str
    line: int
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Loaded:
    value: Any
    remarks: tuple[Remark, ...] = ()
    broken: bool = False


class _Refused(Exception):
    def __init__(self, rule: str, message: str, line: int) -> None:
        super().__init__(message)
        self.remark = Remark(rule, message, line)


def load(text: str, *, limits: Limits, offset: int = 0) -> Loaded:
    """Read one document. `offset` is the number of lines before `text` in its file."""
    reader = _Reader(text, offset, limits)
    try:
        value = reader.read()
    except _Refused as error:
        return Loaded(None, (*reader.remarks, error.remark), broken=True)
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        return Loaded(None, (*reader.remarks, _syntax(error, offset)), broken=True)
    return Loaded(value, tuple(reader.remarks))


def _syntax(error: Exception, offset: int) -> Remark:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    message = f"{problem} ({context})" if context else str(problem)
    return Remark("AW420", f"This is not YAML: {message}.", (mark.line + 1 if mark else 1) + offset)


_NONE: Any = object()
_PLAIN_TAGS = {"tag:yaml.org,2002:map": dict, "tag:yaml.org,2002:seq": list}


class _Frame:
    """A list or mapping that is still open."""

    __slots__ = ("anchor", "explicit", "key", "merged", "nodes", "value")

    def __init__(self, value: Any, anchor: str | None, nodes: int) -> None:
        self.value = value
        self.anchor = anchor
        self.nodes = nodes
        self.key: Any = _NONE
        self.merged = False
        self.explicit = True


class _Reader:
    def __init__(self, text: str, offset: int, limits: Limits) -> None:
        self.text = text
        self.offset = offset
        self.limits = limits
        self.remarks: list[Remark] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0
        self.root: Any = None
        self.documents = 0

    def read(self) -> Any:
        parser = CParser(self.text)
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open_mapping,
            yaml.SequenceStartEvent: self._open_sequence,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            while (event := parser.get_event()) is not None:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        finally:
            parser.dispose()
        return self.root

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            message = "A second document starts after `...`; Kubernetes' readers would never see it."
            raise _Refused("AW426", message, self._line(event))

    def _line(self, event: Any) -> int:
        return int(event.start_mark.line) + 1 + self.offset

    def _count(self, event: Any, nodes: int = 1) -> None:
        self.nodes += nodes
        if self.nodes > self.limits.nodes:
            message = f"More than {self.limits.nodes} values, aliases written out."
            raise _Refused("AW423", message, self._line(event))

    def _open(self, event: Any, value: Any) -> None:
        tag = event.tag
        if tag is not None and tag != "!" and _PLAIN_TAGS.get(tag) is not type(value):
            raise _Refused("AW424", f"The tag `{tag}` is not plain data.", self._line(event))
        if len(self.stack) >= self.limits.depth:
            raise _Refused("AW423", f"Nested deeper than {self.limits.depth} levels.", self._line(event))
        self._count(event)
        self.stack.append(_Frame(value, event.anchor, self.nodes))

    def _open_mapping(self, event: Any) -> None:
        self._open(event, {})

    def _open_sequence(self, event: Any) -> None:
        self._open(event, [])

    def _close(self, event: Any) -> None:
        frame = self.stack.pop()
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.value, self.nodes - frame.nodes + 1)
        self._put(frame.value, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            message = f"`*{event.anchor}` names no finished anchor of this document."
            raise _Refused("AW420", message, self._line(event))
        value, nodes = self.anchors[event.anchor]
        self._count(event, nodes)
        self._put(value, event)

    def _scalar(self, event: Any) -> None:
        self._count(event)
        plain = event.implicit[0] and event.tag is None
        value: Any
        if plain:
            value, surprise = scalars.resolve(event.value)
            if surprise is not None:
                self._surprise(surprise, event)
        else:
            value = event.value if event.tag in _TEXT_TAGS else self._tagged(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        self._put(value, event, merge=plain and event.value == "<<")

    def _surprise(self, surprise: scalars.Surprise, event: Any) -> None:
        if surprise.severity == "error":
            raise _Refused("AW425", surprise.message, self._line(event))
        self.remarks.append(Remark("AW422", surprise.message, self._line(event), surprise.severity))

    def _tagged(self, event: Any) -> Any:
        kind = event.tag.removeprefix("tag:yaml.org,2002:")
        if kind == "binary":
            try:
                return b64decode("".join(event.value.split()), validate=True).decode()
            except (Base64Error, UnicodeDecodeError) as error:
                raise _Refused("AW424", "`!!binary` holds no base64 text.", self._line(event)) from error
        value, surprise = scalars.resolve(event.value)
        expected = _SCALAR_TAGS.get(kind)
        if expected is None or not isinstance(value, expected) or surprise is not None:
            raise _Refused("AW424", f"`{event.tag}` does not fit `{event.value}`.", self._line(event))
        return value

    def _put(self, value: Any, event: Any, *, merge: bool = False) -> None:
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        if type(frame.value) is list:
            frame.value.append(value)
        elif frame.key is _NONE:
            frame.key = self._key(frame, value, event, merge=merge)
        elif frame.merged:
            self._merge(frame, value, event)
        else:
            frame.value[frame.key] = value
            frame.key = _NONE

    def _key(self, frame: _Frame, value: Any, event: Any, *, merge: bool) -> Any:
        frame.merged = merge
        if merge:
            return "<<"
        if type(value) is not str:
            value = self._key_text(value, event)
        if value in frame.value:
            raise _Refused("AW421", f"The key `{value}` is set twice in one mapping.", self._line(event))
        return value

    def _key_text(self, value: Any, event: Any) -> str:
        if value is None or isinstance(value, (dict, list)):
            raise _Refused("AW427", "A key must be a string.", self._line(event))
        text = str(value).lower() if isinstance(value, bool) else f"{value}"
        message = f"A key that is not a string becomes `{text}`; quote it."
        self.remarks.append(Remark("AW422", message, self._line(event), "warning"))
        return text

    def _merge(self, frame: _Frame, value: Any, event: Any) -> None:
        frame.key, frame.merged = _NONE, False
        sources = value if isinstance(value, list) else [value]
        for source in sources:
            if not isinstance(source, dict):
                raise _Refused("AW420", "`<<` takes a mapping or a list of mappings.", self._line(event))
            for key, item in source.items():
                if key in frame.value:
                    message = f"`<<` brings `{key}` a second time; Kubernetes' strict reader refuses it."
                    raise _Refused("AW421", message, self._line(event))
                frame.value[key] = item


_TEXT_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"})
_SCALAR_TAGS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}
