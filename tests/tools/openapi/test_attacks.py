"""Hostile documents, by their line in the catalogue of attacks: no connection, no leak, an early end."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import AppError
from tools import openapi

from .conftest import Parse, around


class Canary:
    """Counts who connects to it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.hits = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.hits += 1
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.close()


def refused(parse: Parse, document: Any = None, **more: Any) -> AppError:
    with pytest.raises(AppError) as caught:
        parse(document, **more)
    return caught.value


REFS = {
    "A6 http": "http://127.0.0.1:{port}/x.json#/A",
    "A6 hex address": "http://0x7f000001:{port}/x.json",
    "A6 upper case": "HTTP://127.0.0.1:{port}/x.json",
    "A6 no scheme": "//127.0.0.1:{port}/x.json",
    "A6 encoded scheme": "http%3A//127.0.0.1:{port}/x",
    "A6 leading space": " http://127.0.0.1:{port}/x",
    "A6 ftp": "ftp://127.0.0.1:{port}/x",
    "A6 data": "data:application/json,{{}}",
    "A8 parent": "../secret.json",
    "A8 parent below": "a/../../secret.json#/x",
    "A9 absolute": "/etc/passwd",
    "A9 home": "~/secret.json",
    "A9 device": "/dev/zero",
    "A10 file": "file:///etc/passwd",
    "A10 file, one slash": "file:/etc/passwd#/x",
    "A12 encoded dots": "%2e%2e/secret.json",
    "A12 encoded slash": "..%2fsecret.json",
    "A12 encoded absolute": "%2fetc/passwd",
    "A12 backslash": "..\\secret.json",
    "A12 NUL": "a%00.json",
    "A12 query": "a.json?x=1",
}
PLACES = {
    "schema": lambda ref: around({"A": {"$ref": ref}}),
    "property": lambda ref: around({"A": {"properties": {"x": {"$ref": ref}}}}),
    "path item": lambda ref: {**around({}), "paths": {"/a": {"$ref": ref}}},
    "whole mapping": lambda ref: around({"$ref": ref}),
    "parameter": lambda ref: {
        **around({}),
        "paths": {"/a": {"get": {"responses": {}, "parameters": [{"$ref": ref}]}}},
    },
}


@pytest.mark.parametrize("place", list(PLACES))
@pytest.mark.parametrize("kind", list(REFS))
def test_reference_that_leaves_is_refused_with_its_place(
    tmp_path: Path, canary: Canary, kind: str, place: str
) -> None:
    (tmp_path / "secret.json").write_text('{"x": "the secret"}')
    inside = tmp_path / "spec"
    inside.mkdir()
    (inside / "openapi.json").write_text(json.dumps(PLACES[place](REFS[kind].format(port=canary.port))))

    with pytest.raises(AppError) as caught:
        openapi.parse(openapi.locate(inside))

    assert caught.value.code == "AW113"
    assert caught.value.facts["pointer"]
    assert "the secret" not in str(caught.value.to_dict())
    assert canary.hits == 0


def test_a11_addresses_that_are_no_references_are_left_alone(canary: Canary, parse: Parse) -> None:
    url = f"http://127.0.0.1:{canary.port}/x"
    schema = {
        "$id": url,
        "$schema": url,
        "$anchor": "here",
        "$dynamicRef": f"{url}#meta",
        "externalDocs": {"url": url},
        "discriminator": {"propertyName": "k", "mapping": {"a": url}},
        "type": "object",
    }
    document = {
        **around({"A": schema}, "3.1.0"),
        "servers": [{"url": url}],
        "externalDocs": {"url": url},
        "jsonSchemaDialect": url,
        "paths": {
            "/a": {
                "get": {
                    "responses": {
                        "200": {
                            "description": "",
                            "links": {"next": {"operationRef": url}},
                            "content": {"text/plain": {"examples": {"e": {"externalValue": url}}}},
                        }
                    }
                }
            }
        },
    }
    document["components"]["securitySchemes"] = {"s": {"type": "openIdConnect", "openIdConnectUrl": url}}

    spec = parse(document)

    assert canary.hits == 0
    assert not {"$id", "$schema", "$anchor", "$dynamicRef"} & set(spec.document["components"]["schemas"]["A"])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"$ref": {"type": "string"}}},
        {"type": "string", "example": {"$ref": "http://127.0.0.1:1/"}},
        {"type": "object", "default": {"$ref": "file:///etc/passwd"}},
        {"enum": [{"$ref": "/etc/passwd"}]},
        {"x-anything": {"$ref": "../x"}},
    ],
)
def test_a12_ref_as_a_name_or_inside_data_is_data(parse: Parse, schema: dict[str, Any]) -> None:
    assert parse(schemas={"A": schema}).document["components"]["schemas"]["A"] == schema


def test_a12_tilde_and_percent_in_a_pointer_are_decoded_once(parse: Parse) -> None:
    schemas = {
        "a/b~c d": {"type": "string"},
        "B": {"properties": {"x": {"$ref": "#/components/schemas/a~1b~0c%20d"}}},
    }

    assert parse(schemas=schemas).findings == ()


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"allOf": [{"$ref": "#/components/schemas/A"}, {"type": "object"}]}},
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
    ],
    ids=["A13", "A14"],
)
def test_a13_a14_circle_of_nothing_is_refused(parse: Parse, schemas: dict[str, Any]) -> None:
    assert refused(parse, schemas=schemas).code == "AW115"


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"x": schema}}
    return schema


def as_text(depth: int, form: str) -> str:
    """The same as `nested`, written without recursion."""
    inner = '{"type": "object", "properties": {"x": ' * depth + '{"type": "string"}' + "}}" * depth
    head = '{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {}, '
    head += '"components": {"schemas": {"A": '
    return ("# yaml\n" if form == "yaml" else "") + head + inner + "}}}"


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a18_two_hundred_levels_are_legal(parse: Parse, form: str) -> None:
    spec = parse(as_text(200, form))

    assert spec.findings == ()
    assert spec.document["components"]["schemas"]["A"]["properties"]["x"]["type"] == "object"


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("depth", [300, 2_000, 100_000])
def test_a18_deeper_is_refused_not_crashed(parse: Parse, form: str, depth: int) -> None:
    assert refused(parse, as_text(depth, form)).code == "AW103"


def bounded(started: float, seconds: float = 5.0) -> bool:
    return time.process_time() - started < seconds


def test_a15_doubling_all_of_is_read_in_bounded_time(parse: Parse) -> None:
    schemas: dict[str, Any] = {
        f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}] * 2} for n in range(25)
    }
    started = time.process_time()

    parse(schemas={**schemas, "S25": {"type": "object", "default": {}}})

    assert bounded(started)


def test_a16_thousands_of_linked_schemas_are_legal(parse: Parse) -> None:
    schemas = {
        f"M{n}": {
            "properties": {f"p{k}": {"$ref": f"#/components/schemas/M{(n * 7 + k) % 5000}"} for k in range(5)}
        }
        for n in range(5000)
    }
    started = time.process_time()

    assert parse(schemas=schemas).findings == ()
    assert bounded(started)


def test_a17_enum_of_a_hundred_thousand_is_legal(parse: Parse) -> None:
    started = time.process_time()

    parse(schemas={"A": {"type": "string", "enum": [f"v{n}" for n in range(100_000)], "default": "v99999"}})

    assert bounded(started)


HEAD = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {}\n"
BOMB = "x-0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n" + "".join(
    f"x-{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(HEAD + BOMB, "AW104", id="A19 bomb"),
        pytest.param(HEAD + "x-a: &a {b: *a}\n", "AW104", id="A20 recursive alias"),
        pytest.param(HEAD + "x-a: !!python/object/apply:os.system [id]\n", "AW107", id="A21 python tag"),
        pytest.param(HEAD + f"x-a: !!binary {'A' * 1_000_000}\n", "AW107", id="A21 binary"),
        pytest.param(HEAD + "x-a: !u x\n", "AW107", id="A21 unknown tag"),
        pytest.param(HEAD + "info: {title: U}\n", "AW106", id="A22 yaml"),
        pytest.param('{"openapi": "3.0.3", "openapi": "3.1.0"}', "AW106", id="A22 json"),
        pytest.param(HEAD + "x-a: .nan\n", "AW108", id="A24 nan"),
        pytest.param('{"openapi": NaN}', "AW108", id="A24 json nan"),
        pytest.param('{"openapi": -Infinity}', "AW108", id="A24 infinity"),
        pytest.param('{"a": ' + "9" * 5000 + "}", "AW108", id="A24 digits"),
        pytest.param('{"a": 1e999}', "AW108", id="A24 exponent"),
        pytest.param('{"a": "\\ud800"}', "AW109", id="A24 surrogate"),
        pytest.param(b"x" * (8 * 1024 * 1024 + 1), "AW102", id="A25 size"),
        pytest.param(b"openapi: '\xff'", "AW101", id="A26 utf-8"),
        pytest.param(b"openapi: a\0b", "AW101", id="A26 nul"),
        pytest.param("openapi: 3.0.3".encode("utf-16-le"), "AW101", id="A26 utf-16 without mark"),
        pytest.param("openapi: 3.0.3".encode("utf-32"), "AW101", id="A26 utf-32"),
        pytest.param(b"\xff\xfe\x00", "AW101", id="A26 half a character"),
    ],
)
def test_text_attack_is_refused_fast_with_its_code(parse: Parse, text: str | bytes, code: str) -> None:
    started = time.process_time()

    assert refused(parse, text).code == code
    assert bounded(started, 1.0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a26_marked_encodings_are_read(parse: Parse, encoding: str) -> None:
    assert parse(HEAD.encode(encoding)).title == "T"


def test_a23_odd_scalars_are_texts_and_told_with_their_lines(parse: Parse) -> None:
    text = HEAD + "components:\n  schemas:\n    A: {type: string, enum: [NO, 010, '1:30', 2024-01-01]}\n"

    spec = parse(text)

    assert spec.document["components"]["schemas"]["A"]["enum"] == ["NO", "010", "1:30", "2024-01-01"]
    assert [(each.rule, each.line) for each in spec.findings] == [("AW140", 6), ("AW141", 6), ("AW142", 6)]


def test_a24_minus_zero_is_zero(parse: Parse) -> None:
    assert parse(schemas={"A": {"type": "integer", "default": -0}}).findings == ()


@pytest.mark.parametrize("key", ["customTypePath", "customBasePath", "x-python-type", "x-python-import"])
def test_a3_keys_that_become_code_are_dropped_and_told(parse: Parse, key: str) -> None:
    spec = parse(schemas={"A": {"type": "object", "properties": {"x": {"type": "string", key: "os.system"}}}})

    assert "os.system" not in json.dumps(spec.document)
    told = [(each.rule, each.place) for each in spec.findings]
    assert ("AW152", f"/components/schemas/A/properties/x/{key}") in told


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a.b.c", "", "con", "x" * 300, "a\nb", "\u202ex"])
def test_a5_schema_name_never_becomes_a_file(parse: Parse, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))

    spec = parse(schemas={name: {"type": "string"}})

    assert list(spec.document["components"]["schemas"]) == [name]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("files", [2_100])
def test_more_files_than_allowed_are_refused(parse: Parse, files: int) -> None:
    names = {f"f{n}.json": {"type": "string"} for n in range(files)}
    schema = {"properties": {name: {"$ref": name} for name in names}}

    assert refused(parse, schemas={"A": schema}, files=names).code == "AW102"


def test_a37_linked_part_of_a_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(around({"A": {"$ref": "part.json"}})))
    (tmp_path / "part.json").symlink_to("/etc/passwd")

    with pytest.raises(AppError) as caught:
        openapi.parse(openapi.locate(tmp_path))

    assert caught.value.code == "AW116"
    assert "root:" not in str(caught.value.to_dict())


def test_next_document_is_read_after_a_refusal(parse: Parse) -> None:
    refused(parse, HEAD + BOMB)

    assert parse(HEAD).title == "T"
