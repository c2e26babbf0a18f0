"""Make a 3.x document harmless for a generator: wrong types, dead references, keys that become code.

Changed in place; every change is a finding. What is right stays the same object.
"""

from __future__ import annotations

from typing import Any, Final

from core.findings import Finding

from . import grammar, keywords, refs
from .bundle import RefLoop
from .grammar import Trail
from .yamltext import copied

_GENERATOR_KEYS: Final = frozenset({"customBasePath", "customTypePath", "x-is-base-class", "x-is-classvar"})
_GENERATOR_PREFIXES: Final = ("x-python-", "x-datamodel-code-generator", "x-avro-", "x-xsd-")
# They change what other references mean, or where a library would go looking for them.
_IDENTITY_KEYS: Final = frozenset({
    "$id", "$schema", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$recursiveAnchor",
    "$vocabulary", "$self",
})  # fmt: skip
_SHOWN: Final = 60


class Cleaner:
    """One run over one document."""

    def __init__(self, document: dict[str, Any], most: int) -> None:
        self._document = document
        self._most = most
        self._early = str(document.get("openapi", "")).startswith("3.0")
        self._findings: list[Finding] = []
        self._linked: list[tuple[dict[str, Any], Trail]] = []

    def run(self) -> list[Finding]:
        for kind, node, trail in grammar.walk(self._document, "root", grammar.V3):
            if kind[:4] == "map:":
                self._whole(kind, node, trail)
                continue
            self._keys(kind, node, trail)
            if kind == "schema":
                self._schema(node, trail)
            elif kind in ("operation", "pathItem") and "parameters" in node:
                self._parameters(node, trail)
            if "$ref" in node:
                self._reference(kind, node, trail)
        self._loops()
        return self._findings

    def _report(self, rule: str, message: str, trail: Trail, key: str | None = None) -> None:
        if len(self._findings) < self._most:
            place = grammar.pointer(trail if key is None else (trail, key))
            self._findings.append(Finding(rule, "warning", message, place=place))

    def _keys(self, kind: str, node: dict[str, Any], trail: Trail) -> None:
        menders = keywords.MENDERS[kind]
        changes: list[tuple[str, Any]] = []
        for key, value in node.items():
            mender = menders.get(key)
            if mender is not None:
                mended = mender(value)
                if mended is not value:
                    changes.append((key, mended))
            elif key in _IDENTITY_KEYS or key in _GENERATOR_KEYS or key.startswith(_GENERATOR_PREFIXES):
                changes.append((key, keywords.DROP))
        for key, mended in changes:
            self._change(node, key, mended, trail)

    def _change(self, node: dict[str, Any], key: str, mended: Any, trail: Trail) -> None:
        shown = repr(node[key])
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
        if mended is not keywords.DROP:
            node[key] = mended
            self._report("AW151", f"`{key}: {shown}` was mended.", trail, key)
            return
        del node[key]
        if key in _GENERATOR_KEYS or key.startswith(_GENERATOR_PREFIXES):
            self._report("AW152", f"`{key}` would become code; it was dropped.", trail, key)
        elif key in _IDENTITY_KEYS:
            self._report("AW153", f"`{key}` is not followed; it was dropped.", trail, key)
        else:
            self._report("AW150", f"`{key}: {shown}` is no valid value; it was dropped.", trail, key)

    def _schema(self, node: dict[str, Any], trail: Trail) -> None:
        if "$ref" in node or "allOf" in node:
            self._linked.append((node, trail))
        kinds = node.get("type")
        if self._early and kinds.__class__ is list:
            self._early_types(node, kinds, trail)
        elif self._early and kinds == "null":
            node.pop("type")
            node["nullable"] = True
        if node.get("items").__class__ is list:
            self._tuple(node, trail)
        for side in ("Minimum", "Maximum"):
            if not self._early and node.get("exclusive" + side).__class__ is bool:
                self._exclusive(node, side, trail)

    def _early_types(self, node: dict[str, Any], kinds: list[str], trail: Trail) -> None:
        """3.0 knows one type and a flag where 3.1 has a list."""
        named = [kind for kind in kinds if kind != "null"]
        if "null" in kinds:
            node["nullable"] = True
        if len(named) == 1:
            node["type"] = named[0]
        else:
            del node["type"]
            if named and not any(key in node for key in ("anyOf", "oneOf", "allOf")):
                node["anyOf"] = [{"type": kind} for kind in named]
        self._report("AW151", f"`type: {kinds}` is not 3.0; it was mended.", trail, "type")

    def _tuple(self, node: dict[str, Any], trail: Trail) -> None:
        parts = [each for each in node["items"] if each.__class__ in (dict, bool)]
        del node["items"]
        if parts and self._early:
            node["items"] = {"anyOf": parts}
        elif parts:
            node.setdefault("prefixItems", parts)
            rest = node.pop("additionalItems", None)
            if rest is not None:
                node["items"] = rest
        self._report(
            "AW151", "A list under `items` is the old way to write a tuple; it was mended.", trail, "items"
        )

    def _exclusive(self, node: dict[str, Any], side: str, trail: Trail) -> None:
        strict = node.pop("exclusive" + side)
        limit = side.lower()
        if strict and limit in node:
            node["exclusive" + side] = node.pop(limit)
        self._report(
            "AW151", f"`exclusive{side}: {strict}` is not 3.1; it was mended.", trail, "exclusive" + side
        )

    def _parameters(self, node: dict[str, Any], trail: Trail) -> None:
        listed = node["parameters"]
        kept = [
            each
            for each in listed
            if each.get("$ref").__class__ is str
            or (each.get("name").__class__ in (str, int, float) and each.get("in").__class__ is str)
        ]
        if len(kept) != len(listed):
            node["parameters"] = kept
            self._report("AW150", "A parameter without name or place was dropped.", trail, "parameters")

    def _whole(self, kind: str, node: dict[str, Any], trail: Trail) -> None:
        """A mapping of objects that is a reference: put in what it names, or leave it empty."""
        ref = node.pop("$ref")
        target = refs.found(self._document, ref[1:])[1] if ref.startswith("#/") else None
        if isinstance(target, dict) and target is not node and "$ref" not in target:
            node.update({key: copied(each) for key, each in target.items() if key not in node})
        self._report("AW150", f"`$ref: {ref[:_SHOWN]}` cannot stand for a mapping of {kind[4:]}s.", trail)

    def _reference(self, kind: str, node: dict[str, Any], trail: Trail) -> None:
        ref = node["$ref"]
        if ref.__class__ is not str:
            self._change(node, "$ref", keywords.DROP, trail)
            return
        known, target = refs.found(self._document, ref[1:]) if ref.startswith("#/") else (False, None)
        fits = target.__class__ is dict or (kind == "schema" and target.__class__ is bool)
        if not known or not fits:
            del node["$ref"]
            self._report("AW154", f"The reference {ref[:200]!r} leads nowhere; it was dropped.", trail)
        elif kind == "mediaType" and isinstance(target, dict):
            # Only 3.2 refers to media types; generators of today look for the schema itself.
            del node["$ref"]
            node.update({key: copied(each) for key, each in target.items() if key not in node})

    def _loops(self) -> None:
        """Refuse schemas that are only themselves, by `$ref` or `allOf`: no value ever ends them."""
        state: dict[int, int] = {}
        for node, trail in self._linked:
            if id(node) in state:
                continue
            work: list[tuple[dict[str, Any], bool]] = [(node, False)]
            while work:
                each, leaving = work.pop()
                if leaving:
                    state[id(each)] = 2
                    continue
                if state.get(id(each)) == 2:
                    continue
                if state.get(id(each)) == 1:
                    raise RefLoop(
                        "The schema is, by `$ref` or `allOf`, only itself.",
                        place=f"#{grammar.pointer(trail)}",
                    )
                state[id(each)] = 1
                work.append((each, True))
                work.extend((below, False) for below in self._bases(each) if state.get(id(below)) != 2)

    def _bases(self, node: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[Any] = list(node.get("allOf", ()))
        ref = node.get("$ref")
        if ref.__class__ is str:
            found.append(refs.found(self._document, ref[1:])[1])
        return [each for each in found if each.__class__ is dict]


def sanitised(document: dict[str, Any], most: int = 200) -> list[Finding]:
    """Clean the document in place and tell what was changed."""
    return Cleaner(document, most).run()
