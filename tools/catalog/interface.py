"""Does a reference use the inputs and outputs that a module has? Names first, types where given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .gate import HallucinationError
from .likeness import meant, near, shown
from .metadata import Field, Metadata


class InterfaceUnknown(HallucinationError):
    """The module has no such input or output."""

    code = "AW363"
    fix = "Use the inputs and outputs that the module's metadata lists."


class TypeMistaken(HallucinationError):
    """The input or output exists and is of another type."""

    code = "AW364"
    fix = "Use the type that the module's metadata lists."


class InputMissing(HallucinationError):
    """An input without a default was left out."""

    code = "AW365"
    fix = "Give every required input of the module."


def fits(
    metadata: Metadata, *, inputs: Mapping[str, str] | None = None, outputs: Mapping[str, str] | None = None
) -> None:
    """Whether a reference uses the interface that there is: names, and types where one is given.

    `inputs=None` says nothing of inputs; otherwise the required ones have to be among them.
    """
    for name, kind in (inputs or {}).items():
        _same(metadata, "input", metadata.inputs, name, kind)
    for name, kind in (outputs or {}).items():
        _same(metadata, "output", metadata.outputs, name, kind)
    missing = [each.name for each in metadata.inputs if each.is_required and each.name not in (inputs or {})]
    if inputs is not None and missing:
        text = ", ".join(missing[:20])
        raise InputMissing(f"{metadata.title} needs {text}.", place=metadata.place, missing=missing[:20])


def _same(metadata: Metadata, what: str, fields: Iterable[Field], name: str, kind: str) -> None:
    known = {each.name: each.type for each in fields}
    if name not in known:
        found = near(name, known)
        raise InterfaceUnknown(
            f"{metadata.title} has no {what} {shown(name)}.", place=metadata.place, fix=meant(found),
            suggestion=found, known=sorted(known)[:20],
        )  # fmt: skip
    if kind and _plain(kind) != _plain(known[name]):
        raise TypeMistaken(
            f"The {what} {name} of {metadata.title} is {known[name]}, not {shown(kind)}.",
            place=metadata.place, type=known[name],
        )  # fmt: skip


def _plain(kind: str) -> str:
    return re.sub(r"\s+", "", kind)
