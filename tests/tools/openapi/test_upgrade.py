"""Swagger 2.0 becomes OpenAPI 3.0."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Parse


def convert(parse: Parse, **parts: Any) -> dict[str, Any]:
    return parse({"swagger": "2.0", "info": {"title": "T", "version": "1"}, "paths": {}, **parts}).document


def operation(parse: Parse, *, root: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    made = convert(
        parse, paths={"/a": {"post": {"responses": {"200": {"description": ""}}, **parts}}}, **(root or {})
    )
    found: dict[str, Any] = made["paths"]["/a"]["post"]
    return found


def test_definitions_move_with_their_references(parse: Parse) -> None:
    made = convert(parse, definitions={"A": {"type": "string"}, "B": {"items": {"$ref": "#/definitions/A"}}})

    assert made["openapi"] == "3.0.3"
    assert made["components"]["schemas"]["B"] == {"items": {"$ref": "#/components/schemas/A"}}


def test_host_becomes_servers(parse: Parse) -> None:
    made = convert(parse, host="a.example", basePath="/v1", schemes=["https", "http"])

    assert made["servers"] == [{"url": "https://a.example/v1"}, {"url": "http://a.example/v1"}]


def test_body_becomes_a_request_body_for_each_type(parse: Parse) -> None:
    body = {"name": "b", "in": "body", "required": True, "schema": {"type": "string"}}

    made = operation(parse, parameters=[body], consumes=["application/json", "text/plain"])

    assert made["requestBody"]["required"] is True
    assert set(made["requestBody"]["content"]) == {"application/json", "text/plain"}
    assert "parameters" not in made


def test_shared_body_is_referred_to(parse: Parse) -> None:
    shared = {"B": {"name": "b", "in": "body", "schema": {"type": "string"}}}

    made = operation(parse, root={"parameters": shared}, parameters=[{"$ref": "#/parameters/B"}])

    assert made["requestBody"] == {"$ref": "#/components/requestBodies/B"}


def test_form_becomes_one_object_schema(parse: Parse) -> None:
    fields = [
        {"name": "file", "in": "formData", "type": "file", "required": True},
        {
            "name": "tags",
            "in": "formData",
            "type": "array",
            "items": {"type": "string"},
            "collectionFormat": "multi",
        },
    ]

    media = operation(parse, parameters=fields)["requestBody"]["content"]["multipart/form-data"]

    assert media["schema"]["properties"]["file"] == {"type": "string", "format": "binary"}
    assert media["schema"]["required"] == ["file"]
    assert media["encoding"] == {"tags": {"style": "form", "explode": True}}


@pytest.mark.parametrize(
    ("form", "style"),
    [
        ("csv", {"style": "form", "explode": False}),
        ("multi", {"style": "form", "explode": True}),
        ("ssv", {"style": "spaceDelimited", "explode": False}),
        ("pipes", {"style": "pipeDelimited", "explode": False}),
    ],
)
def test_collection_format_becomes_a_style(parse: Parse, form: str, style: dict[str, Any]) -> None:
    given = {
        "name": "q",
        "in": "query",
        "type": "array",
        "items": {"type": "integer"},
        "collectionFormat": form,
    }

    made = operation(parse, parameters=[given])["parameters"][0]

    assert made == {
        "name": "q",
        "in": "query",
        **style,
        "schema": {"type": "array", "items": {"type": "integer"}},
    }


def test_response_has_content_for_each_produced_type(parse: Parse) -> None:
    response = {"description": "", "schema": {"type": "file"}, "headers": {"X": {"type": "integer"}}}

    made = operation(parse, produces=["image/png"], responses={"200": response})["responses"]["200"]

    assert made["content"] == {"image/png": {"schema": {"type": "string", "format": "binary"}}}
    assert made["headers"] == {"X": {"schema": {"type": "integer"}}}


def test_example_of_a_response_keeps_its_type(parse: Parse) -> None:
    response = {"description": "", "schema": {"type": "string"}, "examples": {"application/json": "a"}}

    made = operation(parse, responses={"200": response})["responses"]["200"]

    assert made["content"]["application/json"]["example"] == "a"


def test_discriminator_and_null_are_written_the_new_way(parse: Parse) -> None:
    pet = {
        "type": "object",
        "discriminator": "kind",
        "properties": {"kind": {"type": "string", "x-nullable": True}},
    }

    made = convert(parse, definitions={"Pet": pet})["components"]["schemas"]["Pet"]

    assert made["discriminator"] == {"propertyName": "kind"}
    assert made["properties"]["kind"] == {"type": "string", "nullable": True}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "basic"}, {"type": "http", "scheme": "basic"}),
        ({"type": "apiKey", "name": "k", "in": "header"}, {"type": "apiKey", "name": "k", "in": "header"}),
        (
            {
                "type": "oauth2",
                "flow": "accessCode",
                "authorizationUrl": "https://a",
                "tokenUrl": "https://t",
                "scopes": {"r": ""},
            },
            {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "https://a",
                        "tokenUrl": "https://t",
                        "scopes": {"r": ""},
                    }
                },
            },
        ),
    ],
)
def test_security_is_converted(parse: Parse, old: dict[str, Any], new: dict[str, Any]) -> None:
    assert convert(parse, securityDefinitions={"s": old})["components"]["securitySchemes"] == {"s": new}


def test_property_named_ref_is_no_reference(parse: Parse) -> None:
    made = convert(parse, definitions={"A": {"type": "object", "properties": {"$ref": {"type": "string"}}}})

    assert made["components"]["schemas"]["A"]["properties"] == {"$ref": {"type": "string"}}
