"""The document's own examples, each with the Python name of what it is an example of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .operations import Part
from .table import Table

Example = dict[str, Any]
_MOST = 20_000


def collect(table: Table, parts: list[Part]) -> list[Example]:
    """`{"name", "value", "place"}` for each `example` and `examples` of schemas and bodies."""
    found: list[Example] = []
    for entry in table.entries.values():
        raw = entry.raw if isinstance(entry.raw, dict) else {}
        listed = raw.get("examples")
        if isinstance(listed, list):
            found += [_one(entry.name, v, f"{entry.place}/examples/{i}") for i, v in enumerate(listed)]
        if "example" in raw:
            found.append(_one(entry.name, raw["example"], f"{entry.place}/example"))
    seen: set[str] = set()
    for part in parts:
        if part.place not in seen and part.raw:
            seen.add(part.place)
            found += _of_media(part, table)
    return found[:_MOST]


def _of_media(part: Part, table: Table) -> Iterator[Example]:
    if "json" not in part.media:
        return
    place = f"{part.place}/content/{part.media.replace('~', '~0').replace('/', '~1')}"
    if "example" in part.raw:
        yield _one(part.name, part.raw["example"], f"{place}/example")
    listed = part.raw.get("examples")
    for key, each in listed.items() if isinstance(listed, dict) else ():
        if isinstance(each, dict) and isinstance(each.get("$ref"), str):
            each = table.resolve(each["$ref"])  # noqa: PLW2901  # an example may only be named
        if isinstance(each, dict) and "value" in each:
            yield _one(part.name, each["value"], f"{place}/examples/{key}")


def _one(name: str, value: Any, place: str) -> Example:
    return {"name": name, "value": value, "place": place}
