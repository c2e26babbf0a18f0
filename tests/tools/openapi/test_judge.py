"""The verdict: what the authority refuses is an error here, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import AppError
from tools import openapi

from .conftest import around

OK = {"responses": {"200": {"description": ""}}}


def with_paths(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths, **more}


def parameter(name: str, where: str = "query", **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "schema": {"type": "string", **schema}} | (
        {"required": True} if where == "path" else {}
    )


def given(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {**OK, "parameters": list(parameters)}


NAMED = {**OK, "operationId": "x"}
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("clean", "", with_paths({"/a/{b}": {"get": {**OK, "parameters": [parameter("b", "path")]}}})),
    ("extra key", "AW130", {**with_paths({}), "extra": 1}),
    ("operationId twice", "AW131", with_paths({"/a": {"get": NAMED, "put": NAMED}})),
    ("unresolved path parameter", "AW132", with_paths({"/a/{b}": {"get": OK}})),
    ("parameter without path", "AW132", with_paths({"/a": {"get": given(parameter("b", "path"))}})),
    ("parameter twice", "AW133",
        with_paths({"/a": {"get": given(parameter("b"), parameter("b", example=1))}})),
    ("dangling", "AW134", around({"A": {"items": {"$ref": "#/components/schemas/B"}}})),
    ("default of another type", "AW135", around({"A": {"type": "integer", "default": "x"}})),
    ("default not listed", "AW135", around({"A": {"type": "string", "enum": ["a"], "default": "b"}})),
    ("default through a reference", "AW135", around({
        "A": {"type": "array", "items": {"$ref": "#/components/schemas/B"}, "default": ["x"]},
        "B": {"type": "integer"}})),
    ("default too long", "AW135", around({"A": {"type": "string", "maxLength": 1, "default": "ab"}})),
    ("default null", "AW135", around({"A": {"type": "string", "default": None}})),
    ("default null allowed", "", around({"A": {"type": "string", "nullable": True, "default": None}})),
    ("default lacks a property", "AW135",
        around({"A": {"type": "object", "required": ["a"], "default": {}}})),
    ("required unknown", "AW136", around({"A": {"allOf": [{"type": "object"}], "required": ["z"]}})),
    ("tag twice", "AW137", with_paths({}, tags=[{"name": "a"}, {"name": "a"}])),
    ("bad pattern", "AW138", around({"A": {"type": "string", "pattern": "(["}})),
    ("3.1 list of types", "", around({"A": {"type": ["string", "null"], "default": None}}, "3.1.0")),
    ("3.1 required twice", "AW130", around({"A": {"type": "object", "required": ["a", "a"]}}, "3.1.0")),
    ("3.2", "", around({"A": {"type": "string"}}, "3.2.0")),
    ("2.0", "", {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": OK}}}),
    ("2.0 default", "AW135", {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {
        "get": given({"name": "q", "in": "query", "type": "integer", "default": "x"})}}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "document"), [pytest.param(rule, doc, id=name) for name, rule, doc in CASES]
)
def test_each_fault_has_its_rule(rule: str, document: dict[str, Any]) -> None:
    found = {each.rule for each in openapi.validate(document)}

    assert rule in found if rule else not found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("rule", "document"), [pytest.param(rule, doc, id=name) for name, rule, doc in CASES]
)
def test_authority_gives_the_same_verdict(rule: str, document: dict[str, Any]) -> None:
    try:
        openapi.authority(document)
        accepted = True
    except openapi.AuthorityRefused:
        accepted = False

    assert accepted == (not rule)


@pytest.mark.parametrize(
    "schema",
    [{"$ref": "http://127.0.0.1:1/x"}, {"$ref": "file:///etc/passwd"}, {"$id": "http://127.0.0.1:1/"}],
)
def test_authority_is_never_asked_about_a_document_that_is_not_cleared(schema: dict[str, Any]) -> None:
    with pytest.raises(AppError) as caught:
        openapi.authority(around({"A": schema}))

    assert caught.value.code == "AW113"


def test_default_with_a_slow_pattern_takes_no_time() -> None:
    schema = {"type": "string", "pattern": "^(a+)+$", "default": "a" * 40 + "!"}

    assert [each.rule for each in openapi.validate(around({"A": schema}))] == ["AW135"]


def test_doubling_schemas_are_judged_in_bounded_time() -> None:
    schemas: dict[str, Any] = {
        f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}] * 2} for n in range(60)
    }
    schemas["S60"] = {"type": "string"}
    schemas["S0"]["default"] = "x"

    assert openapi.validate(around(schemas)) == ()
