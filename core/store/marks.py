"""Marks: a hash for each path and value of a thread's metadata, so that a search is plain equality.

A filter's keys and values reach the database as hashes only, and both dialects mean the same by
them. `{"a": {"b": 1}}` holds the marks of "a is an object" and of "a.b is 1"; a list is one value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from core.store.errors import MetadataTooLarge
from core.store.records import canonical

_BYTES, _MARKS = 65_536, 500


def kept(metadata: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    """The metadata's text and marks, or a refusal."""
    text = canonical(dict(metadata))
    found = of(metadata) if len(text) <= _BYTES else frozenset()
    if len(text) > _BYTES or len(found) > _MARKS:
        raise MetadataTooLarge(
            f"A thread's metadata may have {_BYTES} bytes and {_MARKS} values.", bytes=len(text)
        )
    return text, found


def of(metadata: Mapping[str, Any]) -> frozenset[str]:
    """What a thread must have, all of it, for its metadata to hold `metadata`."""
    return frozenset(_mark(path, value) for path, value in _leaves(dict(metadata), ()))


def _leaves(value: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, item in value.items():
        below = (*path, key)
        yield below, {} if isinstance(item, dict) else item
        if isinstance(item, dict):
            yield from _leaves(item, below)


def _mark(path: tuple[str, ...], value: Any) -> str:
    whole = int(value) if isinstance(value, float) and value.is_integer() else value  # 1.0 is JSON's 1
    return hashlib.sha256(canonical([list(path), whole]).encode()).hexdigest()
