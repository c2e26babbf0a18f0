"""What each keyword's value must be, and what a near miss becomes. No document, no position: values only."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from .grammar import METHODS
from .rules import is_pattern

DROP: Final = object()
"""What a mender answers when nothing can be made of the value."""

TYPES: Final = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})
_TYPE_NAMES: Final[dict[str, str]] = {
    "int": "integer", "int32": "integer", "int64": "integer", "long": "integer",
    "float": "number", "double": "number", "decimal": "number",
    "bool": "boolean", "list": "array", "map": "object", "dict": "object", "file": "string",
    "str": "string", "text": "string", "date": "string", "date-time": "string", "datetime": "string",
    "uuid": "string", "String": "string", "Integer": "integer", "Number": "number", "Boolean": "boolean",
    "Array": "array", "Object": "object",
}  # fmt: skip
_TRUE: Final = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE: Final = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})


def text(value: Any) -> Any:
    if value.__class__ is str:
        return value
    return str(value) if value.__class__ in (int, float) else DROP


def plain_text(value: Any) -> Any:
    return value if value.__class__ is str else DROP


def flag(value: Any) -> Any:
    if value.__class__ is bool:
        return value
    if value.__class__ is str:
        return True if value in _TRUE else False if value in _FALSE else DROP
    return DROP


def mapping(value: Any) -> Any:
    return value if value.__class__ is dict else DROP


def number(value: Any) -> Any:
    if value.__class__ is int or value.__class__ is float:
        return value
    if value.__class__ is str and len(value) < 40:
        try:
            made = float(value)
        except ValueError:
            return DROP
        if not math.isfinite(made):
            return DROP
        return int(made) if made.is_integer() and "." not in value else made
    return DROP


def multiple(value: Any) -> Any:
    made = number(value)
    return made if made is not DROP and made > 0 else DROP


def bound(value: Any) -> Any:
    """exclusiveMinimum and its brother: a flag in one version, a number in the other."""
    return value if value.__class__ is bool else number(value)


def count(value: Any) -> Any:
    made = number(value)
    if made is DROP or made < 0 or made != int(made):
        return DROP
    return value if value.__class__ is int else int(made)


def names(value: Any) -> Any:
    if value.__class__ is not list:
        return DROP
    made = list(dict.fromkeys(each for each in value if each.__class__ is str))
    return value if made == value else made


def choices(value: Any) -> Any:
    if value.__class__ is not list or not value:
        return DROP
    made: dict[tuple[type, str], Any] = {}
    for each in value:
        made.setdefault((each.__class__, each if each.__class__ is str else repr(each)), each)
    return value if len(made) == len(value) else list(made.values())


def schema(value: Any) -> Any:
    return value if value.__class__ is dict or value.__class__ is bool else DROP


def open_schema(value: Any) -> Any:
    """additionalProperties: a schema, or the word true or false written as a text."""
    return flag(value) if value.__class__ is str else schema(value)


def schemas(value: Any) -> Any:
    if value.__class__ is not list:
        return DROP
    if value and all(each.__class__ is dict or each.__class__ is bool for each in value):
        return value
    made = [each for each in value if each.__class__ is dict or each.__class__ is bool]
    return made or DROP


def items(value: Any) -> Any:
    """One schema; a list of them is left to the caller, who knows the version."""
    return value if value.__class__ is list else schema(value)


def schema_map(value: Any) -> Any:
    if value.__class__ is not dict:
        return DROP
    if all(each.__class__ is dict or each.__class__ is bool for each in value.values()):
        return value
    return {key: each for key, each in value.items() if each.__class__ is dict or each.__class__ is bool}


def object_map(value: Any) -> Any:
    if value.__class__ is not dict:
        return DROP
    if all(each.__class__ is dict for each in value.values()):
        return value
    return {key: each for key, each in value.items() if each.__class__ is dict or key[:2] == "x-"}


def object_list(value: Any) -> Any:
    if value.__class__ is not list:
        return DROP
    made = [each for each in value if each.__class__ is dict]
    return value if len(made) == len(value) else made


def type_name(value: Any) -> Any:
    if value.__class__ is str:
        return value if value in TYPES else _TYPE_NAMES.get(value, DROP)
    if value.__class__ is not list:
        return DROP
    known = [each for each in value if each.__class__ is str and each in TYPES]
    made = list(dict.fromkeys(known))
    return value if made == value and made else made or DROP


def pattern(value: Any) -> Any:
    return value if value.__class__ is str and is_pattern(value) else DROP


def discriminator(value: Any) -> Any:
    if value.__class__ is str:
        return {"propertyName": value}
    if value.__class__ is not dict or value.get("propertyName").__class__ is not str:
        return DROP
    held = value.get("mapping", {})
    if held.__class__ is dict and all(each.__class__ is str for each in held.values()):
        return value
    kept = (
        {key: each for key, each in held.items() if each.__class__ is str} if held.__class__ is dict else {}
    )
    return {**value, "mapping": kept}


Mender = Callable[[Any], Any]
_SCHEMA: Final[dict[str, Mender]] = {
    "$ref": plain_text, "type": type_name, "format": plain_text, "title": text, "description": text,
    "enum": choices, "required": names, "pattern": pattern, "discriminator": discriminator,
    "properties": schema_map, "patternProperties": schema_map, "dependentSchemas": schema_map,
    "$defs": schema_map, "definitions": schema_map, "items": items, "additionalProperties": open_schema,
    "unevaluatedProperties": open_schema, "unevaluatedItems": open_schema, "additionalItems": open_schema,
    "not": schema, "if": schema, "then": schema, "else": schema, "contains": schema, "propertyNames": schema,
    "contentSchema": schema, "allOf": schemas, "anyOf": schemas, "oneOf": schemas, "prefixItems": schemas,
    "minimum": number, "maximum": number, "multipleOf": multiple,
    "exclusiveMinimum": bound, "exclusiveMaximum": bound,
    "minLength": count, "maxLength": count, "minItems": count, "maxItems": count,
    "minProperties": count, "maxProperties": count, "minContains": count, "maxContains": count,
    "uniqueItems": flag, "nullable": flag, "readOnly": flag, "writeOnly": flag, "deprecated": flag,
    "xml": mapping, "externalDocs": mapping, "dependentRequired": mapping, "$comment": text,
    "examples": lambda value: value if value.__class__ is list else DROP,
}  # fmt: skip
_PARAMETER: Final[dict[str, Mender]] = {
    "name": text, "in": plain_text, "description": text, "required": flag, "deprecated": flag,
    "schema": schema, "content": object_map, "examples": object_map, "style": plain_text, "explode": flag,
}  # fmt: skip
_OBJECT_MAPS: Final = (
    "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links",
    "callbacks", "pathItems", "mediaTypes",
)  # fmt: skip
MENDERS: Final[dict[str, dict[str, Mender]]] = {
    "root": {"paths": object_map, "webhooks": object_map, "components": mapping, "tags": object_list,
             "servers": object_list, "externalDocs": mapping, "security": object_list},
    "components": {**dict.fromkeys(_OBJECT_MAPS, object_map), "schemas": schema_map},
    "pathItem": {"parameters": object_list, "summary": text, "description": text, "servers": object_list,
                 **dict.fromkeys((*METHODS, "query"), mapping)},
    "operation": {"parameters": object_list, "requestBody": mapping, "responses": object_map,
                  "callbacks": object_map, "operationId": text, "summary": text, "description": text,
                  "tags": names, "deprecated": flag, "servers": object_list, "security": object_list},
    "parameter": _PARAMETER,
    "header": _PARAMETER,
    "requestBody": {"content": object_map, "description": text, "required": flag},
    "response": {"content": object_map, "headers": object_map, "links": object_map, "description": text},
    "mediaType": {"schema": schema, "itemSchema": schema, "examples": object_map, "encoding": object_map},
    "encoding": {"headers": object_map},
    "callback": {},
    "schema": _SCHEMA,
    "example": {},
    "link": {},
    "securityScheme": {},
}  # fmt: skip
