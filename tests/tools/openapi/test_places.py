"""From pointer to line, in JSON and YAML."""

from __future__ import annotations

import pytest

from tools.openapi import places

YAML = "a:\n  b:\n    - x\n    - c: 1\n      d: {e: 2}\n'f/g': &x\n  h: *x2\n"
JSON = '{\n "a": {\n  "b": [\n   "x, {",\n   {"c": 1,\n    "d": {"e": 2}}\n  ]\n },\n '
JSON += '"f/g": {"h": "\\"{"},\n "i": 1\n}'


@pytest.mark.parametrize(
    ("pointer", "line"),
    [("", 1), ("/a", 2), ("/a/b/1", 4), ("/a/b/1/d/e", 5), ("/f~1g/h", 7), ("/a/b/9/z", 3), ("/zz", 1)],
)
def test_line_in_yaml(pointer: str, line: int) -> None:
    text = YAML.replace("*x2", "1")

    assert places.lines(text, [pointer]) == {pointer: line}


@pytest.mark.parametrize(
    ("pointer", "line"),
    [("", 1), ("/a", 2), ("/a/b/1", 5), ("/a/b/1/d/e", 6), ("/f~1g/h", 9), ("/i", 10), ("/zz", 1)],
)
def test_line_in_json(pointer: str, line: int) -> None:
    assert places.lines(JSON, [pointer]) == {pointer: line}


def test_text_that_cannot_be_read_gives_the_nearest_line() -> None:
    assert places.lines("a: [", ["/a/0"])["/a/0"] >= 1
