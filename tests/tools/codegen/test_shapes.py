"""Schemas and documents of odd shape, and what counts as a value of a type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tools import codegen

Write = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": -9.223372036854776e18},
        {"type": "integer", "maximum": 1e300},
        {"type": "integer", "multipleOf": 1e300},
        {"type": "string", "maxLength": 10**30},
        {"type": "integer", "minimum": 0.5, "maximum": 9.5},
        {"type": "string", "minLength": -1, "maxLength": True, "pattern": 3, "format": 4},
        {"type": "array", "items": "string", "minItems": "1"},
        {"type": ["string", "nonsense", None]},
        {"type": "object", "properties": ["a"], "required": "a"},
        {"type": "object", "required": [1, None, {}], "properties": {"a": None, "b": True, "c": []}},
        {"enum": [], "oneOf": [], "anyOf": "x", "allOf": {}},
        {"enum": [None]},
        {"enum": [1, True, "1", None, 1.0]},
        {"const": {"a": 1}},
        {"$ref": 3},
        {"type": "object", "additionalProperties": False, "patternProperties": {"(": {}, "^a$": {}}},
    ],
)
def test_wrong_keyword_values_never_break_the_package(document: Write, schema: dict[str, Any]) -> None:
    found = codegen.generate(document({"A": schema, "B": {"type": "object", "properties": {"a": schema}}}))

    codegen.prove(found["files"], found["names"], [])


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"openapi": "3.1.0", "components": None, "paths": []},
        {"openapi": 3, "components": {"schemas": []}, "paths": {"/a": None, "/b": {"get": []}}},
        {
            "openapi": "3.1.0",
            "paths": {"/a": {"get": {"operationId": 3, "parameters": [None, {}], "responses": []}}},
        },
        {"openapi": "3.1.0", "paths": {"/a": {"$ref": "#/paths/~1a"}}},
        {"openapi": "3.1.0", "paths": {"/a": {"get": {"requestBody": {"content": {"x": {"schema": True}}}}}}},
    ],
)
def test_a_document_of_odd_shape_gives_an_empty_package(document: dict[str, Any]) -> None:
    found = codegen.generate(document)

    assert codegen.prove(found["files"], found["names"], [])["classes"] == 0


def test_a_body_reads_no_number_from_text_and_parameters_do(document: Write) -> None:
    size = {"type": "object", "properties": {"size": {"type": "integer"}, "big": {"type": "boolean"}}}
    paths = {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "responses": {},
            }
        }
    }

    found = codegen.generate(document({"Size": size}, paths=paths))
    package = codegen.load(found["files"])

    assert codegen.refusal(package.Size, {"size": "1"})
    assert codegen.refusal(package.Size, {"big": 1})
    assert not codegen.refusal(package.Size, {"size": 1, "big": True})
    assert not codegen.refusal(package.ListPetsParameters, {"limit": "1"})


@pytest.mark.parametrize(
    ("format_", "text"),
    [("date", "2026-11-20"), ("date-time", "2026-11-20T12:00:00Z"), ("time", "12:00:00")],
)
def test_a_date_or_time_is_read_from_text_and_never_from_a_number(
    document: Write, format_: str, text: str
) -> None:
    found = codegen.generate(document({"When": {"type": "string", "format": format_}}))
    when = codegen.load(found["files"]).When

    assert codegen.refusal(when, 1700000000)
    assert codegen.refusal(when, 0.5)
    assert not codegen.refusal(when, text)
    assert not codegen.refusal(when, when.model_validate(text).root)
