"""Small documents for the ingest's tests, built in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tools import openapi

Parse = Callable[..., openapi.Spec]


def spec_of(
    document: Any = None, *, schemas: Any = None, files: dict[str, Any] | None = None
) -> openapi.Spec:
    """Parse a document given as a dict, as text, or as the schemas of an otherwise empty one."""
    held = {name: as_bytes(value) for name, value in (files or {}).items()}
    if document is None:
        document = around(schemas)
    return openapi.parse(openapi.Memory({"openapi.json": as_bytes(document), **held}, "openapi.json"))


def around(schemas: Any, version: str = "3.0.3") -> dict[str, Any]:
    return {
        "openapi": version,
        "info": {"title": "T", "version": "1"},
        "paths": {},
        "components": {"schemas": schemas},
    }


def as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else json.dumps(value)).encode()


@pytest.fixture
def parse() -> Parse:
    return spec_of


@pytest.fixture
def wrap() -> Callable[..., dict[str, Any]]:
    return around
