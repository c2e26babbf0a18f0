"""Many files to one document with `#/` references only."""

from __future__ import annotations

from typing import Any

from . import grammar, refs
from .files import Opened


def bundled(opened: Opened, entry: str) -> dict[str, Any]:
    document: dict[str, Any] = opened.value(entry)
    for _, node, trail in grammar.walk(document, "root", grammar.of(document)):
        ref = node.get("$ref")
        if ref.__class__ is str and ref[:1] != "#":
            refs.target(ref, entry, grammar.pointer(trail))
    return document
