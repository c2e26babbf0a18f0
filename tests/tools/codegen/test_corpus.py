"""Real and hostile documents, from bytes to classes that build and give their JSON schema."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, RootModel

from core.errors import AppError
from tools import codegen, openapi

pytestmark = pytest.mark.corpus


def listed(corpus: Path, part: str) -> list[dict[str, Any]]:
    manifest = json.loads((corpus / "openapi" / "MANIFEST.json").read_text())
    return [each for each in manifest["documents"] if each["file"].startswith(part)]


def loaded(corpus: Path, each: dict[str, Any]) -> dict[str, Any]:
    parts = Path(each["file"]).parts
    root = corpus / "openapi" / Path(*parts[: 2 if len(parts) > 2 else 1])
    entry = (corpus / "openapi" / each["file"]).relative_to(root).as_posix()
    return openapi.load({"root": str(root), "entry": entry})["document"]


def classes(module: ModuleType) -> list[type[BaseModel]]:
    found = {v for v in vars(module).values() if isinstance(v, type) and issubclass(v, BaseModel)}
    return sorted(found - {BaseModel, RootModel}, key=lambda each: each.__name__)


def test_every_real_document_gives_models_that_work(corpus: Path) -> None:
    faults = []
    for each in listed(corpus, "real/"):
        found = codegen.generate(loaded(corpus, each))
        proof = codegen.prove(found["files"], found["names"], [])
        if proof["built"] != proof["classes"]:
            faults.append((each["id"], "not all built"))

    assert faults == []


@pytest.mark.parametrize("name", ["adyen-terminalapi", "deep-circular", "docker", "github", "kin-issue796"])
def test_each_class_gives_its_json_schema(corpus: Path, name: str) -> None:
    each = next(each for each in listed(corpus, "real/") if each["id"] == name)
    found = codegen.generate(loaded(corpus, each))
    codegen.prove(found["files"], found["names"], [])

    module = codegen.load(found["files"])

    assert all(model.model_json_schema() for model in classes(module))
    codegen.unload()


@pytest.mark.parametrize("name", ["twilio-verify", "readmeds-invalid-component-schema-names", "github"])
def test_every_component_schema_is_importable(corpus: Path, name: str) -> None:
    each = next(each for each in listed(corpus, "real/") if each["id"] == name)
    document = loaded(corpus, each)
    found = codegen.generate(document)

    module = codegen.load(found["files"])

    schemas = document["components"]["schemas"]
    assert [s for s in schemas if not hasattr(module, module.SCHEMAS[s])] == []
    codegen.unload()


def test_hostile_documents_are_refused_or_harmless(corpus: Path) -> None:
    refused = {}
    for each in listed(corpus, "hostile/"):
        begun = time.process_time()
        try:
            found = codegen.generate(loaded(corpus, each))
            codegen.prove(found["files"], found["names"], found["examples"])
        except AppError as error:
            refused[each["id"]] = error.code

        assert time.process_time() - begun < 10, each["id"]
        assert not Path("/tmp/pwned").exists(), each["id"]

    must_pass = {each["id"] for each in listed(corpus, "hostile/") if each["expect"] in ("accept", "safe")}
    assert must_pass.isdisjoint(refused), refused
