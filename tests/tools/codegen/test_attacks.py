"""Documents that want to run code, collide, hang or exhaust. A-numbers name the attack."""

from __future__ import annotations

import ast
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from core.errors import AppError
from tools import codegen

Make = Callable[..., ModuleType]
Write = Callable[..., dict[str, Any]]
MARK = "/tmp/aw-codegen-pwned"
CODE = f"__import__('pathlib').Path('{MARK}').write_text('x')"

BREAKOUTS = [
    f'"""\n{CODE}\n"""',
    f"'''\n{CODE}\n'''",
    f"'\n{CODE}\n'",
    f'"\n{CODE}\n"',
    f"' + {CODE} + '",
    f'" + {CODE} + "',
    f'""" + {CODE} + """',
    f"\\\n{CODE}",
    f"\\'\n{CODE} #",
    f"x\n{CODE}\n",
    f"x\r{CODE}\r",
    f"x\f\n{CODE}",
    f"x\u2028{CODE}\u2029",
    f"{{{CODE}}}",
    f"{{{{ {CODE} }}}}{{% x %}}",
    f"x): pass\n{CODE}\nclass Y(",
    f"x'] = {CODE}; y['",
]
PLACES = [
    "description", "title", "default", "enum", "const", "pattern", "format", "example", "examples",
    "x-enum-varnames", "schema name", "property name", "required", "discriminator", "mapping",
    "operationId", "path", "status", "media type", "parameter", "info.title", "$ref", "array default",
    "map pattern", "additionalProperties", "type", "class description",
]  # fmt: skip


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def poisoned(place: str, text: str) -> dict[str, Any]:
    """A document with `text` at one place, in a schema that also goes through composition."""
    plain: dict[str, Any] = {"type": "string"}
    keyed = {
        "enum": {"enum": [text, "b"]},
        "examples": {"examples": [text]},
        "x-enum-varnames": {"enum": ["a", "b"], "x-enum-varnames": [text, text]},
        "array default": {"type": "array", "items": {"type": "string"}, "default": [text]},
        "map pattern": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {text: {"type": "string"}},
        },
        "additionalProperties": {
            "type": "object",
            "additionalProperties": {"type": "string", "format": text},
        },
        "type": {"type": text},
        "$ref": {"$ref": f"#/components/schemas/{text}"},
    }
    simple = ("description", "title", "default", "const", "pattern", "format", "example")
    spoiled = keyed.get(place) or ({**plain, place: text} if place in simple else plain)
    name = text if place == "schema name" else "Spoiled"
    inner: dict[str, Any] = {
        "type": "object",
        "properties": {text if place == "property name" else "a": spoiled, "other": ref("Other")},
        "required": [text] if place == "required" else [],
    }
    if place == "class description":
        inner["description"] = text
    if place in ("discriminator", "mapping"):
        property_name = text if place == "discriminator" else "a"
        inner["discriminator"] = {"propertyName": property_name, "mapping": {text: text}}
    schemas = {
        name: inner,
        "Alone": spoiled,
        "Other": {"type": "object", "properties": {"x": {"type": "string"}}},
        "Merged": {
            "allOf": [{"properties": {"k": spoiled}}, {"oneOf": [{"$ref": _pointer(name)}, ref("Other")]}]
        },
    }
    operation = {
        "operationId": text if place == "operationId" else "op",
        "parameters": [{"name": text if place == "parameter" else "p", "in": "query", "schema": spoiled}],
        "responses": {
            text if place == "status" else "200": {
                "content": {text if place == "media type" else "application/json": {"schema": inner}}
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": text if place == "info.title" else "T", "version": "1"},
        "paths": {text if place == "path" else "/p": {"get": operation}},
        "components": {"schemas": schemas},
    }


def _pointer(name: str) -> str:
    return "#/components/schemas/" + name.replace("~", "~0").replace("/", "~1")


@pytest.fixture
def mark() -> Iterator[Path]:
    Path(MARK).unlink(missing_ok=True)
    yield Path(MARK)
    Path(MARK).unlink(missing_ok=True)


@pytest.mark.parametrize("place", PLACES)
def test_a1_a2_text_from_a_document_never_becomes_code(place: str, mark: Path) -> None:
    for text in BREAKOUTS:
        found = codegen.generate(poisoned(place, text))
        codegen.prove(found["files"], found["names"], found["examples"])

        calls = {
            ast.unparse(node.func)
            for source in found["files"].values()
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call)
        }
        assert calls <= {"Field", "ConfigDict"}, text
        assert not mark.exists(), text


@pytest.mark.parametrize("key", ["customTypePath", "customBasePath", "x-python-type", "x-python-import"])
@pytest.mark.parametrize(
    "value", ["subprocess.Popen", {"module": "subprocess", "name": "Popen"}, f"os\n{CODE}"]
)
def test_a3_a_document_chooses_no_imports(document: Write, key: str, value: Any) -> None:
    spoiled = {"type": "object", key: value, "properties": {"a": {"type": "string", key: value}}}
    merged = {
        "allOf": [{"properties": {"b": spoiled}}, {"oneOf": [ref("A"), {"type": "object", key: value}]}],
        key: value,
    }

    files = codegen.generate(document({"A": spoiled, "M": merged}))["files"]

    assert "subprocess" not in files["_generated.py"]
    assert "pathlib" not in files["_generated.py"]


ODD_KEYS = [
    *(
        "__init__",
        "__class__",
        "__pydantic_extra__",
        "model_config",
        "model_dump",
        "model_fields",
        "copy",
        "json",
    ),
    *("class", "_x", "__x", "1a", "a-b", "a_b", "a b", "ﬁ", "fi", "é", unicodedata.normalize("NFD", "é")),
    *(
        "\u202eevil",
        "",
        "int",
        "str",
        "list",
        "date",
        "Date",
        "Any",
        "Field",
        "Literal",
        "Other",
        "root",
        "self",
    ),
    *("None", "💩", "a.b", "x" * 300, "$ref", "import", "await", "field", "field_1", "validate", "BaseModel"),
    *("Annotated", "alias", "UUID", "Config"),
]


@pytest.mark.parametrize("composed", [False, True], ids=["plain", "merged"])
def test_a4_every_property_name_survives_the_round_trip(models: Make, composed: bool) -> None:
    value = {key: f"v{i}" for i, key in enumerate(ODD_KEYS)}
    odd: dict[str, Any] = {"type": "object", "properties": {key: {"type": "string"} for key in ODD_KEYS}}
    other = {"type": "object", "properties": {"Other": {"type": "string", "format": "date"}}}
    if composed:
        odd = {"allOf": [ref("Base"), odd]}

    shop = models(
        {"Odd": odd, "Other": other, "Base": {"type": "object", "properties": {"a_b": {"type": "string"}}}}
    )

    found = shop.Odd.model_validate(value)
    assert found.model_dump(by_alias=True) == value
    assert found.model_dump(by_alias=True, mode="json") == value


def test_a4_a_field_may_have_the_name_of_its_own_type(models: Make) -> None:
    pet = {"type": "object", "properties": {"name": {"type": "string"}}}
    home = {"type": "object", "properties": {"Pet": ref("Pet"), "int": {"type": "integer"}}}

    shop = models({"Pet": pet, "Home": home})

    found = shop.Home.model_validate({"Pet": {"name": "Rex"}, "int": 3})
    assert found.model_dump(by_alias=True) == {"Pet": {"name": "Rex"}, "int": 3}


def test_a4_a_base_and_its_heir_share_no_field_by_accident(models: Make) -> None:
    base = {"type": "object", "properties": {"a-b": {"type": "string"}}}
    heir = {"allOf": [ref("Base"), {"properties": {"a_b": {"type": "integer"}}}]}

    shop = models({"Base": base, "Heir": heir})

    found = shop.Heir.model_validate({"a-b": "x", "a_b": 1})
    assert found.model_dump(by_alias=True) == {"a-b": "x", "a_b": 1}


ODD_NAMES = [
    *("../../x", "a.b.c", "a.b", "con", "CON", "n" * 300, "", "/etc/passwd", "..", ".", "~root", "__init__"),
    *(
        "__init__.__main__",
        "_private",
        "1a",
        "pet",
        "Pet",
        "PET",
        "p-et",
        "BaseModel",
        "Field",
        "Any",
        "Literal",
    ),
    *("Model", "RootModel", "int", "str", "None", "class", "import os", "SCHEMAS", "OPERATIONS", "Later"),
    *(
        "\u202e\u2066evil",
        "💩",
        "ﬁ",
        "fi",
        "é",
        unicodedata.normalize("NFD", "é"),
        "模型",
        "Date",
        "datetime_",
    ),
    *("StrEnum", "print", "Exception"),
]


def test_a5_every_schema_name_has_its_own_class_and_safe_files(document: Write) -> None:
    schemas = {
        name: {"type": "object", "properties": {"n": {"type": "string", "enum": [str(i)]}}, "required": ["n"]}
        for i, name in enumerate(ODD_NAMES)
    }

    found = codegen.generate(document(schemas))
    codegen.prove(found["files"], found["names"], [])
    package = codegen.load(found["files"])

    assert set(found["files"]) == {"__init__.py", "_generated.py", "py.typed"}
    classes = [getattr(package, package.SCHEMAS[name]) for name in ODD_NAMES]
    assert len(set(classes)) == len(ODD_NAMES)
    for i, each in enumerate(classes):
        assert each.model_validate({"n": str(i)})
    codegen.unload()


@pytest.mark.parametrize(
    "name", ["pet", "PET", "BaseModel", "Field", "int", "_private", "Later", "Exception"]
)
def test_a5_an_identifier_is_imported_as_it_is_written(models: Make, name: str) -> None:
    shop = models(
        {name: {"type": "object", "properties": {"a": {"type": "string"}}}, "Pet": {"type": "string"}}
    )

    assert issubclass(getattr(shop, name), BaseModel)


def doubling(choice: bool) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for i in range(25):
        both = [ref(f"A{i + 1}"), ref(f"B{i + 1}")]
        schemas[f"A{i}"] = {"oneOf" if choice else "allOf": both, "properties": {f"p{i}": {"type": "string"}}}
        schemas[f"B{i}"] = {"allOf": both[::-1], "properties": {f"q{i}": {"type": "string"}}}
    last = {"type": "object", "properties": {"x": {"type": "string"}}}
    return {**schemas, "A25": last, "B25": last}


def nested(kind: str, depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {"x": {"type": "string"}}}
    for i in range(depth):
        schema = {
            "object": {"type": "object", "properties": {"a": schema}},
            "array": {"type": "array", "items": schema},
            "map": {"type": "object", "additionalProperties": schema},
            "choice": {"anyOf": [schema, {"type": "integer"}]},
            "merge": {"allOf": [schema, {"properties": {f"p{i}": {"type": "integer"}}}]},
        }[kind]
    return {"Deep": schema}


CROSSED = {
    f"M{i}": {
        "type": "object",
        "properties": {f"p{j}": ref(f"M{(i * 7 + j * 131) % 1500}") for j in range(8)},
    }
    for i in range(1500)
}
CHAIN = {f"M{i}": {"type": "object", "properties": {"next": ref(f"M{(i + 1) % 1000}")}} for i in range(1000)}


@pytest.mark.parametrize(
    "schemas",
    [
        pytest.param(doubling(choice=False), id="A15 doubling allOf"),
        pytest.param(doubling(choice=True), id="A15 doubling oneOf"),
        pytest.param(CROSSED, id="A16 cross-linked schemas"),
        pytest.param(CHAIN, id="A16 one long circle"),
        pytest.param(
            {"E": {"type": "string", "enum": [f"v{i}" for i in range(100_000)]}}, id="A17 huge enum"
        ),
        *[
            pytest.param(nested(k, 200), id=f"A18 200 {k}s")
            for k in ("object", "array", "map", "choice", "merge")
        ],
    ],
)
def test_large_and_deep_schemas_give_models_that_work(document: Write, schemas: dict[str, Any]) -> None:
    begun = time.process_time()

    found = codegen.generate(document(schemas))
    codegen.prove(found["files"], found["names"], [])

    assert time.process_time() - begun < 10


@pytest.mark.parametrize("depth", [300, 450])
def test_a18_deeper_nesting_gives_a_result_or_a_typed_error(document: Write, depth: int) -> None:
    try:
        found = codegen.generate(document(nested("object", depth)))
    except AppError:
        return
    assert found["classes"] == depth + 1


def test_a_value_goes_through_a_cut_reference(models: Make) -> None:
    shop = models(CHAIN)
    value: dict[str, Any] = {}
    for _ in range(60):
        value = {"next": value}

    found = shop.M0.model_validate(value)

    assert type(found.next.next) is shop.M2
    assert found.model_dump(exclude_none=True) == value


def test_a17_a_huge_enum_is_the_plain_type_and_says_so(document: Write) -> None:
    found = codegen.generate(document({"E": {"type": "string", "enum": [f"v{i}" for i in range(1_001)]}}))

    assert found["fidelity"][0]["status"] == "partial"
    assert "more than 1000 values" in found["fidelity"][0]["lost"][0]


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "^(.*a){12}$", r"(x+x+)+y"])
def test_a41_a_pattern_cannot_hang_validation(models: Make, pattern: str) -> None:
    shop = models({"P": {"type": "string", "pattern": pattern}})
    begun = time.process_time()

    codegen.refusal(shop.P, "a" * 40 + "!")

    assert time.process_time() - begun < 0.05


@pytest.mark.parametrize(
    "pattern", ["^(?=a).*$", "(?!x)y", r"(a)\1", "(", "[", "a{99999}{99999}", "x" * 3_000]
)
def test_a41_a_pattern_that_needs_another_engine_is_left_out_and_said(document: Write, pattern: str) -> None:
    found = codegen.generate(document({"P": {"type": "string", "pattern": pattern}}))

    codegen.prove(found["files"], found["names"], [])
    assert found["fidelity"][0]["lost"][0].startswith("pattern")
