"""How runs come to be: rows first, then what was there already, then their threads. One transaction.

The rows are sorted, so that two processes with the same keys or threads never wait for each other
in a circle.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, select

from core.errors import Bug
from core.store import rows
from core.store.records import Admission, Run, canonical
from core.store.schema import runs
from core.store.threads import link

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


def draft(admission: Admission, at: float) -> dict[str, Any]:
    """The row it becomes. Raises where the input or a word cannot be kept."""
    if admission.thread:
        rows.word(admission.thread, "thread's id")
    return _UNTOUCHED | {
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


def write(db: Connection, drafts: Sequence[dict[str, Any]], threads: Sequence[str]) -> tuple[Run, ...]:
    """The run of each draft's key, in the order given: the one there was, or the new one."""
    order = sorted(range(len(drafts)), key=lambda each: (drafts[each]["tenant"], drafts[each]["key"]))
    rows.add_all(db, runs, [drafts[each] for each in order])
    new = set(db.scalars(select(runs.c.id).where(runs.c.id.in_([row["id"] for row in drafts]))))
    admitted = tuple(_new(row) if row["id"] in new else _kept(db, row) for row in drafts)
    asked = [(run.tenant, thread, run) for run, thread in zip(admitted, threads, strict=True) if thread]
    for _tenant, thread, run in sorted(asked, key=lambda each: each[:2]):
        link(db, run, thread)
    return admitted


def _new(row: dict[str, Any]) -> Run:
    return Run(**row | {"input": orjson.loads(row["input"])})


def _kept(db: Connection, row: dict[str, Any]) -> Run:
    found = rows.first(db, runs.c.tenant == row["tenant"], runs.c.key == row["key"])
    if found is None:
        raise Bug("A run was admitted and is not there.")
    return found
