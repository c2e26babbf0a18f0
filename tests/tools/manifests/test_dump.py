"""The YAML writer: what is read back is what was given, by every reader."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from tools.manifests import dump

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT.filter(lambda t: len(t) < 100), inner, max_size=4)
    ),
    max_leaves=12,
)
MISREAD = (
    "no", "Yes", "ON", "off", "y", "N", "true", "null", "~", "0777", "0o17", "0x1F", "1e3", "1_000", "1:30",
    "12:30:45", "2024-01-02", ".inf", ".NaN", "=", "<<", "-", "?", ":", ",", "#", "1.0", "+1", "-1", ".5",
    "1.", "0b1", "001",
)  # fmt: skip


@given(DATA)
def test_what_is_read_back_is_what_was_written(data: object) -> None:
    assert yaml.safe_load(dump.yaml(data)) == data


@given(DATA)
def test_one_value_is_one_document(data: object) -> None:
    assert len(list(yaml.safe_load_all(dump.yaml({"a": data})))) == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value(number: float) -> None:
    assert yaml.safe_load(dump.yaml([number])) == [number]


@pytest.mark.parametrize("text", MISREAD)
def test_texts_that_look_like_something_else_are_quoted(text: str) -> None:
    assert dump.yaml({"a": text}) == f'a: "{text}"\n'


@pytest.mark.parametrize(
    "text", ["&a", "*a", "!!python/name:os.system", "%x", "@x", "`x", "|", ">", "{a: 1}", "[a]"]
)
def test_indicators_are_quoted(text: str) -> None:
    assert dump.yaml([text]) == f'- "{text}"\n'


@pytest.mark.parametrize("text", ["a # b", "a: b", "a ", " a", "a:", "'a", "a\tb"])
def test_texts_with_a_meaning_inside_are_quoted(text: str) -> None:
    assert dump.yaml([text]).startswith('- "')


@pytest.mark.parametrize(
    "char", ["\r", "\x85", "\u2028", "\u2029", "\ufeff", "\u202e", "\x00", "\x7f", "\U000e0041"]
)
def test_characters_readers_disagree_on_are_escaped(char: str) -> None:
    assert char not in dump.yaml([f"a{char}b"])


@pytest.mark.parametrize(
    "text", ["shop", "a b", "ghcr.io/acme/shop:1.2.0", "../../base", "100m", "256Mi", "$text"]
)
def test_harmless_texts_stay_as_people_write_them(text: str) -> None:
    assert dump.yaml([text]) == f"- {text}\n"


def test_lines_of_plain_text_become_a_literal_block() -> None:
    assert dump.yaml({"a": {"b": "x\ny\n"}}) == "a:\n  b: |\n    x\n    y\n"


def test_a_document_mark_inside_a_text_stays_inside() -> None:
    text = "a\n---\nkind: ClusterRoleBinding\n"

    assert list(yaml.safe_load_all(dump.yaml({"a": text}))) == [{"a": text}]


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(Invalid, match="surrogate") as caught:
        dump.yaml({"a": "\ud800"})

    assert caught.value.code == "AW330"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"x"])
def test_what_yaml_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        dump.yaml([value])
