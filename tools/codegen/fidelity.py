"""What became of each schema and of each operation's parts: generated, partial or dropped, and why."""

from __future__ import annotations

from typing import Any

from .nodes import Node
from .operations import Part
from .table import Table

Row = dict[str, Any]


def report(table: Table, parts: list[Part]) -> list[Row]:
    """One row for each schema (inline ones too), then one for each part of an operation."""
    rows = [
        _row(
            "schema",
            entry.place,
            (entry.name if entry.original is None else entry.original, entry.name),
            entry.losses,
            entry.schema,
        )
        for entry in table.entries.values()
    ]
    lossy = {entry.name for entry in table.entries.values() if entry.losses}
    for part in parts:
        losses = [*part.losses, *([f"see {part.name}"] if part.name in lossy else [])]
        node = {"$ref": part.name} if part.node is None else part.node
        rows.append(_row("operation", part.place, (f"{part.operation} {part.role}", part.name), losses, node))
    return rows


def _row(kind: str, place: str, names: tuple[str, str], losses: list[str], node: Node) -> Row:
    name, python = names
    nothing = not (node.keys() - {"description", "default"})
    status = "generated" if not losses else "dropped" if nothing else "partial"
    return {
        "kind": kind,
        "place": place,
        "name": name,
        "class": python,
        "status": status,
        "lost": list(losses),
    }
