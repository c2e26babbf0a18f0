"""Which keys of a document lead to which kind of object, in OpenAPI 2.0 and 3.x.

Everything that walks a document asks here, so that a `$ref` inside an example stays data and
a property that is called `$ref` stays a property.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

Shape = Literal["one", "list", "map"]
Grammar = dict[str, dict[str, tuple[Shape, str]]]
# (parent pointer, key): joined to a JSON pointer only when somebody must read it.
Trail = tuple[Any, ...]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DATA_KEYS: Final = frozenset({"example", "examples", "default", "enum", "const", "value", "dataValue"})
SCHEMA_KEYS: Final[dict[str, tuple[Shape, str]]] = {
    "properties": ("map", "schema"),
    "patternProperties": ("map", "schema"),
    "dependentSchemas": ("map", "schema"),
    "$defs": ("map", "schema"),
    "definitions": ("map", "schema"),
    "items": ("one", "schema"),
    "additionalProperties": ("one", "schema"),
    "not": ("one", "schema"),
    "if": ("one", "schema"),
    "then": ("one", "schema"),
    "else": ("one", "schema"),
    "contains": ("one", "schema"),
    "propertyNames": ("one", "schema"),
    "unevaluatedItems": ("one", "schema"),
    "unevaluatedProperties": ("one", "schema"),
    "contentSchema": ("one", "schema"),
    "additionalItems": ("one", "schema"),
    "allOf": ("list", "schema"),
    "anyOf": ("list", "schema"),
    "oneOf": ("list", "schema"),
    "prefixItems": ("list", "schema"),
}
_PARAMETER: Final[dict[str, tuple[Shape, str]]] = {
    "schema": ("one", "schema"),
    "content": ("map", "mediaType"),
    "examples": ("map", "example"),
}
V3: Final[Grammar] = {
    "root": {
        "paths": ("map", "pathItem"),
        "webhooks": ("map", "pathItem"),
        "components": ("one", "components"),
    },
    "components": {
        "schemas": ("map", "schema"),
        "responses": ("map", "response"),
        "parameters": ("map", "parameter"),
        "examples": ("map", "example"),
        "requestBodies": ("map", "requestBody"),
        "headers": ("map", "header"),
        "securitySchemes": ("map", "securityScheme"),
        "links": ("map", "link"),
        "callbacks": ("map", "callback"),
        "pathItems": ("map", "pathItem"),
        "mediaTypes": ("map", "mediaType"),
    },
    "pathItem": {
        **dict.fromkeys((*METHODS, "query"), ("one", "operation")),
        "additionalOperations": ("map", "operation"),
        "parameters": ("list", "parameter"),
    },
    "operation": {
        "parameters": ("list", "parameter"),
        "requestBody": ("one", "requestBody"),
        "responses": ("map", "response"),
        "callbacks": ("map", "callback"),
    },
    "callback": {"*": ("one", "pathItem")},
    "parameter": _PARAMETER,
    "header": _PARAMETER,
    "requestBody": {"content": ("map", "mediaType")},
    "response": {
        "headers": ("map", "header"),
        "content": ("map", "mediaType"),
        "links": ("map", "link"),
    },
    "mediaType": {
        "schema": ("one", "schema"),
        "itemSchema": ("one", "schema"),
        "encoding": ("map", "encoding"),
        "itemEncoding": ("one", "encoding"),
        "prefixEncoding": ("list", "encoding"),
        "examples": ("map", "example"),
    },
    "encoding": {
        "headers": ("map", "header"),
        "encoding": ("map", "encoding"),
        "itemEncoding": ("one", "encoding"),
        "prefixEncoding": ("list", "encoding"),
    },
    "schema": SCHEMA_KEYS,
    "example": {},
    "link": {},
    "securityScheme": {},
}
V2: Final[Grammar] = {
    "root": {
        "paths": ("map", "pathItem"),
        "definitions": ("map", "schema"),
        "parameters": ("map", "parameter"),
        "responses": ("map", "response"),
        "securityDefinitions": ("map", "securityScheme"),
    },
    "pathItem": {
        **dict.fromkeys(METHODS, ("one", "operation")),
        "parameters": ("list", "parameter"),
    },
    "operation": {"parameters": ("list", "parameter"), "responses": ("map", "response")},
    "parameter": {"schema": ("one", "schema")},
    "response": {"schema": ("one", "schema"), "headers": ("map", "header")},
    "header": {},
    "schema": SCHEMA_KEYS,
    "securityScheme": {},
}


def of(document: dict[str, Any]) -> Grammar:
    return V2 if "swagger" in document else V3


def pointer(trail: Trail | None) -> str:
    """The JSON pointer of a trail."""
    keys: list[str] = []
    while trail:
        trail, key = trail
        keys.append(str(key).replace("~", "~0").replace("/", "~1"))
    return "".join("/" + key for key in reversed(keys))


def walk(
    node: Any, kind: str, grammar: Grammar, trail: Trail | None = ()
) -> Iterator[tuple[str, Any, Trail]]:
    """Every object with its kind and trail, in no promised order. Values of the wrong type are skipped.

    A mapping of objects that is itself a reference comes as kind `map:<kind>`. The walk reads
    a node's children after the caller had it, so the caller may change the node first.
    """
    work: list[tuple[str, Any, Any]] = [(kind, node, trail)]
    while work:
        kind, node, trail = work.pop()
        yield kind, node, trail
        if kind[:4] == "map:":
            if "$ref" not in node:
                _enter(work, "", trail, ("map", kind[4:]), node)
            continue
        keys = grammar[kind]
        if "*" in keys:
            keys = {key: keys["*"] for key in node if key[:2] != "x-"}
        for key in node:
            if key in keys:
                _enter(work, kind, (trail, key), keys[key], node[key])


def _enter(work: list[Any], kind: str, trail: Trail, rule: tuple[Shape, str], child: Any) -> None:
    shape, inner = rule
    if child.__class__ is list:
        if shape == "list":
            work.extend((inner, each, (trail, at)) for at, each in enumerate(child) if each.__class__ is dict)
    elif child.__class__ is not dict:
        return
    elif shape == "one":
        work.append((inner, child, trail))
    elif shape == "map" and child.get("$ref").__class__ is str:
        work.append(("map:" + inner, child, trail))
    elif shape == "map":
        extended = inner == "pathItem" or kind == "operation"
        work.extend(
            (inner, each, (trail, name))
            for name, each in child.items()
            if each.__class__ is dict and not (extended and name[:2] == "x-")
        )
