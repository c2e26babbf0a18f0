"""How much of a document we are willing to read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest real documents we know have 4 MB in one file, 3 MB in 800 files, 60 levels.

    `depth` counts nested mappings and lists: two for each object inside an object, so that 500
    accepts 200 schemas in one another. `brackets` bounds the mappings and lists of a file before
    it is parsed: real documents have up to 40,000, and up to 24,000 schemas. `digits` lets the
    largest double pass, written in full.
    """

    file_bytes: int = 8 * 1024 * 1024
    total_bytes: int = 16 * 1024 * 1024
    files: int = 2_000
    depth: int = 500
    nodes: int = 600_000
    brackets: int = 250_000
    schemas: int = 50_000
    alias_nodes: int = 100_000
    copied_nodes: int = 1_000_000
    digits: int = 400
    findings: int = 200
