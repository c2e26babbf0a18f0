"""What happened and what is under way: runs, effects, approvals, threads, keys, replies, blobs.

One SQL store: SQLite (WAL) by default, PostgreSQL by URL, the same code over both. A run is in the
store before anybody hears of it; whoever works on it holds a lease with a fencing token; what it
changes outside is journaled as intent, then receipt. A tenant is an argument of every question.

    with store.open(url, now=time.time) as db:
        run = db.runs.admit(tenant, graph="integrate", key=key, input=facts)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.store.errors import (
    AdmissionsClosed,
    ApprovalStale,
    AttemptsUsedUp,
    KeyExists,
    KeyMissing,
    LeaseLost,
    MetadataTooLarge,
    ReceiptDiffers,
    RunEnded,
    RunTaken,
    RunUnknown,
    StoreBroken,
    StoreBusy,
    StoreCorrupt,
    StoreDriverMissing,
    StoreExposed,
    StoreFull,
    StoreNewer,
    StoreReadOnly,
    StoreReplaced,
    StoreUnavailable,
    StoreUrlInvalid,
    ThreadExists,
    ThreadMissing,
    ValueNotPlain,
    WordTooLong,
)
from core.store.records import (
    ENDED,
    Admission,
    Approval,
    Decision,
    Effect,
    Key,
    Reply,
    Run,
    State,
    ThreadRow,
    canonical,
    key,
)

if TYPE_CHECKING:
    from core.store.sql import Store

__all__ = [
    "ENDED",
    "Admission",
    "AdmissionsClosed",
    "Approval",
    "ApprovalStale",
    "AttemptsUsedUp",
    "Decision",
    "Effect",
    "Key",
    "KeyExists",
    "KeyMissing",
    "LeaseLost",
    "MetadataTooLarge",
    "ReceiptDiffers",
    "Reply",
    "Run",
    "RunEnded",
    "RunTaken",
    "RunUnknown",
    "State",
    "StoreBroken",
    "StoreBusy",
    "StoreCorrupt",
    "StoreDriverMissing",
    "StoreExposed",
    "StoreFull",
    "StoreNewer",
    "StoreReadOnly",
    "StoreReplaced",
    "StoreUnavailable",
    "StoreUrlInvalid",
    "ThreadExists",
    "ThreadMissing",
    "ThreadRow",
    "ValueNotPlain",
    "WordTooLong",
    "canonical",
    "key",
    "open",
]


def open(  # noqa: A001  # read as `store.open`
    url: str, *, now: Callable[[], float] = time.time, busy_s: float = 5.0, pool: int = 16
) -> Store:
    """Open, and where needed create or migrate, the store at `sqlite:///path` or `postgresql://…`.

    `now` gives seconds since the epoch. `busy_s` is how long to wait for another writer, or for one
    of the `pool` connections that threads share.
    """
    from core.store import sql  # noqa: PLC0415  # SQLAlchemy costs 0.5 CPU s; a plan needs no store

    return sql.connect(url, now=now, busy_s=busy_s, pool=pool)
