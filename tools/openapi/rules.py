"""What the authority checks beyond the meta-schema, over one walk of plain values.

Same order and same reach as openapi-spec-validator, so that the verdicts agree: the schemas of
parameters, of responses and of components, but not those of request bodies.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Any, Final

from core.findings import Finding

from . import grammar, refs, structure, values
from .grammar import Trail

_HOPS: Final = 50
_NESTED: Final = ("allOf", "anyOf", "oneOf")


class Rules:
    """One run over one bundled document."""

    def __init__(self, document: dict[str, Any], most: int) -> None:
        self._document = document
        self._most = most
        self._version = structure.family(document)
        self._findings: list[Finding] = []
        self._roots: dict[int, tuple[dict[str, Any], Trail]] = {}
        self._operation_ids: set[str] = set()
        self._visited: set[int] = set()
        self._bad: set[int] = set()

    def run(self) -> list[Finding]:
        self._tags()
        paths = self._document.get("paths")
        for url, item in paths.items() if isinstance(paths, dict) else ():
            self._path(url, item, (((), "paths"), url))
        components = self._document.get("components")
        schemas = components.get("schemas") if isinstance(components, dict) else None
        for name, schema in schemas.items() if isinstance(schemas, dict) else ():
            self._root(schema, ((((), "components"), "schemas"), name))
        self._meta()
        for schema, trail in list(self._roots.values()):
            if id(schema) not in self._bad:
                self._schema(schema, trail)
        return self._findings

    def _report(self, rule: str, message: str, trail: Trail, fix: str = "") -> None:
        if len(self._findings) < self._most:
            place = grammar.pointer(trail)
            self._findings.append(Finding(rule, "error", message, place=place, fix=fix))

    def _resolved(self, node: Any, trail: Trail) -> tuple[Any, Trail]:
        """The node itself, or what its references lead to and where; None where they lead nowhere."""
        for _ in range(_HOPS):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return node, trail
            ref = node["$ref"]
            known, node = refs.found(self._document, ref[1:]) if ref.startswith("#") else (False, None)
            if not known:
                self._report(
                    "AW134", f"The reference {ref[:200]!r} leads nowhere.", trail, "Add what it names."
                )
                return None, trail
            trail = ()
            for key in refs.segments(ref[1:]):
                trail = (trail, key)
        return None, trail

    def _tags(self) -> None:
        tags = self._document.get("tags")
        seen: set[str] = set()
        for at, tag in enumerate(tags if isinstance(tags, list) else ()):
            name = tag.get("name") if isinstance(tag, dict) else None
            if isinstance(name, str) and name in seen:
                self._report("AW137", f"The tag {name!r} is listed twice.", (((), "tags"), at))
            elif isinstance(name, str):
                seen.add(name)

    def _path(self, url: str, item: Any, trail: Trail) -> None:
        item, trail = self._resolved(item, trail)
        if not isinstance(item, dict):
            return
        shared = list(self._parameters(item.get("parameters"), (trail, "parameters")))
        for method in item:
            if method in grammar.METHODS or (method == "query" and self._version == "3.2"):
                operation, at = self._resolved(item[method], (trail, method))
                if isinstance(operation, dict):
                    self._operation(url, operation, shared, at)

    def _operation(self, url: str, operation: dict[str, Any], shared: list[str], trail: Trail) -> None:
        named = operation.get("operationId")
        if isinstance(named, str):
            if named in self._operation_ids:
                self._report(
                    "AW131", f"The operationId {named!r} is used twice.", trail, "Make each one unique."
                )
            self._operation_ids.add(named)
        responses, below = self._resolved(operation.get("responses"), (trail, "responses"))
        for code, response in responses.items() if isinstance(responses, dict) else ():
            self._response(response, (below, code))
        own = list(self._parameters(operation.get("parameters"), (trail, "parameters")))
        given = {*own, *shared}
        try:
            wanted = {part[1] for part in string.Formatter().parse(url) if part[1]}
        except ValueError as error:
            self._report("AW132", f"The path is no template: {error}.", trail)
            return
        for name in sorted(given ^ wanted):
            about = "is no part of the path" if name in given else "has no parameter"
            self._report("AW132", f"The path parameter {name!r} {about}.", trail)

    def _parameters(self, listed: Any, trail: Trail) -> Iterator[str]:
        """The names of the path parameters; each schema becomes a root."""
        seen: set[tuple[str, str]] = set()
        for at, each in enumerate(listed if isinstance(listed, list) else ()):
            parameter, place = self._resolved(each, (trail, at))
            if not isinstance(parameter, dict):
                continue
            name, where = parameter.get("name"), parameter.get("in")
            if "schema" in parameter:
                self._root(parameter["schema"], (place, "schema"))
            if self._version == "2.0" and "default" in parameter:
                self._default(parameter, place)
            if not isinstance(name, str) or not isinstance(where, str):
                continue
            if (name, where) in seen:
                self._report("AW133", f"The parameter {name!r} in {where} stands twice.", (trail, at))
            seen.add((name, where))
            if where == "path":
                yield name

    def _response(self, response: Any, trail: Trail) -> None:
        response, trail = self._resolved(response, trail)
        if not isinstance(response, dict):
            return
        if self._version == "2.0":
            if "schema" in response:
                self._root(response["schema"], (trail, "schema"))
            return
        content, trail = self._resolved(response.get("content"), (trail, "content"))
        for kind, named in content.items() if isinstance(content, dict) else ():
            media, below = self._resolved(named, (trail, kind))
            if isinstance(media, dict) and "schema" in media:
                self._root(media["schema"], (below, "schema"))

    def _root(self, schema: Any, trail: Trail) -> None:
        schema, trail = self._resolved(schema, trail)
        if isinstance(schema, dict):
            self._roots.setdefault(id(schema), (schema, trail))
        elif schema is not None and not isinstance(schema, bool):
            self._report("AW130", f"A schema is {type(schema).__name__}, not a mapping.", trail)

    def _meta(self) -> None:
        roots = list(self._roots.values())
        listed = [schema for schema, _ in roots]
        for message, path in structure.schema_errors(listed, self._version, self._most):
            at = int(path[0])
            schema, trail = roots[at]
            self._bad.add(id(schema))
            for key in path[1:]:
                trail = (trail, key)
            self._report("AW130", message, trail)

    def _schema(self, schema: dict[str, Any], trail: Trail) -> None:
        """The schema and what is nested in it the authority's way, each once."""
        self._required(schema, trail)
        work: list[tuple[Any, Trail]] = [(schema, trail)]
        while work:
            node, at = work.pop()
            node, at = self._resolved(node, at)
            if not isinstance(node, dict) or id(node) in self._visited:
                continue
            self._visited.add(id(node))
            self._own(node, at)
            for key in (*_NESTED, "not", "items", "properties"):
                below = node.get(key)
                if isinstance(below, list):
                    work.extend((each, ((at, key), index)) for index, each in enumerate(below))
                elif key == "properties" and isinstance(below, dict):
                    work.extend((each, ((at, key), name)) for name, each in below.items())
                elif isinstance(below, dict):
                    work.append((below, (at, key)))

    def _own(self, node: dict[str, Any], trail: Trail) -> None:
        pattern = node.get("pattern")
        if isinstance(pattern, str) and not is_pattern(pattern):
            self._report("AW138", f"The pattern {pattern[:80]!r} is no regular expression.", trail)
        if "default" in node and (node["default"] is not None or node.get("nullable") is not True):
            self._default(node, trail)

    def _default(self, node: dict[str, Any], trail: Trail) -> None:
        draft4 = self._version in ("2.0", "3.0")
        problem = values.mismatch(node, node["default"], self._document, draft4=draft4)
        if problem:
            self._report("AW135", f"The default {problem}.", (trail, "default"))

    def _required(self, schema: dict[str, Any], trail: Trail) -> None:
        required = schema.get("required")
        if "allOf" not in schema or not isinstance(required, list) or id(schema) in self._visited:
            return
        known = self._names(schema)
        missing = sorted({name for name in required if isinstance(name, str)} - known)
        if missing:
            self._report(
                "AW136", f"Required, but no property: {', '.join(missing)[:200]}.", (trail, "required")
            )

    def _names(self, schema: dict[str, Any]) -> set[str]:
        """Every property name that the schema's parts bring; circles are walked once."""
        own = schema.get("properties")
        names = set(own) if isinstance(own, dict) else set()
        parts = schema.get("allOf")
        work = list(parts) if isinstance(parts, list) else []
        seen: set[int] = set()
        while work:
            node, _ = self._resolved(work.pop(), ())
            if not isinstance(node, dict) or id(node) in seen:
                continue
            seen.add(id(node))
            held = node.get("properties")
            names |= set(held) if isinstance(held, dict) else set()
            for key in _NESTED:
                work.extend(node[key] if isinstance(node.get(key), list) else ())
            work.extend(node[key] for key in ("items", "not") if key in node)
        return names


def is_pattern(pattern: str) -> bool:
    """Whether Python can compile it, which is what both the authority and the models ask."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True
