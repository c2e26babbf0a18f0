"""What happened and what is under way: runs, effects and approvals in one SQL store.

SQLite (WAL) by default, PostgreSQL by URL, the same code over both. A run is in the store before
anybody hears of it; whoever works on it holds a lease with a fencing token; what it changes
outside is journaled as intent, then receipt. A tenant is an argument of every question.

    with store.open(url, now=time.time) as db:
        run = db.runs.admit(tenant, graph="integrate", key=key, input=facts)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.store.errors import (
    ApprovalStale,
    AttemptsUsedUp,
    LeaseLost,
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
    StoreUnavailable,
    StoreUrlInvalid,
    ValueNotPlain,
)
from core.store.records import ENDED, Approval, Decision, Effect, Run, State, canonical, key

if TYPE_CHECKING:
    from core.store.sql import Store

__all__ = [
    "ENDED",
    "Approval",
    "ApprovalStale",
    "AttemptsUsedUp",
    "Decision",
    "Effect",
    "LeaseLost",
    "ReceiptDiffers",
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
    "StoreUnavailable",
    "StoreUrlInvalid",
    "ValueNotPlain",
    "canonical",
    "key",
    "open",
]


def open(url: str, *, now: Callable[[], float] = time.time, busy_s: float = 5.0) -> Store:  # noqa: A001  # read as `store.open`
    """Open, and where needed create or migrate, the store at `sqlite:///path` or `postgresql://…`.

    `now` gives seconds since the epoch. `busy_s` is how long to wait for another writer.
    """
    from core.store import sql  # noqa: PLC0415  # SQLAlchemy costs 0.5 CPU s; a plan needs no store

    return sql.connect(url, now=now, busy_s=busy_s)
