"""From bytes to a `Spec`, and across the sandbox's border."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import AppError
from tools import openapi

from .conftest import Parse, around

YAML = """\
openapi: 3.0.3
info: {title: Shop, version: 1.2}
servers:
  - url: https://shop.example/v1
paths:
  /healthz:
    get: {responses: {"200": {description: ok}}}
  /status:
    get:
      parameters: [{name: q, in: query, required: true, schema: {type: string}}]
      responses: {"200": {description: ok}}
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getItem
      summary: One item
      tags: [items]
      deprecated: true
      responses: {200: {description: ok}}
"""


def test_spec_tells_what_a_catalogue_needs(parse: Parse) -> None:
    spec = parse(YAML)

    assert (spec.title, spec.api_version, spec.version) == ("Shop", "1.2", "3.0.3")
    assert spec.servers == ("https://shop.example/v1",)
    assert spec.operations[2] == openapi.Operation(
        "GET", "/items/{id}", "getItem", "One item", ("items",), True
    )


def test_only_an_operation_without_input_is_a_probe(parse: Parse) -> None:
    assert [each.path for each in parse(YAML).health] == ["/healthz"]


@pytest.mark.parametrize(
    ("whole", "own", "found"),
    [
        ("[{key: []}]", None, []),
        ("[{key: []}]", "[]", ["/healthz"]),
        ("[{key: []}, {}]", None, ["/healthz"]),
        ("[]", "[{key: []}]", []),
    ],
)
def test_an_operation_that_wants_credentials_is_no_probe(
    parse: Parse, whole: str, own: str | None, found: list[str]
) -> None:
    text = f"openapi: 3.0.3\ninfo: {{title: a, version: '1'}}\nsecurity: {whole}\n"
    text += "paths:\n  /healthz:\n    get:\n      responses: {default: {description: ok}}\n"
    text += f"      security: {own}\n" if own else ""

    assert [each.path for each in parse(text).health] == found


def test_single_file_is_committed_as_it_was(parse: Parse) -> None:
    assert parse(YAML).text == YAML


def test_unquoted_status_code_is_read_as_text(parse: Parse) -> None:
    assert list(parse(YAML).document["paths"]["/items/{id}"]["get"]["responses"]) == ["200"]


def test_digest_changes_with_any_file_and_the_entry(parse: Parse) -> None:
    document = around({"A": {"$ref": "a.json"}})
    specs = [parse(document, files={"a.json": {"type": kind}}) for kind in ("string", "integer", "string")]

    assert specs[0].digest == specs[2].digest != specs[1].digest
    assert set(specs[0].files) == {"openapi.json", "a.json"}


def test_file_that_nobody_names_is_not_read(parse: Parse) -> None:
    assert set(parse(around({}), files={"other.json": b"\xff"}).files) == {"openapi.json"}


def test_plain_data_round_trip_is_equal(parse: Parse) -> None:
    spec = parse(YAML)

    assert openapi.Spec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize("kind", ["files", "root"])
def test_load_gives_the_spec_as_plain_data(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    source: dict[str, Any] = (
        {"files": {"a.yaml": YAML.encode()}} if kind == "files" else {"root": str(tmp_path)}
    )

    made = openapi.load({**source, "entry": "a.yaml"})

    assert openapi.Spec.from_dict(made).title == "Shop"


def test_same_bytes_give_the_same_spec(parse: Parse) -> None:
    assert parse(YAML).to_dict() == parse(YAML).to_dict()


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", "AW110"),
        ("[1]", "AW110"),
        ("just words", "AW110"),
        ({"info": {}}, "AW110"),
        ({"openapi": "4.0.0", "info": {}}, "AW111"),
        ({"swagger": "1.2", "info": {}}, "AW111"),
        ({"openapi": "3.0.3", "paths": {}}, "AW112"),
        ({"openapi": "3.0.3", "info": []}, "AW112"),
        ({"openapi": "3.0.3", "info": {}, "components": {"schemas": []}}, "AW112"),
        ({"swagger": "2.0", "info": {}, "definitions": []}, "AW112"),
    ],
)
def test_document_without_its_main_parts_is_refused(parse: Parse, document: Any, code: str) -> None:
    with pytest.raises(AppError) as caught:
        parse(document)

    assert caught.value.code == code
    assert caught.value.place.startswith("openapi.json")
    assert caught.value.fix


def test_json_with_a_trailing_comma_is_read_as_yaml_and_told(parse: Parse) -> None:
    spec = parse('{"openapi": "3.0.3", "info": {"title": "T", "version": "1"},\n "paths": {},}')

    assert [(each.rule, each.line) for each in spec.findings] == [("AW144", 2)]


def test_finding_names_file_place_and_line(parse: Parse) -> None:
    head = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {}\n"
    text = head + "components:\n  schemas:\n    A:\n      type: integer\n      default: x\n"

    found = parse(text).findings[0]

    assert (found.rule, found.file, found.place, found.line) == (
        "AW135",
        "openapi.json",
        "/components/schemas/A/default",
        8,
    )


def test_finding_in_another_file_names_that_file(parse: Parse) -> None:
    spec = parse(
        around({"A": {"$ref": "a.yaml#/defs/A"}}),
        files={"a.yaml": "defs:\n  A:\n    type: integer\n    default: x\n"},
    )

    assert [(each.file, each.place, each.line) for each in spec.findings] == [
        ("a.yaml", "/defs/A/default", 4)
    ]


def test_finding_in_2_0_names_the_place_as_written(parse: Parse) -> None:
    document = {
        "swagger": "2.0",
        "info": {"title": "T", "version": "1"},
        "paths": {},
        "definitions": {"A": {"required": True}},
    }

    assert "/definitions/A/required" in {each.place for each in parse(document).findings}


def test_many_findings_are_bounded(parse: Parse) -> None:
    spec = parse(
        schemas={f"A{n}": {"type": "integer", "default": "x", "customBasePath": "a.b"} for n in range(2000)}
    )

    assert len(spec.findings) <= 600


def test_names_are_every_file_and_nothing_is_judged() -> None:
    entry = b"openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {/a: {$ref: 'parts/a.yaml'}}"
    files = {"api.yaml": entry, "parts/a.yaml": b"get: {responses: 3}", "other.yaml": b"x"}

    assert openapi.names({"files": files, "entry": "api.yaml"}) == ["api.yaml", "parts/a.yaml"]
