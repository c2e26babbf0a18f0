"""OpenAPI schemas as an importable Pydantic package, with a report of what could not be carried over.

The document comes bundled (only `#/` references) and cleared of what is wrong in form. `generate`
and `prove` take and return plain data: each runs in its own confined child. Nothing here imports
generated code except `prove`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import compose as _compose
from . import package as _package
from .audit import audit
from .emit import Emitter
from .errors import LossyModels
from .operations import Operations
from .prove import prove
from .table import Table

__all__ = ["Models", "audit", "generate", "prove"]


@dataclass(frozen=True, slots=True)
class Models:
    """What `generate` returns, typed."""

    files: dict[str, str]
    names: dict[str, dict[str, str]]
    fidelity: tuple[dict[str, Any], ...]
    classes: int

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Models:
        return cls(found["files"], found["names"], tuple(found["fidelity"]), found["classes"])


def generate(document: dict[str, Any], *, strict: bool = False) -> dict[str, Any]:
    """The package's files, the names in it, and per schema and operation what was carried over.

    `strict` turns any loss into `LossyModels`.
    """
    table = Table(document)
    table.read()
    operations = Operations(table)
    operations.read()
    table.read()
    emitter = Emitter(table.entries)
    composed = _compose.compose(emitter)
    files = _package.files(emitter, composed, operations.parts)
    for text in files.values():
        audit(text)
    fidelity = _fidelity(table)
    losses = [row for row in fidelity if row["status"] != "generated"]
    if strict and losses:
        raise LossyModels(f"{len(losses)} parts of the document are not whole in the models.", losses=losses)
    return {
        "files": files,
        "names": {
            "schemas": _package.schemas(table.entries),
            "operations": _package.operations(operations.parts),
        },
        "fidelity": fidelity,
        "classes": len(table.entries),
    }


def _fidelity(table: Table) -> list[dict[str, Any]]:
    return [
        {
            "place": entry.place,
            "name": entry.original or entry.name,
            "class": entry.name,
            "status": "partial" if entry.losses else "generated",
            "lost": list(entry.losses),
        }
        for entry in table.entries.values()
    ]
