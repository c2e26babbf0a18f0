"""The strict reader: what Kubernetes' own reader makes of a document, and where readers disagree."""

from __future__ import annotations

from typing import Any

import pytest

from tools.validation import documents, reading
from tools.validation.reading import Limits

LIMITS = Limits()


def load(text: str) -> reading.Loaded:
    return reading.load(text, limits=LIMITS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: true", True),
        ("a: ~", None),
        ("a:", None),
        ("a: '1'", "1"),
        ('a: "no"', "no"),
        ("a: |\n  no", "no"),
        ("a: -5", -5),
        ("a: 0x1F", 31),
        ("a: 1.5", 1.5),
        ("a: 1.0", 1),
        ("a: =", "="),
        ("a: 1.2.3", "1.2.3"),
        ("a: -", None),
        ("a: !!str 1", "1"),
        ("a: !!int 1", 1),
        ("a: !!binary aGk=", "hi"),
        ("a: &x [1]", [1]),
        ("a: {b: &x 1, c: *x}", {"b": 1, "c": 1}),
        ("a: {<<: {b: 1}, c: 2}", {"b": 1, "c": 2}),
        ("a: 18446744073709551615", 2**64 - 1),
    ],
)
def test_plain_values_are_read_as_kubernetes_reads_them(text: str, value: Any) -> None:
    if text == "a: -":
        assert load(text).broken
    else:
        assert load(text) == reading.Loaded({"a": value})


@pytest.mark.parametrize(
    ("text", "value", "severity"),
    [
        ("a: yes", True, "warning"),
        ("a: off", False, "warning"),
        ("a: n", False, "warning"),
        ("a: 12:30", "12:30", "warning"),
        ("a: 1e3", 1000, "warning"),
        ("a: 1_000", 1000, "warning"),
        ("a: 08", 8, "warning"),
        ("a: 0777", 511, "note"),
        ("a: 0o17", 15, "note"),
        ("a: 2024-01-02", "2024-01-02", "note"),
    ],
)
def test_words_that_readers_disagree_about_are_remarked(text: str, value: Any, severity: str) -> None:
    loaded = load(text)

    assert loaded.value == {"a": value}
    assert [(r.rule, r.severity, r.line) for r in loaded.remarks] == [("AW422", severity, 1)]


def test_a_key_that_is_a_word_of_yaml_1_1_is_remarked() -> None:
    loaded = load("on: 1")

    assert loaded.value == {"true": 1}
    assert "AW422" in {remark.rule for remark in loaded.remarks}


BOMB = "a: &a [1,2,3,4,5,6,7,8,9,0]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("a: 1\nb: 2\na: 3", "AW421", 3),
        ("a: {b: 1, b: 2}", "AW421", 1),
        ("1: a\n'1': b", "AW421", 2),
        ("x: &x {a: 1}\ny:\n  <<: *x\n  a: 2", "AW421", 4),
        ("a: [", "AW420", 2),
        ("a: *b", "AW420", 1),
        ("a: &a [*a]", "AW420", 1),
        ("a: b\x07", "AW420", 1),
        ("a: \ud800", "AW420", 1),
        ("[" * 5000, "AW423", 1),
        ("{a: " * 200, "AW423", 1),
        (BOMB, "AW423", 5),
        ("a: !!python/object/apply:os.system [x]", "AW424", 1),
        ("a: !!python/name:os.system x", "AW424", 1),
        ("a: !Ref x", "AW424", 1),
        ("a: !!int x", "AW424", 1),
        ("a: !!binary '?'", "AW424", 1),
        ("a: .inf", "AW425", 1),
        ("a: .NaN", "AW425", 1),
        ("? [1]\n: 2", "AW427", 1),
        ("~: 1", "AW427", 1),
        ("--- {a: 1}\n...\n---\n{b: 1}", "AW426", 3),
    ],
)
def test_document_is_refused_with_its_line(text: str, rule: str, line: int) -> None:
    loaded = load(text)

    assert loaded.broken
    assert [(r.rule, r.line) for r in loaded.remarks if r.severity == "error"] == [(rule, line)]


def read(text: str) -> list[documents.Document]:
    return documents.read("a.yaml", text, limits=LIMITS)


def test_a_broken_document_does_not_hide_the_others() -> None:
    found = read("a: 1\n---\nb: [\n---\nc: 3\n")

    assert [(d.value, d.broken) for d in found] == [({"a": 1}, False), (None, True), ({"c": 3}, False)]
    assert [d.id for d in found] == ["a.yaml#1", "a.yaml#2", "a.yaml#3"]


def test_documents_of_comments_only_do_not_count() -> None:
    assert read("# one\n---\n\n---\n# two\n") == []


def test_three_dashes_inside_a_text_do_not_split_it() -> None:
    (found,) = read("a: |\n  ---\n  -----BEGIN\nb: x---y\n")

    assert found.value == {"a": "---\n-----BEGIN\n", "b": "x---y"}


def test_content_on_the_marker_line_is_refused() -> None:
    (found,) = read("--- {kind: Secret}\n")

    assert found.broken
    assert [f.rule for f in found.findings] == ["AW426"]


def test_lists_are_written_out_with_their_places() -> None:
    found = read("kind: List\nitems:\n  - {kind: A}\n  - kind: List\n    items:\n      - {kind: B}\n")

    assert [(d.id, d.kind, d.line) for d in found] == [
        ("a.yaml#1/items/0", "A", 3),
        ("a.yaml#1/items/1/items/0", "B", 6),
    ]


@pytest.mark.parametrize("text", ["kind: List\nitems: []", "kind: List\nitems: x", "kind: List\nitems: [1]"])
def test_a_list_of_nothing_is_refused(text: str) -> None:
    (found,) = read(text)

    assert [f.rule for f in found.findings] == ["AW428"]


def test_a_list_nested_too_deep_is_refused() -> None:
    text = "{kind: List, items: [" * 6 + "{kind: A}" + "]}" * 6

    assert [f.rule for d in read(text) for f in d.findings] == ["AW428"]


def test_lines_count_from_the_start_of_the_file() -> None:
    found = read("# head\n\na: 1\n---\n\n# note\nb:\n  c: [x,\n    y]\n")

    assert found[0].line_of("/a") == 3
    assert (found[1].line_of("/b/c/1"), found[1].line_of("/b/zzz")) == (9, 7)


def test_pointers_escape_slashes_in_keys() -> None:
    (found,) = read("a:\n  b/c~d: 1\n")

    assert found.line_of("/a/b~1c~0d") == 2
