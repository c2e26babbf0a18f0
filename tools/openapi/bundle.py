"""Many files to one document with `#/` references only.

What has a place under components is moved there once and referred to, so that circles end;
path items and whole mappings are put in where they are named.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import Invalid
from core.findings import Finding, Severity

from . import grammar, refs
from .files import Opened
from .grammar import Trail
from .problems import TooBig
from .sources import FileMissing
from .yamltext import copied

_SECTIONS_3: Final = {
    "schema": "schemas", "response": "responses", "parameter": "parameters", "example": "examples",
    "requestBody": "requestBodies", "header": "headers", "securityScheme": "securitySchemes",
    "link": "links", "callback": "callbacks",
}  # fmt: skip
_SECTIONS_2: Final = {"schema": "definitions", "response": "responses", "parameter": "parameters"}
_VAGUE: Final = frozenset({"schema", "items", "properties", "allOf", "anyOf", "oneOf", "not", "index"})
_FILE_LIKE: Final = re.compile(r"(?:\.{0,2}/)?[^:#?]+\.(?:json|ya?ml)(?:#.*)?\Z")
# They change what every reference below them means: libraries would go and look there.
_IDENTITIES: Final = ("$id", "id", "$dynamicRef")
_HOPS: Final = 50


class RefLoop(Invalid):
    """References that lead to one another and never to a value."""

    code = "AW115"
    fix = "Break the circle: one of the references must give way to a value."


class _Dangling(Exception):
    """A reference names a place that is not there; it becomes a finding."""


@dataclass(frozen=True, slots=True)
class _Task:
    """A part whose references are still relative to `file`, where it stands at `fragment`.

    `chain` is what was put in on the way here.
    """

    file: str
    kind: str
    node: Any
    trail: Trail
    fragment: str = ""
    chain: tuple[Any, ...] = ()

    def place(self, trail: Trail) -> str:
        """The pointer in the part's own file."""
        return self.fragment.rstrip("/") + grammar.pointer(trail)[len(grammar.pointer(self.trail)) :]


@dataclass(slots=True)
class _Target:
    file: str
    fragment: str
    value: Any


@dataclass(slots=True)
class Bundle:
    """`origins` tells, by pointer in the bundled document, which file and pointer a part came from."""

    opened: Opened
    entry: str
    document: dict[str, Any]
    origins: dict[str, tuple[str, str]] = field(default_factory=dict)
    _homes: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _tasks: list[_Task] = field(default_factory=list)
    _merges: list[tuple[dict[str, Any], Any]] = field(default_factory=list)
    _deep: list[dict[str, Any]] = field(default_factory=list)
    _copied: int = 0
    _schema_count: int = 0

    @property
    def _three(self) -> bool:
        return "swagger" not in self.document

    @property
    def _schemas(self) -> str:
        return "#/components/schemas/" if self._three else "#/definitions/"

    def run(self) -> None:
        self._claim_components()
        self._tasks.append(_Task(self.entry, "root", self.document, ()))
        while self._tasks:
            task = self._tasks.pop()
            # The list keeps the walk from seeing what its own changes bring in.
            for kind, node, trail in list(
                grammar.walk(task.node, task.kind, grammar.of(self.document), task.trail)
            ):
                ref = node.get("$ref")
                if ref.__class__ is str:
                    self._follow(task, kind, node, ref, trail)
                if kind == "schema":
                    self._schema(task, node, trail)
        for node, value in reversed(self._merges):
            node.pop("$ref", None)
            merged = {**value, **node}
            node.clear()
            node.update(merged)
        self._lift()

    def _schema(self, task: _Task, node: dict[str, Any], trail: Trail) -> None:
        self._schema_count += 1
        if self._schema_count > self.opened.limits.schemas:
            raise TooBig(f"The document has over {self.opened.limits.schemas:,} schemas.", place=self.entry)
        for key in _IDENTITIES:
            if key in node and isinstance(node[key], str):
                self._report(
                    "AW153", f"`{key}` is not followed; it was dropped.", task.file, task.place(trail)
                )
                del node[key]
        if "discriminator" in node:
            self._mapping(task, node, trail)

    def _claim_components(self) -> None:
        """A component that is only a reference into a file becomes that file's home: names stay."""
        sections = _SECTIONS_3 if self._three else _SECTIONS_2
        owner = self.document.get("components") if self._three else self.document
        if not isinstance(owner, dict):
            return
        for kind, section in sections.items():
            held = owner.get(section)
            base = f"#/components/{section}" if self._three else f"#/{section}"
            for name, node in held.items() if isinstance(held, dict) else ():
                ref = node.get("$ref") if isinstance(node, dict) and len(node) == 1 else None
                if ref.__class__ is str and not ref.startswith("#"):
                    self._claim(kind, node, ref, base, name)

    def _claim(self, kind: str, node: dict[str, Any], ref: str, base: str, name: str) -> None:
        try:
            found = self._find(self.entry, ref, f"{base[1:]}/{_escaped(name)}")
        except _Dangling:
            return  # the walk of the entry tells it
        key = (kind, found.file, found.fragment)
        if key in self._homes or found.file == self.entry or not isinstance(found.value, dict):
            return
        self._homes[key] = f"{base}/{_escaped(name)}"
        node.clear()  # the walk of the entry must not see what belongs to another file
        value = self._copy(found.value)
        self._merges.append((node, value))
        section = base.rpartition("/")[2]
        trail: Trail = ((), section) if base.count("/") == 1 else (((), "components"), section)
        self._settle(kind, value, found, (trail, name))

    def _settle(self, kind: str, node: dict[str, Any], found: _Target, trail: Trail, chain: Any = ()) -> None:
        self.origins[grammar.pointer(trail)] = (found.file, found.fragment)
        self._tasks.append(_Task(found.file, kind, node, trail, found.fragment, chain))

    def _follow(self, task: _Task, kind: str, node: dict[str, Any], ref: str, trail: Trail) -> None:
        if ref.startswith("#") and task.file == self.entry:
            if kind == "schema" and not ref.startswith(self._schemas):
                self._deep.append(node)
            if kind != "pathItem" or not refs.found(self.document, ref[1:])[0]:
                return
        place = task.place(trail)
        try:
            found = self._find(task.file, ref, place)
            self._joined(task, kind, node, found, trail)
        except _Dangling as error:
            self._dangling(task, node, ref, place, str(error))

    def _joined(self, task: _Task, kind: str, node: dict[str, Any], found: _Target, trail: Trail) -> None:
        sections = _SECTIONS_3 if self._three else _SECTIONS_2
        if found.file == self.entry and kind != "pathItem":
            node["$ref"] = "#" + found.fragment
            if kind == "schema" and not node["$ref"].startswith(self._schemas):
                self._deep.append(node)
        elif kind in sections:
            node["$ref"] = self._home(kind, sections[kind], found)
        else:
            self._put_in(task, kind, node, found, trail)

    def _dangling(self, task: _Task, node: dict[str, Any], ref: str, place: str, message: str) -> None:
        """A part of a file often names the components of the document it is made for."""
        if ref.startswith("#") and refs.found(self.document, ref[1:])[0]:
            about = f"{ref!r} is not in {task.file}; it was read as a place in {self.entry}."
            self._report("AW145", about, task.file, place)
        else:
            node["$ref"] = f"#/x-missing/{_escaped(task.file)}/{_escaped(ref)}"
            self._report("AW134", message, task.file, place)

    def _home(self, kind: str, section: str, found: _Target) -> str:
        key = (kind, found.file, found.fragment)
        if key not in self._homes:
            if not isinstance(found.value, (dict, bool)):
                raise _Dangling(f"The reference leads to {found.file}#{found.fragment}, no mapping.")
            owner = self._section(section)
            name = _free(_name(found.file, found.fragment), owner)
            base: Trail = ((), section) if not self._three else (((), "components"), section)
            owner[name] = self._copy(found.value)
            self._homes[key] = "#" + grammar.pointer((base, name))
            if isinstance(owner[name], dict):
                self._settle(kind, owner[name], found, (base, name))
        return self._homes[key]

    def _section(self, section: str) -> dict[str, Any]:
        owner = self.document
        if self._three:
            if not isinstance(owner.get("components"), dict):
                owner["components"] = {}
            owner = owner["components"]
        if not isinstance(owner.get(section), dict):
            if section in owner:
                message = f"`{section}` is empty or no mapping."
                self._report("AW130", message, self.entry, f"/components/{section}")
            owner[section] = {}
        held: dict[str, Any] = owner[section]
        return held

    def _put_in(self, task: _Task, kind: str, node: dict[str, Any], found: _Target, trail: Trail) -> None:
        place = f"{task.file}#{task.place(trail)}"
        if not isinstance(found.value, dict):
            raise _Dangling(f"The reference leads to {found.file}#{found.fragment}, no mapping.")
        step = (found.file, found.fragment)
        chain, depth = task.chain, 0
        while chain:
            chain, seen = chain
            depth += 1
            if seen == step or depth > _HOPS:
                raise RefLoop("The reference leads back into what it is put into.", place=place)
        value = self._copy(found.value)
        self._merges.append((node, value))
        below = (task.chain, step)
        if kind[:4] != "map:":
            self._settle(kind, value, found, trail, below)
            return
        message = "A `$ref` cannot stand for this whole mapping; it was put in."
        self._report("AW130", message, task.file, task.place(trail))
        home = grammar.pointer(trail)
        self.origins[home] = step
        for name, each in value.items():
            if isinstance(each, dict):
                inside = _Target(found.file, f"{found.fragment.rstrip('/')}/{_escaped(name)}", each)
                if (trail and trail[0] == ((), "components")) or trail == ((), "definitions"):
                    self._homes[(kind[4:], inside.file, inside.fragment)] = f"#{home}/{_escaped(name)}"
                self._settle(kind[4:], each, inside, (trail, name), below)

    def _mapping(self, task: _Task, node: dict[str, Any], trail: Trail) -> None:
        """Discriminator values that name files. Names and addresses stay: nothing follows them."""
        held = node["discriminator"]
        mapping = held.get("mapping") if isinstance(held, dict) else None
        if not isinstance(mapping, dict) or not self._three:
            return
        place = task.place(trail) + "/discriminator/mapping"
        for key, value in list(mapping.items()):
            local = isinstance(value, str) and value.startswith("#") and task.file != self.entry
            if not isinstance(value, str) or not (local or _FILE_LIKE.match(value)):
                continue
            try:
                found = self._find(task.file, value, place)
                here = found.file == self.entry
                mapping[key] = "#" + found.fragment if here else self._home("schema", "schemas", found)
            except (_Dangling, FileMissing):
                continue  # a name that looks like a file, or a component of the entry

    def _find(self, file: str, ref: str, place: str) -> _Target:
        """What the reference leads to in the end, over references that are nothing but references."""
        at = f"{file}#{place}"
        where, fragment = refs.target(ref, file, place)
        seen: set[tuple[str, str]] = set()
        while True:
            if (where, fragment) in seen or len(seen) > _HOPS:
                raise RefLoop(f"The reference {ref[:200]!r} leads in a circle.", place=at)
            seen.add((where, fragment))
            try:
                value, rest, stop = self._step(where, fragment, ref)
            except FileMissing as error:
                raise FileMissing(f"There is no file {where!r} for {ref[:200]!r}.", place=at) from error
            if stop is None:
                return _Target(where, fragment, value)
            if where == self.entry and not rest:
                # The entry's own component: it keeps its name, whatever it refers to.
                return _Target(where, fragment, value)
            where, inner = refs.target(stop, where, place)
            fragment = inner.rstrip("/") + "".join("/" + _escaped(key) for key in rest)

    def _step(self, where: str, fragment: str, ref: str) -> tuple[Any, list[str], str | None]:
        """The value, or the next reference on the way with the keys that are left to walk."""
        value = self.document if where == self.entry else self.opened.value(where)
        keys = refs.segments(fragment) if fragment not in ("", "/") else []
        for index, key in enumerate(keys):
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            elif isinstance(value, dict) and isinstance(value.get("$ref"), str):
                return None, keys[index:], value["$ref"]
            else:
                raise _Dangling(f"The reference {ref[:200]!r}: {where} has no {fragment!r}.")
        if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("$ref"), str):
            return value, [], value["$ref"]
        return value, [], None

    def _copy(self, value: Any) -> Any:
        made = copied(value)
        work = [made]
        while work:
            node = work.pop()
            self._copied += 1
            if isinstance(node, (dict, list)):
                work.extend(node.values() if isinstance(node, dict) else node)
        if self._copied > self.opened.limits.copied_nodes:
            raise TooBig(f"The references stand for over {self.opened.limits.copied_nodes:,} values.")
        return made

    def _lift(self) -> None:
        """Give a schema that is named from afar, inside a path or another schema, a name of its own."""
        section = "schemas" if self._three else "definitions"
        for node in self._deep:
            ref = node["$ref"]
            known, target = refs.found(self.document, ref[1:]) if ref.startswith("#/") else (False, None)
            if not known or not isinstance(target, dict) or target is node:
                continue
            if not isinstance(target.get("$ref"), str) or len(target) > 1:
                owner = self._section(section)
                name = _free(_name("Schema", ref[1:]), owner)
                base: Trail = ((), section) if not self._three else (((), "components"), section)
                owner[name] = dict(target)
                target.clear()
                target["$ref"] = "#" + grammar.pointer((base, name))
                self.origins[target["$ref"][1:]] = (self.entry, ref[1:])
            node["$ref"] = target["$ref"]

    def _report(self, rule: str, message: str, file: str, place: str) -> None:
        severity: Severity = "error" if rule in ("AW130", "AW134") else "warning"
        self.opened.findings.append(Finding(rule, severity, message, file=file, place=place))


def bundled(opened: Opened, entry: str) -> Bundle:
    """The entry's document, changed in place, with what its references name."""
    bundle = Bundle(opened, entry, opened.value(entry))
    bundle.run()
    return bundle


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _name(file: str, fragment: str) -> str:
    """The last key of the pointer, or the file's stem; both where the key says nothing."""
    stem = posixpath.basename(file).split(".", 1)[0] or "File"
    keys = refs.segments(fragment) if fragment not in ("", "/") else []
    last = keys[-1] if keys else stem
    if keys and (last in _VAGUE or last.isdecimal()):
        last = "_".join([stem, *(key for key in keys if key not in _VAGUE), last])
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last).strip("._") or "Part"


def _free(name: str, taken: dict[str, Any]) -> str:
    count = 2
    free = name
    while free in taken:
        free = f"{name}_{count}"
        count += 1
    return free
