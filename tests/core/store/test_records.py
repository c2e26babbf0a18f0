"""Canonical JSON and the key made from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from core import store


@dataclass
class Thing:
    a: int = 1


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def cycle() -> list[Any]:
    value: list[Any] = []
    value += [value, value]
    return value


@pytest.mark.parametrize(
    "make",
    [
        lambda: math.nan, lambda: math.inf, lambda: {"a": [-math.inf]}, lambda: 2**64, lambda: b"bytes",
        lambda: (1, 2), lambda: {1, 2}, lambda: {1: "a"}, Thing, lambda: datetime.now(UTC),
        lambda: "\ud800", lambda: {"\udfff": 1}, object, lambda: nested(10_000), cycle,
    ],
)  # fmt: skip
def test_what_json_cannot_hold_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(store.ValueNotPlain):
        store.canonical(make())


def test_two_hundred_levels_are_kept() -> None:
    assert store.canonical(nested(200)).count("[") == 201


def test_the_order_of_keys_does_not_matter() -> None:
    assert store.canonical({"b": 1, "a": {"d": 2, "c": 3}}) == '{"a":{"c":3,"d":2},"b":1}'


def test_a_key_is_a_sha256_that_never_changes() -> None:
    key = store.key("acme", {"b": [1, "é"], "a": None}, version="1.0", templates="t")

    assert key == "df7ba5b7f81d3d588cfb4e5d582fcff094153d120df79d385b087b5b100114c7"


def test_a_key_differs_with_each_of_its_parts() -> None:
    keys = {
        store.key("a", {"x": 1}, version="1", templates="t"),
        store.key("b", {"x": 1}, version="1", templates="t"),
        store.key("a", {"x": 2}, version="1", templates="t"),
        store.key("a", {"x": "1"}, version="1", templates="t"),
        store.key("a", {"x": 1}, version="2", templates="t"),
        store.key("a", {"x": 1}, version="1", templates="u"),
        store.key("a", {"x": 1}, version="1t", templates=""),
    }

    assert len(keys) == 7


VALUES = [None, True, 0, -1.5, "", "a\x00b", "\u2028", {"": []}, [{"é": {"k": [1.0]}}]]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_from_the_store_as_it_was(url: str, value: Any) -> None:
    with store.open(url) as db:
        run = db.runs.admit("acme", graph="integrate", key="k", input=value)

        assert db.runs.get("acme", run.id).input == value
