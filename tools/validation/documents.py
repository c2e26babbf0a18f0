"""Files → documents. A file is split before it is read: one broken document does not hide the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.findings import Finding
from tools.validation import reading
from tools.validation.reading import Limits, Remark

_MARKER = re.compile(r"^---(?=[ \t\r\n]|\Z)[^\n]*(?:\n|\Z)", re.MULTILINE)
_BLANK = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n?)*")
_LIST_DEPTH = 3


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """`prefix` is the JSON pointer of an item of a `List`; `line` is the text's first line in the file."""

    id: str
    file: str
    text: str
    line: int
    value: Any
    prefix: str = ""
    role: str = "kubernetes"
    broken: bool = False
    findings: tuple[Finding, ...] = ()
    lines: dict[str, int] = field(default_factory=dict, compare=False)

    def text_at(self, key: str) -> str:
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    @property
    def api_version(self) -> str:
        return self.text_at("apiVersion")

    @property
    def kind(self) -> str:
        return self.text_at("kind")

    @property
    def metadata(self) -> dict[str, Any]:
        value = self.value.get("metadata") if isinstance(self.value, dict) else None
        return value if isinstance(value, dict) else {}

    @property
    def name(self) -> str:
        name = self.metadata.get("name") or self.metadata.get("generateName")
        return name if isinstance(name, str) else ""

    @property
    def namespace(self) -> str:
        namespace = self.metadata.get("namespace")
        return namespace if isinstance(namespace, str) else ""

    def finding(
        self, rule: str, message: str, *, place: str = "", severity: Any = "error", fix: str = ""
    ) -> Finding:
        """A finding about this document, with the line of the place it names."""
        place = self.prefix + place
        return Finding(rule, severity, message, self.file, place, self.line_of(place), fix)

    def line_of(self, pointer: str) -> int:
        """The line of a JSON pointer, or of the nearest parent that is there. Read on first use."""
        if not self.lines and not self.broken:
            self.lines.update(_lines(self.text, self.line))
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, self.line)


def split(text: str) -> Iterator[tuple[str, int, str]]:
    """The documents of a file: text, lines before it, and what stands after the `---` that opens it."""
    start, lines, after = 0, 0, ""
    for marker in _MARKER.finditer(text):
        yield text[start : marker.start()], lines, after
        lines += text.count("\n", start, marker.end())
        start, after = marker.end(), marker.group()[3:].strip()
    yield text[start:], lines, after


def read(file: str, text: str, *, limits: Limits, role: str = "kubernetes") -> list[Document]:
    """The documents of one file, `List`s written out. Documents with nothing but comments do not count."""
    found: list[Document] = []
    for chunk, offset, after in split(text):
        if _BLANK.fullmatch(chunk) and (not after or after.startswith("#")):
            continue
        found.extend(
            _expand(_document(file, chunk, offset, after, limits=limits, number=len(found) + 1, role=role))
        )
        if len(found) > limits.documents:
            break
    return found


def _document(
    file: str, chunk: str, offset: int, after: str, *, limits: Limits, number: int, role: str
) -> Document:
    loaded = reading.load(chunk, limits=limits, offset=offset)
    remarks, broken = loaded.remarks, loaded.broken
    if after and not after.startswith("#"):
        message = "Content on the line of `---` is lost by some readers; put it on the next line."
        remarks, broken = (*remarks, Remark("AW426", message, offset)), True
    if not broken and not isinstance(loaded.value, dict):
        remarks, broken = (*remarks, Remark("AW428", "The document is not a mapping.", offset + 1)), True
    first = offset + 1 + len(chunk) - len(chunk.lstrip("\n"))
    return Document(
        id=f"{file}#{number}",
        file=file,
        text=chunk,
        line=first,
        value=None if broken else loaded.value,
        role=role,
        broken=broken,
        findings=tuple(Finding(r.rule, _SEVERITY[r.severity], r.message, file, "", r.line) for r in remarks),
    )


_SEVERITY: dict[str, Any] = {"error": "error", "warning": "warning", "note": "note"}


def _expand(document: Document, depth: int = 0) -> Iterator[Document]:
    value = document.value
    if not isinstance(value, dict) or document.kind.lower() != "list" or "items" not in value:
        yield document
        return
    items = value["items"]
    if not isinstance(items, list) or depth >= _LIST_DEPTH:
        problem = "A `List` needs `items`, nested at most three deep."
        yield _item(document, document.prefix, value, broken=problem)
        return
    if not items:
        yield _item(document, document.prefix, value, broken="The `List` is empty.")
    for index, item in enumerate(items):
        place = f"{document.prefix}/items/{index}"
        problem = "" if isinstance(item, dict) else "An item of the `List` is not a mapping."
        yield from _expand(_item(document, place, item, broken=problem), depth + 1)


def _item(parent: Document, prefix: str, value: Any, *, broken: str = "") -> Document:
    inherited = parent.findings if prefix.endswith("/items/0") or not prefix else ()
    own = (Finding("AW428", "error", broken, parent.file, prefix, parent.line_of(prefix)),) if broken else ()
    return Document(
        id=parent.id.split("/items", 1)[0] + prefix if prefix else parent.id,
        file=parent.file,
        text=parent.text,
        line=parent.line_of(prefix),
        value=None if broken else value,
        prefix=prefix,
        role=parent.role,
        broken=bool(broken),
        findings=(*inherited, *own),
        lines=parent.lines,
    )


def _lines(text: str, first: int) -> dict[str, int]:
    import yaml  # noqa: PLC0415  # only a finding needs lines

    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    lines: dict[str, int] = {"": first}
    offset = first - 1 - (len(text) - len(text.lstrip("\n")))
    todo: list[tuple[Any, str]] = [(root, "")]
    while todo:
        node, place = todo.pop()
        if place not in lines:
            lines[place] = node.start_mark.line + 1 + offset
        if len(lines) < _MOST_LINES:
            todo.extend(_children(node, place, lines, offset))
    return lines


_MOST_LINES = 100_000


def _children(node: Any, place: str, lines: dict[str, int], offset: int) -> Iterator[tuple[Any, str]]:
    if node.id == "mapping":
        for key, value in node.value:
            child = f"{place}/{str(key.value).replace('~', '~0').replace('/', '~1')}"
            lines.setdefault(child, key.start_mark.line + 1 + offset)
            yield value, child
    elif node.id == "sequence":
        for index, value in enumerate(node.value):
            yield value, f"{place}/{index}"
