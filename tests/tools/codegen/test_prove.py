"""The proof: import from memory, build, and the document's own examples."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.sandbox import Limits, Sandbox
from tools import codegen
from tools.codegen.errors import ModelsDoNotImport

Write = Callable[..., dict[str, Any]]
SIZE = {"type": "object", "required": ["cm"], "properties": {"cm": {"type": "integer"}}}


def test_examples_are_accepted_or_refused_with_the_reason(document: Write) -> None:
    schema = {**SIZE, "examples": [{"cm": 3}, {"cm": "tall"}, {}]}
    found = codegen.generate(document({"Size": schema}))

    proof = codegen.prove(found["files"], found["names"], found["examples"])

    assert [(e["place"], e["accepted"]) for e in proof["examples"]] == [
        ("#/components/schemas/Size/examples/0", True),
        ("#/components/schemas/Size/examples/1", False),
        ("#/components/schemas/Size/examples/2", False),
    ]
    assert proof["examples"][2]["why"] == "cm: Field required"


def test_examples_of_bodies_are_found_by_reference_too(document: Write) -> None:
    media = {
        "schema": {"type": "array", "items": {"type": "integer"}},
        "examples": {"named": {"$ref": "#/components/examples/three"}, "own": {"value": ["x"]}},
    }
    paths = {
        "/n": {"get": {"operationId": "n", "responses": {"200": {"content": {"application/json": media}}}}}
    }
    written = document({}, paths=paths)
    written["components"]["examples"] = {"three": {"value": [1, 2, 3]}}
    found = codegen.generate(written)

    proof = codegen.prove(found["files"], found["names"], codegen.examples(written))

    assert [e["accepted"] for e in proof["examples"]] == [True, False]
    assert proof["examples"][1]["why"].startswith("0: ")


def test_all_classes_are_built(document: Write) -> None:
    found = codegen.generate(document({"Size": SIZE, "Sizes": {"type": "array", "items": SIZE}}))

    proof = codegen.prove(found["files"], found["names"], [])

    assert (proof["built"], proof["classes"]) == (3, 3)


@pytest.mark.parametrize(
    "text",
    [
        "def (",
        "from nowhere import x",
        "raise ValueError",
        "from pydantic import BaseModel\nclass A(BaseModel):\n    a: B",
    ],
    ids=["does not compile", "does not import", "raises", "does not build"],
)
def test_a_package_that_does_not_work_is_an_error(text: str) -> None:
    files = {"_generated.py": text, "__init__.py": "from ._generated import A\n"}

    with pytest.raises(ModelsDoNotImport):
        codegen.prove(files, {}, [])


def test_a_name_that_the_package_lacks_is_an_error() -> None:
    with pytest.raises(ModelsDoNotImport):
        codegen.prove({"__init__.py": ""}, {"schemas": {"Pet": "Pet"}}, [])


def test_nothing_of_the_package_is_left_behind(document: Write) -> None:
    found = codegen.generate(document({"Size": SIZE}))

    codegen.prove(found["files"], found["names"], [])

    assert [name for name in sys.modules if name == "models" or name.startswith("models.")] == []


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("scratch")
    limits = Limits(cpu_s=20, wall_s=40)
    with Sandbox(preload=["tools.codegen:warm"], limits=limits, scratch_root=folder) as sandbox:
        yield sandbox


def test_models_are_made_and_proved_in_confined_children(document: Write, box: Sandbox) -> None:
    merged = {"allOf": [{"properties": {"a": {"type": "string"}}}, {"oneOf": [SIZE, {"type": "object"}]}]}
    given = document({"Size": {**SIZE, "examples": [{"cm": 3}]}, "Merged": merged})

    found = box.call("tools.codegen:generate", given).value
    proof = box.call("tools.codegen:prove", found["files"], found["names"], found["examples"]).value

    assert proof["examples"][0]["accepted"]
    assert proof["built"] == proof["classes"]


def test_the_tool_loads_no_heavy_library_at_import(tmp_path: Path) -> None:
    import subprocess

    heavy = "{'pydantic', 'datamodel_code_generator', 'jinja2', 'yaml', 'orjson'}"
    code = f"import sys; from tools import codegen; print(sorted({heavy} & set(sys.modules)))"
    root = str(Path(__file__).parents[3])

    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
