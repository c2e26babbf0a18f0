"""OpenAPI schemas as an importable Pydantic package, with a report of what could not be carried over.

The document comes bundled (only `#/` references) and cleared of what is wrong in form. `generate`
and `prove` take and return plain data: each runs in its own confined child. No generated code is
imported before it is audited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import compose as _compose
from . import cuts
from . import fidelity as _fidelity
from . import package as _package
from . import samples as _samples
from .audit import audit
from .emit import Emitter
from .errors import LossyModels, ModelsDoNotImport, UnsafeModels
from .operations import Operations, Part
from .prove import build, load, prove, refusal, unload
from .quiet import uncollected
from .table import Table

__all__ = ["Models", "audit", "examples", "generate", "load", "prove", "refusal", "unload", "warm"]


@dataclass(frozen=True, slots=True)
class Models:
    """What `generate` returns, typed.

    `names` holds `schemas` (original name -> class), `operations` (operation -> role -> name) and
    `order` (class -> classes in its schema, in the order in which building them is cheap).
    """

    files: dict[str, str]
    names: dict[str, Any]
    fidelity: tuple[dict[str, Any], ...]
    classes: int
    examples: tuple[dict[str, Any], ...] = ()

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Models:
        return cls(
            found["files"],
            found["names"],
            tuple(found["fidelity"]),
            found["classes"],
            tuple(found["examples"]),
        )


def generate(document: dict[str, Any], strict: bool = False) -> dict[str, Any]:
    """The package's files, the names in it, and per schema and operation what was carried over.

    `strict` turns any loss into `LossyModels`.
    """
    with uncollected():
        return _generate(document, strict=strict)


def _generate(document: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    table, parts = _read(document)
    emitter = Emitter(table.entries)
    files = _files(emitter, parts)
    fidelity = _fidelity.report(table, parts)
    losses = [row for row in fidelity if row["status"] != "generated"]
    if strict and losses:
        named = "; ".join(f"{row['name']}: {', '.join(row['lost'])}" for row in losses[:5])
        raise LossyModels(
            f"{len(losses)} parts of the document are not whole in the models. {named}", losses=losses[:200]
        )
    return {
        "files": files,
        "names": {
            "schemas": _package.schemas(table.entries),
            "operations": _package.operations(parts),
            "order": cuts.order(emitter.graph, emitter.cuts),
        },
        "fidelity": fidelity,
        "classes": len(table.entries),
        "examples": _samples.collect(table, parts),
    }


def _files(emitter: Emitter, parts: list[Part]) -> dict[str, str]:
    """The audited package. What another generator merged is tried out; if it does not work, the
    schemas in question take any value, and the report says so."""
    composed = _compose.compose(emitter)
    if composed.classes:
        try:
            files = _audited(_package.files(emitter, composed, parts))
            build(files, [name for name, entry in emitter.entries.items() if entry.composed])
        except (ModelsDoNotImport, UnsafeModels) as error:
            for name in [name for name, entry in emitter.entries.items() if entry.composed]:
                emitter.open(name, f"everything ({error.message})")
            composed = _compose.NOTHING
        else:
            return files
    return _audited(_package.files(emitter, composed, parts))


def _audited(files: dict[str, str]) -> dict[str, str]:
    for path, text in files.items():
        if path not in ("_later.py", "_times.py"):  # our own bytes
            audit(text)
    return files


def examples(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The document's own examples, as `prove` takes them. `generate` returns the same list."""
    return _samples.collect(*_read(document))


def warm() -> None:
    """What every run needs, once: a sandbox calls this before it forks children."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "a"}}}
    found = generate({"openapi": "3.1.0", "components": {"schemas": {"A": schema}}})
    prove(found["files"], found["names"], [{"name": "A", "value": {"a": "a"}, "place": ""}])


def _read(document: dict[str, Any]) -> tuple[Table, list[Part]]:
    table = Table(document)
    table.read()  # first the components: an inline schema of an operation may equal one of theirs
    operations = Operations(table)
    operations.read()
    table.read()
    return table, operations.parts
