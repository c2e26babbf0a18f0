"""JSON read at orjson's speed without its silences."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AppError
from tools.openapi import jsontext
from tools.openapi.limits import Limits


def read(text: str) -> Any:
    return jsontext.parsed(text, "a.json", Limits())


@pytest.mark.parametrize(
    "text",
    [
        '{"slug":"a","slug":"b"}',
        '{"a":1,\n"b":{"c":1,"c" : 2}}',
        '{"a":1, "a"\n:1}',
        '{"\\u0061":1,"a":2}',
        '{"x":"\\u003a","a":1,"a":1}',
        '[{"a":":","a":""}]',
    ],
)
def test_duplicate_key_is_refused(text: str) -> None:
    with pytest.raises(AppError) as caught:
        read(text)

    assert caught.value.code == "AW106"


def test_duplicate_key_names_the_line_of_the_second() -> None:
    with pytest.raises(AppError) as caught:
        read('{"a": 1,\n "b": 2,\n "a": 3}')

    assert caught.value.place == "a.json:3"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[NaN]", "AW108"),
        ("[Infinity]", "AW108"),
        ("[-Infinity]", "AW108"),
        ("[1e999]", "AW108"),
        ("[" + "9" * 5000 + "]", "AW108"),
        ('["\\ud800"]', "AW109"),
        ('{"x\\udfff": 1}', "AW109"),
        ('["a\\u0000b"]', "AW109"),
        ('{"\\u0000": 1}', "AW109"),
        ("[" * 2000 + "]" * 2000, "AW103"),
        ("{,}", "AW105"),
    ],
)
def test_refusals_are_typed(text: str, code: str) -> None:
    with pytest.raises(AppError) as caught:
        read(text)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[-0]", [0]),
        ("[18446744073709551615]", [2**64 - 1]),
        ("[18446744073709551616]", [2.0**64]),
        ('["a:b\\u003ac"]', ["a:b:c"]),
        ('["\\\\u0000"]', ["\\u0000"]),
        ('["\\u003a\\ud83d\\ude00"]', [":\U0001f600"]),
        ('["\\u0085"]', ["\x85"]),
    ],
)
def test_odd_but_legal_values_are_kept(text: str, value: Any) -> None:
    assert read(text) == value


def test_large_integer_is_the_same_for_both_readers() -> None:
    fast, careful = read("[1" + "0" * 30 + "]"), read('["\\u003a", 1' + "0" * 30 + "]")

    assert fast[0] == careful[1]
    assert type(fast[0]) is type(careful[1]) is float


_TEXT = st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63)
    | st.text(_TEXT, max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(_TEXT, max_size=6), inner, max_size=4),
    max_leaves=25,
)  # fmt: skip


@given(_VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_reads_what_json_writes(value: Any, escaped: bool, indent: Any) -> None:
    assert read(json.dumps(value, ensure_ascii=escaped, indent=indent)) == value


@pytest.mark.parametrize(("levels", "most"), [(101, 100), (301, 300), (501, 500)])
def test_depth_over_the_limit_is_refused_by_either_reader(levels: int, most: int) -> None:
    with pytest.raises(AppError) as caught:
        jsontext.parsed("[" * levels + "]" * levels, "a.json", Limits(depth=most))

    assert caught.value.code == "AW103"


@pytest.mark.parametrize("levels", [100, 254, 255, 500])
def test_depth_up_to_the_limit_is_read_by_either_reader(levels: int) -> None:
    value = jsontext.parsed("[" * levels + "]" * levels, "a.json", Limits(depth=levels))

    assert isinstance(value, list)
