"""Where LangGraph keeps the steps of durable runs: its own savers, on PostgreSQL where the store is there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core import blobs
from core.errors import Unavailable

POOL = 8  # connections: workers' steps and readers of states


class CheckpointsDamaged(Unavailable):
    """The file in which graphs keep their steps is no whole database, or cannot be written."""

    code = "AW792"
    retryable = False
    fix = "Move the file away: runs begin anew from the store, and published ones are found in git."


def is_away(error: BaseException) -> bool:
    """Whether the database of the steps failed in a way that may pass: away, overloaded, locked.

    LangGraph's savers let their drivers' own errors through; neither driver is loaded for this.
    """
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    return not kinds.isdisjoint(_PASSING)


_PASSING = frozenset(
    {
        "psycopg.InterfaceError",
        "psycopg.OperationalError",
        "psycopg_pool.PoolTimeout",
        "sqlite3.OperationalError",
    }
)


@contextlib.contextmanager
def opened(home: Path, store_url: str) -> Iterator[Any]:
    with _postgres(store_url) if store_url.startswith("postgres") else _sqlite(home) as saver:
        yield saver


@contextlib.contextmanager
def _postgres(url: str) -> Iterator[Any]:
    """A pool whose connections are looked at before use: one that was cut does not stay cut."""
    from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415  # optional group
    from psycopg.rows import dict_row  # noqa: PLC0415  # as above
    from psycopg_pool import ConnectionPool  # noqa: PLC0415  # as above

    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    wanted = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with ConnectionPool(
        plain, min_size=1, max_size=POOL, kwargs=wanted, check=ConnectionPool.check_connection
    ) as pool:
        saver = PostgresSaver(pool)  # type: ignore[arg-type]  # the pool's rows are dicts by `row_factory`
        saver.setup()
        yield saver


@contextlib.contextmanager
def _sqlite(home: Path) -> Iterator[Any]:
    import sqlite3  # noqa: PLC0415  # only a durable run needs it

    from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: PLC0415  # LangGraph: 1.9 CPU s

    path = blobs.private(home) / "checkpoints.db"
    file = sqlite3.connect(path, check_same_thread=False, timeout=30)
    with contextlib.closing(file):
        try:
            file.execute("PRAGMA synchronous=FULL")
            saver = SqliteSaver(file)
            saver.setup()
        except sqlite3.Error as error:
            raise CheckpointsDamaged(f"The checkpoints cannot be used: {error}.", place=str(path)) from error
        yield saver
