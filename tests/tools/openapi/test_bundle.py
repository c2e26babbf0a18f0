"""Many files to one document, with names that stay and circles that end."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import AppError
from tools.openapi import grammar, refs

from .conftest import Parse

INFO = {"title": "T", "version": "1"}


def document(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": INFO, "paths": {}, **parts}


def dangling(made: dict[str, Any]) -> list[str]:
    return [
        node["$ref"]
        for _, node, _ in grammar.walk(made, "root", grammar.V3)
        if isinstance(node.get("$ref"), str)
        and not (node["$ref"].startswith("#/") and refs.found(made, node["$ref"][1:])[0])
    ]


def test_component_that_is_a_file_keeps_its_name(parse: Parse) -> None:
    spec = parse(
        document(components={"schemas": {"Animal": {"$ref": "Pet.json"}}}),
        files={"Pet.json": {"type": "object", "properties": {"next": {"$ref": "Pet.json"}}}},
    )

    assert spec.document["components"]["schemas"] == {
        "Animal": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Animal"}}}
    }


def test_schema_in_a_path_is_named_after_its_file(parse: Parse) -> None:
    media = {"application/json": {"schema": {"$ref": "./parts/Pet.json"}}}
    spec = parse(
        document(paths={"/a": {"get": {"responses": {"200": {"description": "", "content": media}}}}}),
        files={
            "parts/Pet.json": {"$ref": "../Base.json#/defs/Thing"},
            "Base.json": {"defs": {"Thing": {"type": "string"}}},
        },
    )

    assert spec.document["components"]["schemas"] == {"Thing": {"type": "string"}}
    assert dangling(spec.document) == []


def test_two_files_of_one_name_get_two_names(parse: Parse) -> None:
    spec = parse(
        document(
            components={
                "schemas": {"A": {"properties": {"x": {"$ref": "a/Pet.json"}, "y": {"$ref": "b/Pet.json"}}}}
            }
        ),
        files={"a/Pet.json": {"type": "string"}, "b/Pet.json": {"type": "integer"}},
    )

    assert {"Pet", "Pet_2"} < set(spec.document["components"]["schemas"])
    assert dangling(spec.document) == []


def test_path_item_is_put_in_with_its_own_references(parse: Parse) -> None:
    item = {
        "get": {"parameters": [{"$ref": "parameters.json#/limit"}], "responses": {"200": {"description": ""}}}
    }
    spec = parse(
        document(paths={"/a": {"$ref": "paths/a.json"}}),
        files={
            "paths/a.json": {
                **item,
                "get": {**item["get"], "parameters": [{"$ref": "../parameters.json#/limit"}]},
            },
            "parameters.json": {"limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}},
        },
    )

    assert [each.path for each in spec.operations] == ["/a"]
    assert spec.document["paths"]["/a"]["get"]["parameters"] == [{"$ref": "#/components/parameters/limit"}]


def test_whole_mapping_by_reference_is_put_in_and_told(parse: Parse) -> None:
    spec = parse(
        document(components={"schemas": {"$ref": "schemas.json"}}),
        files={"schemas.json": {"A": {"type": "string"}, "B": {"$ref": "#/A"}}},
    )

    assert spec.document["components"]["schemas"] == {
        "A": {"type": "string"},
        "B": {"$ref": "#/components/schemas/A"},
    }
    assert [each.rule for each in spec.findings] == ["AW130"]


def test_reference_back_into_the_entry_is_its_own_place(parse: Parse) -> None:
    spec = parse(
        document(components={"schemas": {"A": {"type": "string"}, "B": {"$ref": "b.json"}}}),
        files={"b.json": {"properties": {"a": {"$ref": "openapi.json#/components/schemas/A"}}}},
    )

    assert spec.document["components"]["schemas"]["B"]["properties"]["a"] == {
        "$ref": "#/components/schemas/A"
    }


def test_part_that_names_the_entrys_components_is_understood(parse: Parse) -> None:
    spec = parse(
        document(components={"schemas": {"A": {"type": "string"}, "B": {"$ref": "b.json"}}}),
        files={"b.json": {"properties": {"a": {"$ref": "#/components/schemas/A"}}}},
    )

    assert spec.document["components"]["schemas"]["B"]["properties"]["a"] == {
        "$ref": "#/components/schemas/A"
    }
    assert [(each.rule, each.file) for each in spec.findings] == [("AW145", "b.json")]


def test_discriminator_that_names_a_file_names_its_schema(parse: Parse) -> None:
    union = {
        "oneOf": [{"$ref": "Dog.json"}],
        "discriminator": {"propertyName": "kind", "mapping": {"dog": "Dog.json"}},
    }
    spec = parse(
        document(components={"schemas": {"Pet": union}}),
        files={"Dog.json": {"type": "object", "properties": {"kind": {"type": "string"}}}},
    )

    assert spec.document["components"]["schemas"]["Pet"]["discriminator"]["mapping"] == {
        "dog": "#/components/schemas/Dog"
    }


def test_circle_over_files_ends_in_components(parse: Parse) -> None:
    spec = parse(
        document(components={"schemas": {"A": {"$ref": "a.json"}}}),
        files={
            "a.json": {"properties": {"b": {"$ref": "b.json"}}},
            "b.json": {"properties": {"a": {"$ref": "a.json"}}},
        },
    )

    assert set(spec.document["components"]["schemas"]) == {"A", "b"}
    assert dangling(spec.document) == []


def test_schema_named_from_afar_gets_a_name(parse: Parse) -> None:
    ref = "#/paths/~1a/get/responses/200/content/application~1json/schema"
    media = {"application/json": {"schema": {"type": "object", "properties": {"next": {"$ref": ref}}}}}
    spec = parse(
        document(paths={"/a": {"get": {"responses": {"200": {"description": "", "content": media}}}}})
    )

    assert list(spec.document["components"]["schemas"]) != []
    assert dangling(spec.document) == []


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a.json": {"$ref": "b.json"}, "b.json": {"$ref": "a.json"}}, "AW115"),
        ({}, "AW114"),
    ],
)
def test_reference_that_ends_nowhere_is_refused(parse: Parse, files: dict[str, Any], code: str) -> None:
    with pytest.raises(AppError) as caught:
        parse(document(components={"schemas": {"A": {"$ref": "a.json"}}}), files=files)

    assert caught.value.code == code


def test_dangling_place_in_another_file_is_a_finding(parse: Parse) -> None:
    spec = parse(
        document(components={"schemas": {"A": {"properties": {"x": {"$ref": "b.json#/gone"}}}}}),
        files={"b.json": {"here": {}}},
    )

    assert "AW134" in {each.rule for each in spec.findings}
    assert spec.document["components"]["schemas"]["A"]["properties"]["x"] == {}


def test_path_items_that_contain_one_another_are_refused(parse: Parse) -> None:
    looped = {"post": {"responses": {}, "callbacks": {"done": {"{$url}": {"$ref": "a.json"}}}}}

    with pytest.raises(AppError) as caught:
        parse(document(paths={"/a": {"$ref": "a.json"}}), files={"a.json": looped})

    assert caught.value.code == "AW115"


def test_doubling_path_items_are_bounded(parse: Parse) -> None:
    def item(to: int) -> dict[str, Any]:
        callbacks = {f"c{n}": {"{$url}": {"$ref": f"p{to}.json"}} for n in range(8)}
        return {"post": {"responses": {}, "callbacks": callbacks}}

    with pytest.raises(AppError) as caught:
        parse(
            document(paths={"/a": {"$ref": "p0.json"}}),
            files={f"p{n}.json": item(n + 1) for n in range(12)} | {"p12.json": {}},
        )

    assert caught.value.code == "AW102"


def test_written_bundle_reads_back_as_the_same_document(parse: Parse) -> None:
    schema = {
        "type": "object",
        "properties": {"NO": {"enum": ["1e3", "010", "yes", "1:30", "a: b", "#", ""]}},
    }
    spec = parse(document(components={"schemas": {"A": {"$ref": "a.json"}}}), files={"a.json": schema})

    assert parse(spec.text).document == spec.document
