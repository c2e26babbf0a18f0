"""How runs come to be: rows first, then what was there already, then their threads. One transaction.

The rows are sorted, so that two processes with the same keys or threads never wait for each other
in a circle.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from core.errors import Bug
from core.store import marks, rows
from core.store.records import Admission, Run, canonical
from core.store.schema import runs
from core.store.threads import Link, link


@dataclass(frozen=True, slots=True)
class Draft:
    """An admission whose words were looked at, as the row it becomes."""

    row: dict[str, Any]
    thread: str
    metadata: Mapping[str, Any]


_UNTOUCHED: dict[str, Any] = {
    "state": "admitted",
    "result": None,
    "problem": None,
    "awaits": "",
    "attempt": 0,
    "owner": "",
    "lease_until": 0.0,
    "lease_s": 0.0,
    "fence": 0,
}


def draft(admission: Admission, at: float) -> Draft:
    """Raises where the input, the thread's id or its metadata cannot be kept."""
    if admission.thread:
        rows.word(admission.thread, "thread's id")
        marks.kept(admission.metadata)
    row = _UNTOUCHED | {
        "id": uuid.uuid4().hex,
        "tenant": admission.tenant,
        "graph": admission.graph,
        "key": admission.key,
        "input": canonical(admission.input),
        "trace_id": admission.trace_id,
        "parent_span": admission.parent_span,
        "created": at,
        "updated": at,
    }
    return Draft(row, admission.thread, admission.metadata)


def write(db: Connection, drafts: Sequence[Draft]) -> tuple[Run, ...]:
    """The run of each draft's key, in the order given: the one there was, or the new one."""
    wanted = [each.row for each in drafts]
    rows.add_all(db, runs, sorted(wanted, key=lambda row: (row["tenant"], row["key"])))
    new = set(db.scalars(select(runs.c.id).where(runs.c.id.in_([row["id"] for row in wanted]))))
    admitted = tuple(_new(row) if row["id"] in new else _kept(db, row) for row in wanted)
    pairs = zip(drafts, admitted, strict=True)
    link(db, [Link(run, each.thread, each.metadata) for each, run in pairs if each.thread])
    return admitted


def _new(row: dict[str, Any]) -> Run:
    return Run(**row | {"input": orjson.loads(row["input"])})


def _kept(db: Connection, row: dict[str, Any]) -> Run:
    found = rows.first(db, runs.c.tenant == row["tenant"], runs.c.key == row["key"])
    if found is None:
        raise Bug("A run was admitted and is not there.")
    return found
