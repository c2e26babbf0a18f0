"""Wrong types, dead references and keys that become code: mended or dropped, and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import AppError

from .conftest import Parse


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"required": True}, {}),
        ({"required": ["a", "a", 3]}, {"required": ["a"]}),
        ({"items": "string"}, {}),
        ({"properties": ["a"]}, {}),
        ({"properties": {"a": "string", "b": {}}}, {"properties": {"b": {}}}),
        ({"type": "int"}, {"type": "integer"}),
        ({"type": "nonsense"}, {}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"type": "null"}, {"nullable": True}),
        ({"enum": []}, {}),
        ({"enum": ["a", "a", 1, True]}, {"enum": ["a", 1, True]}),
        ({"pattern": "(["}, {}),
        ({"maxLength": "7"}, {"maxLength": 7}),
        ({"maxLength": "x"}, {}),
        ({"maxLength": -1}, {}),
        ({"multipleOf": 0}, {}),
        ({"nullable": "true"}, {"nullable": True}),
        ({"readOnly": "maybe"}, {}),
        ({"additionalProperties": "false"}, {"additionalProperties": False}),
        ({"allOf": {"type": "string"}}, {}),
        ({"allOf": ["x", {"type": "string"}]}, {"allOf": [{"type": "string"}]}),
        ({"discriminator": "kind"}, {"discriminator": {"propertyName": "kind"}}),
        ({"items": [{"type": "string"}]}, {"items": {"anyOf": [{"type": "string"}]}}),
        ({"$ref": "#/components/schemas/Gone"}, {}),
        ({"$ref": 7}, {}),
        ({"$id": "https://a.example/b", "type": "string"}, {"type": "string"}),
        ({"customBasePath": "subprocess.Popen"}, {}),
        ({"customTypePath": "os.path"}, {}),
        ({"x-python-type": "__import__('os')"}, {}),
        ({"x-python-import": {"module": "os", "name": "system"}}, {}),
    ],
)
def test_wrong_keyword_is_mended_or_dropped_and_told(parse: Parse, given: Any, made: Any) -> None:
    spec = parse(schemas={"A": given})

    assert spec.document["components"]["schemas"]["A"] == made
    assert any(each.place.startswith("/components/schemas/A") for each in spec.findings)


def test_right_schema_is_left_alone(parse: Parse) -> None:
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string", "pattern": "^a+$", "enum": ["a"], "example": {"$ref": "x"}}},
        "additionalProperties": {"$ref": "#/components/schemas/A"},
        "x-anything": {"type": 7},
    }

    spec = parse(schemas={"A": schema})

    assert spec.document["components"]["schemas"]["A"] == schema
    assert spec.findings == ()


def test_old_tuple_in_3_1_becomes_prefix_items(parse: Parse, wrap: Callable[..., dict[str, Any]]) -> None:
    spec = parse(wrap({"A": {"type": "array", "items": [{"type": "string"}, True]}}, "3.1.0"))

    assert spec.document["components"]["schemas"]["A"] == {
        "type": "array",
        "prefixItems": [{"type": "string"}, True],
    }


def test_boolean_limit_in_3_1_becomes_a_number(parse: Parse, wrap: Callable[..., dict[str, Any]]) -> None:
    spec = parse(wrap({"A": {"type": "integer", "minimum": 3, "exclusiveMinimum": True}}, "3.1.0"))

    assert spec.document["components"]["schemas"]["A"] == {"type": "integer", "exclusiveMinimum": 3}


def test_media_type_of_3_2_is_put_in(parse: Parse) -> None:
    document = {
        "openapi": "3.2.0",
        "info": {"title": "T", "version": "1"},
        "components": {"mediaTypes": {"J": {"schema": {"type": "string"}}}},
        "paths": {
            "/a": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "",
                            "content": {"application/json": {"$ref": "#/components/mediaTypes/J"}},
                        }
                    }
                }
            }
        },
    }

    content = parse(document).document["paths"]["/a"]["get"]["responses"]["200"]["content"]

    assert content == {"application/json": {"schema": {"type": "string"}}}


def test_content_by_reference_is_emptied_or_put_in(parse: Parse) -> None:
    content = {"$ref": "#/components/nowhere"}
    paths = {"/a": {"get": {"responses": {"200": {"description": "", "content": content}}}}}

    spec = parse({"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths})

    assert spec.document["paths"]["/a"]["get"]["responses"]["200"]["content"] == {}


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
        {
            "A": {"allOf": [{"$ref": "#/components/schemas/B"}]},
            "B": {"allOf": [{"$ref": "#/components/schemas/A"}]},
        },
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [{"allOf": [{"$ref": "#/components/schemas/A"}]}]}},
    ],
)
def test_schema_that_is_only_itself_is_refused(parse: Parse, schemas: Any) -> None:
    with pytest.raises(AppError) as caught:
        parse(schemas=schemas)

    assert caught.value.code == "AW115"


def test_recursive_schema_is_legal(parse: Parse) -> None:
    tree = {"type": "object", "properties": {"next": {"allOf": [{"$ref": "#/components/schemas/A"}]}}}
    twice = {"allOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/A"}]}

    assert parse(schemas={"A": tree, "B": twice}).findings == ()
