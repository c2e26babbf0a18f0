"""A package of models from a few schemas, imported from memory and forgotten after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tools import codegen

Document = dict[str, Any]


@pytest.fixture
def document() -> Callable[..., Document]:
    return written


def written(schemas: dict[str, Any], version: str = "3.1.0", **parts: Any) -> Document:
    info = {"title": "Shop", "version": "1"}
    return {"openapi": version, "info": info, "paths": {}, "components": {"schemas": schemas}, **parts}


@pytest.fixture
def models() -> Iterator[Callable[..., ModuleType]]:
    """`models(schemas)` generates, audits, imports and builds them."""

    def make(schemas: dict[str, Any], version: str = "3.1.0", **parts: Any) -> ModuleType:
        found = codegen.generate(written(schemas, version, **parts))
        codegen.prove(found["files"], found["names"], found["examples"])
        return codegen.load(found["files"])

    yield make
    codegen.unload()
