"""YAML as OpenAPI reads it: JSON's values, everything else a text, and a word about what surprises."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AppError
from tools.openapi import yamltext
from tools.openapi.limits import Limits


def read(text: str) -> Any:
    return yamltext.parsed(text, "a.yaml", Limits())


def surprises(text: str) -> list[yamltext.Surprise]:
    found: list[yamltext.Surprise] = []
    yamltext.parsed(text, "a.yaml", Limits(), found)
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("010", "010"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("-", None),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-0", 0),
        ("+3", 3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("0x1F", 31),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_scalar_is_read_as_json_would_write_it(text: str, value: Any) -> None:
    got = read(f"a: {text}") if text != "-" else {"a": read("-")[0]}

    assert got == {"a": value}
    assert type(got["a"]) is type(value)


def test_keys_become_texts_as_they_are_written() -> None:
    assert read("200: a\n1.50: b\nnull: c\ntrue: d\n2024-01-01: e") == {
        "200": "a",
        "1.50": "b",
        "null": "c",
        "true": "d",
        "2024-01-01": "e",
    }


@pytest.mark.parametrize(
    ("text", "kind"), [("NO", "boolean"), ("010", "number"), ("1:30", "number"), ("2024-01-01", "date")]
)
def test_surprising_scalar_is_told_with_its_line(text: str, kind: str) -> None:
    assert surprises(f"a: 1\nb: {text}\n") == [yamltext.Surprise(kind, text, 2)]


def test_quoted_scalar_surprises_nobody() -> None:
    assert surprises("a: 'NO'\nb: \"010\"\n200: x\n") == []


def test_merge_key_fills_in_what_is_missing() -> None:
    assert read("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n")["b"] == {"x": 1, "y": 3}


def test_alias_is_a_copy() -> None:
    value = read("a: &a {x: [1]}\nb: *a\n")

    value["b"]["x"].append(2)

    assert value["a"] == {"x": [1]}


def test_integer_over_64_bits_becomes_the_nearest_double() -> None:
    assert read("a: 18446744073709551616") == {"a": 18446744073709551616.0}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\na: 2\n", "AW106", 2),
        ("a: {b: 1, b: 2}\n", "AW106", 1),
        ("a: 1\nb: !!python/object/apply:os.system [id]\n", "AW107", 2),
        ("a: !!binary aGk=\n", "AW107", 1),
        ("a: !custom x\n", "AW107", 1),
        ("a: !!set {x}\n", "AW107", 1),
        ("a: .nan\n", "AW108", 1),
        ("a: -.inf\n", "AW108", 1),
        ("a: 1e999\n", "AW108", 1),
        (f"a: {'9' * 5000}\n", "AW108", 1),
        ('a: "x\\0y"\n', "AW109", 1),
        ("a: &a [*a]\n", "AW104", 1),
        ("a: *b\n", "AW105", 1),
        ("a: 1\n---\nb: 2\n", "AW105", 2),
        ("? [a]\n: 1\n", "AW105", 1),
        ("a: [1\n", "AW105", 2),
        ("<<: 3\n", "AW105", 1),
        ("[" * 501 + "]" * 501, "AW103", 1),
    ],
)
def test_what_is_refused_names_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(AppError) as caught:
        read(text)

    assert caught.value.code == code
    assert caught.value.place == f"a.yaml:{line}"


def test_depth_grown_by_aliases_is_refused() -> None:
    half = "[" * 300 + "]" * 300

    with pytest.raises(AppError) as caught:
        read(f"a: &a {half}\nb: {'[' * 300}*a{']' * 300}\n")

    assert caught.value.code == "AW103"


def test_bomb_is_refused_before_it_grows() -> None:
    rows = [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]

    with pytest.raises(AppError) as caught:
        read("a0: &a0 [lol]\n" + "\n".join(rows))

    assert caught.value.code == "AW104"


_TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Cn"), blacklist_characters="\ufeff"), max_size=20
)
_NUMBER = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
_PLAIN = st.recursive(
    st.none() | st.booleans() | _NUMBER | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcXYZ_ -", max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_PLAIN)
def test_reads_back_whatever_json_writes(value: Any) -> None:
    assert read(json.dumps({"a": value}, ensure_ascii=False)) == {"a": value}


@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1), st.text("abcdefgh .#:-[]{}'\"\n", max_size=30), max_size=5
    )
)
def test_agrees_with_pyyaml_on_texts(value: dict[str, str]) -> None:
    text = yaml.safe_dump(value)

    assert read(text) == yaml.safe_load(text)


@given(st.recursive(st.integers() | st.text("abcxyz"), lambda x: st.lists(x, max_size=3)
       | st.dictionaries(st.text("abcxyz", min_size=1), x, max_size=3), max_leaves=15))  # fmt: skip
def test_agrees_with_pyyaml_on_structure(value: Any) -> None:
    document = yaml.safe_dump({"a": value})
    expected = yaml.safe_load(document)

    if all(abs(number) < 2**63 for number in _integers(expected)):
        assert read(document) == expected


def _integers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for each in value.values() for number in _integers(each)]
    if isinstance(value, list):
        return [number for each in value for number in _integers(each)]
    return [value] if isinstance(value, int) else []
