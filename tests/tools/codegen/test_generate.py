"""What a document becomes: classes, names, fields, the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from tools import codegen
from tools.codegen.errors import CircularSchema, LossyModels, TooManySchemas

GOLDEN = Path(__file__).parent / "golden"
Make = Callable[..., ModuleType]
Write = Callable[..., dict[str, Any]]


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


PET = {
    "type": "object",
    "description": "A pet in the shop.",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "name": {"type": "string", "maxLength": 40, "description": "What it answers to."},
        "class": {"type": "string", "enum": ["cat", "dog"]},
        "born": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string"}, "default": []},
        "owner": {"type": "object", "properties": {"e-mail": {"type": "string", "format": "email"}}},
    },
}
SHOP = {
    "Pet": PET,
    "Puppy": {"allOf": [ref("Pet"), {"required": ["class"], "properties": {"weeks": {"type": "integer"}}}]},
    "Pets": {"type": "array", "items": ref("Pet")},
    "status-code": {"type": "string", "enum": ["in-stock", "sold"]},
    "Animal": ref("Pet"),
}
PATHS = {
    "/pets": {
        "get": {
            "operationId": "listPets",
            "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}],
            "responses": {
                "200": {"content": {"application/json": {"schema": {"type": "array", "items": ref("Pet")}}}},
                "default": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["code"],
                                "properties": {"code": {"type": "integer"}},
                            },
                            "example": {"code": 4},
                        }
                    }
                },
            },
        },
        "post": {"requestBody": {"content": {"application/json": {"schema": ref("Pet")}}}, "responses": {}},
    }
}


def test_shop_is_the_golden_package(document: Write) -> None:
    found = codegen.generate(document(SHOP, paths=PATHS))

    for path, text in found["files"].items():
        assert text == (GOLDEN / "shop" / f"{path}.txt").read_text(), path


def test_fields_have_python_types(models: Make) -> None:
    shop = models(SHOP)

    pet = shop.Pet(**{"id": 1, "name": "Rex", "class": "dog", "born": "2024-02-29"})

    assert pet.born == date(2024, 2, 29)
    assert pet.class_ == "dog"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Rex"},
        {"id": 0, "name": "Rex"},
        {"id": 1, "name": "x" * 41},
        {"id": 1, "name": ["Rex"]},
        {"id": 1, "name": "Rex", "class": "fish"},
        {"id": 1, "name": "Rex", "tags": [1]},
        {"id": 1, "name": "Rex", "owner": "me"},
    ],
)
def test_what_the_schema_refuses_the_model_refuses(models: Make, wrong: dict[str, Any]) -> None:
    shop = models(SHOP)

    with pytest.raises(ValidationError):
        shop.Pet.model_validate(wrong)


def test_all_of_is_a_class_with_a_base(models: Make) -> None:
    shop = models(SHOP)

    assert issubclass(shop.Puppy, shop.Pet)
    with pytest.raises(ValidationError):
        shop.Puppy(id=1, name="Rex", weeks=3)


def test_all_of_two_objects_has_the_properties_of_both(models: Make) -> None:
    named = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
    sized = {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}}

    shop = models({"A": named, "B": sized, "C": {"allOf": [ref("A"), ref("B")]}})

    assert shop.C(a="x", b=1).model_dump() == {"a": "x", "b": 1}
    with pytest.raises(ValidationError):
        shop.C(a="x")


def test_a_choice_beside_properties_goes_through_the_merging_generator(models: Make) -> None:
    foo = {"type": "object", "required": ["foo"], "properties": {"foo": {"type": "string"}}}
    bar = {"type": "object", "required": ["bar"], "properties": {"bar": {"type": "string"}}}
    both = {
        "allOf": [
            {"type": "object", "required": ["common"], "properties": {"common": {"type": "string"}}},
            {"oneOf": [ref("Foo"), ref("Bar")]},
        ]
    }

    shop = models({"Foo": foo, "Bar": bar, "Both": both, "User": {"type": "array", "items": ref("Both")}})

    assert shop.Both.model_validate({"common": "c", "foo": "f"})
    assert shop.User.model_validate([{"common": "c", "bar": "b"}])
    with pytest.raises(ValidationError):
        shop.Both.model_validate({"foo": "f"})


CONTRADICTION = {
    "A": {"type": "number"},
    "B": {
        "type": "number",
        "allOf": [
            ref("C"),
            {
                "type": ["string", "number"],
                "oneOf": [{"type": ["integer", "null"]}],
                "minLength": 1,
                "maximum": 2.5,
            },
            {"type": "array", "items": {"required": ["x"], "anyOf": [{}]}, "anyOf": [ref("F")]},
        ],
    },
    "C": {
        "type": "integer",
        "allOf": [{"type": "string", "nullable": True}, {"enum": [0.5], "nullable": True}, ref("D")],
    },
    "D": {"type": "number"},
    "E": {"additionalProperties": {"type": "array", "items": ref("C"), "minItems": 1}},
    "F": {
        "properties": {"y": {"type": "number"}, "date": {"type": "null"}},
        "required": ["z", "y"],
        "allOf": [
            {
                "type": "null",
                "allOf": [{"type": "array", "properties": {"z": {"type": "string"}}}, ref("A"), ref("E")],
            }
        ],
    },
}


def test_a_schema_that_cannot_be_merged_costs_no_other(document: Write) -> None:
    found = codegen.generate(document({**CONTRADICTION, "Pet": PET}))
    codegen.prove(found["files"], found["names"], [])

    by_name = {row["name"]: row for row in found["fidelity"]}
    assert by_name["B"]["status"] == "dropped"
    assert by_name["B"]["lost"][-1].startswith("everything")
    assert by_name["Pet"]["status"] == "generated"


def test_arrays_and_maps_are_root_models(models: Make) -> None:
    shop = models({**SHOP, "Prices": {"type": "object", "additionalProperties": {"type": "number"}}})

    assert shop.Pets.model_validate([{"id": 1, "name": "Rex"}]).root[0].name == "Rex"
    assert shop.Prices.model_validate({"Rex": 12.5}).root == {"Rex": 12.5}
    with pytest.raises(ValidationError):
        shop.Prices.model_validate({"Rex": "dear"})


def test_string_enums_have_named_members(models: Make) -> None:
    shop = models(SHOP)

    assert shop.StatusCode.IN_STOCK == "in-stock"
    assert shop.SCHEMAS["status-code"] == "StatusCode"


def test_a_schema_that_only_names_another_is_that_class(models: Make) -> None:
    shop = models(SHOP)

    assert shop.Animal is shop.Pet


def test_null_is_taken_where_it_is_allowed(models: Make) -> None:
    maybe = {"type": "object", "nullable": True, "properties": {"a": {"type": "string"}}}
    holder = {
        "type": "object",
        "required": ["m", "s"],
        "properties": {"m": ref("Maybe"), "s": {"type": "string", "nullable": True}},
    }

    shop = models({"Maybe": maybe, "Holder": holder}, version="3.0.3")

    assert shop.Holder(m=None, s=None).model_dump() == {"m": None, "s": None}
    with pytest.raises(ValidationError):
        shop.Holder(m=None)


def test_exclusive_bounds_of_3_0_hold(models: Make) -> None:
    shop = models({"N": {"type": "integer", "minimum": 3, "exclusiveMinimum": True}}, version="3.0.3")

    assert shop.N.model_validate(4).root == 4
    with pytest.raises(ValidationError):
        shop.N.model_validate(3)


def test_recursive_schemas_build(models: Make) -> None:
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": ref("Tree")}}}

    shop = models({"Tree": tree})

    assert shop.Tree.model_validate({"children": [{"children": []}]}).children[0].children == []


def test_formats_with_a_python_type_get_it(models: Make) -> None:
    at = {"type": "string", "format": "date-time"}
    key = {"type": "string", "format": "uuid"}

    shop = models({"A": {"type": "object", "properties": {"at": at, "datetime": key, "date": key}}})
    found = shop.A.model_validate(
        {"at": "2024-05-01T10:00:00Z", "datetime": "6f1b2c3d-0000-4000-8000-000000000001"}
    )

    assert isinstance(found.at, datetime)
    assert isinstance(found.datetime, UUID)


def test_a_document_without_schemas_is_an_empty_package() -> None:
    found = codegen.generate({"openapi": "3.1.0", "info": {}, "paths": {}})

    assert found["classes"] == 0
    assert codegen.prove(found["files"], found["names"], [])["classes"] == 0


def test_bodies_of_operations_have_names(models: Make) -> None:
    shop = models(SHOP, paths=PATHS)

    assert shop.OPERATIONS["listPets"] == {
        "parameters": "ListPetsParameters",
        "200": "ListPetsResponse200",
        "default": "ListPetsResponseDefault",
    }
    assert shop.OPERATIONS["POST /pets"] == {"request": "Pet"}
    assert shop.ListPetsResponse200 == list[shop.Pet]
    assert shop.ListPetsResponseDefault(code=3).code == 3
    assert shop.ListPetsParameters(limit=5).limit == 5


def test_equal_inline_schemas_share_one_class(document: Write) -> None:
    error = {"type": "object", "properties": {"code": {"type": "integer"}}}
    answer = {"content": {"application/json": {"schema": error}}}
    paths = {f"/{n}": {"get": {"operationId": n, "responses": {"400": answer}}} for n in ("a", "b", "c")}

    found = codegen.generate(document({}, paths=paths))

    assert found["classes"] == 1
    assert {roles["400"] for roles in found["names"]["operations"].values()} == {"AResponse400"}


def test_losses_are_reported_by_place(document: Write) -> None:
    odd = {
        "type": "object",
        "properties": {"a": {"type": "string", "not": {"enum": ["x"]}}},
        "minProperties": 1,
    }

    rows = codegen.generate(document({"Odd": odd, "Pet": PET}))["fidelity"]

    by_name = {row["name"]: row for row in rows}
    assert by_name["Odd"]["status"] == "partial"
    assert "not" in by_name["Odd"]["lost"]
    assert by_name["Odd"]["place"] == "#/components/schemas/Odd"
    assert by_name["Pet"]["status"] == "generated"


def test_a_reference_to_nothing_is_dropped_and_said(document: Write) -> None:
    rows = codegen.generate(document({"Lost": ref("Nowhere")}))["fidelity"]

    assert (rows[0]["status"], rows[0]["lost"]) == ("dropped", ["$ref (points to nothing)"])


def test_strict_refuses_a_loss(document: Write) -> None:
    with pytest.raises(LossyModels) as caught:
        codegen.generate(document({"Odd": {"type": "string", "not": {"enum": ["x"]}}}), strict=True)

    assert caught.value.facts["losses"][0]["name"] == "Odd"


def test_strict_accepts_what_is_whole(document: Write) -> None:
    assert codegen.generate(document({"Pet": PET}), strict=True)["classes"] == 2


def test_too_many_schemas_are_refused(document: Write) -> None:
    with pytest.raises(TooManySchemas):
        codegen.generate(document({f"M{i}": {"type": "string"} for i in range(20_001)}))


@pytest.mark.parametrize(
    "schemas",
    [
        {
            "A": {"allOf": [ref("B"), {"properties": {"x": {}}}]},
            "B": {"allOf": [ref("A"), {"properties": {"y": {}}}]},
        },
        {"A": ref("B"), "B": ref("A")},
        {"A": {"allOf": [ref("A"), {"properties": {"x": {}}}]}},
    ],
    ids=["A13 allOf cycle", "A14 reference cycle", "allOf of itself"],
)
def test_circles_are_refused(document: Write, schemas: dict[str, Any]) -> None:
    with pytest.raises(CircularSchema):
        codegen.generate(document(schemas))


def test_two_hash_seeds_give_the_same_bytes(document: Write) -> None:
    code = "import json,sys; from tools import codegen; "
    code += "print(json.dumps(codegen.generate(json.load(sys.stdin))))"
    given = json.dumps(document({**SHOP, "Odd": {"anyOf": [ref("Pet"), {"type": "string"}]}}, paths=PATHS))

    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            input=given,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert outputs[0] == outputs[1]


def test_the_package_imports_in_a_clean_interpreter(document: Write, tmp_path: Path) -> None:
    for path, text in codegen.generate(document(SHOP, paths=PATHS))["files"].items():
        target = tmp_path / "models" / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from models import Pet, Pets, StatusCode; "
    code += "print(Pet(id=1, name='Rex').model_dump_json(exclude_unset=True))"

    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code], check=False, capture_output=True, text=True
    )

    assert (done.stdout, done.stderr) == ('{"id":1,"name":"Rex"}\n', "")


def test_models_reads_what_generate_returns(document: Write) -> None:
    found = codegen.generate(document(SHOP, paths=PATHS))

    models = codegen.Models.from_dict(found)

    assert models.names["schemas"]["Pet"] == "Pet"
    assert models.examples[0] == {
        "name": "ListPetsResponseDefault",
        "value": {"code": 4},
        "place": "#/paths/~1pets/get/responses/default/content/application~1json/example",
    }
