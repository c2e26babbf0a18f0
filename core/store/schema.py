"""The tables as the code asks them, and how a store is brought up to them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    select,
    text,
)

from core.store import steps
from core.store.errors import StoreCorrupt, StoreNewer

metadata = MetaData()

versions = Table(
    "store_version", metadata, Column("version", Integer, primary_key=True), Column("applied", Double)
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    *(
        Column(name, Text)
        for name in ("tenant", "graph", "key", "state", "input", "result", "problem", "awaits")
    ),
    Column("attempt", Integer),
    Column("owner", Text),
    Column("lease_until", Double),
    Column("lease_s", Double),
    Column("fence", BigInteger),
    Column("trace_id", Text),
    Column("parent_span", Text),
    Column("created", Double),
    Column("updated", Double),
)

effects = Table(
    "effects",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("tenant", "key", "name")),
    *(Column(name, Text) for name in ("run", "detail", "receipt")),
    Column("created", Double),
    Column("recorded", Double),
)

approvals = Table(
    "approvals",
    metadata,
    Column("run", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    *(Column(name, Text) for name in ("tenant", "plan_digest", "actor", "decision", "content")),
    Column("at", Double),
)

threads = Table(
    "threads",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("tenant", "id")),
    *(Column(name, Text) for name in ("graph", "metadata")),
    *(Column(name, Double) for name in ("created", "updated")),
)

thread_marks = Table(
    "thread_marks",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("tenant", "mark", "thread")),
)

thread_runs = Table(
    "thread_runs",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("tenant", "thread")),
    Column("seq", Integer, primary_key=True),
    Column("run", Text),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    *(Column(name, Text) for name in ("tenant", "name", "digest")),
    *(Column(name, Double) for name in ("created", "expires", "revoked")),
)

replies = Table(
    "replies",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("tenant", "key")),
    *(Column(name, Text) for name in ("fingerprint", "holder", "state")),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
    Column("created", Double),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("content", LargeBinary),
    Column("created", Double),
)

STEPS = steps.STEPS


def migrate(db: Connection, *, at: float) -> None:
    """Bring the store up to this version, in the transaction of `db`. The caller holds the lock."""
    done = version(db)
    if done > len(STEPS):
        raise StoreNewer(
            f"The store has schema {done}; this version knows schemas up to {len(STEPS)}.", schema=done
        )
    if done == 0 and not inspect(db).has_table("store_version"):
        db.execute(
            text(
                "CREATE TABLE store_version (version INTEGER PRIMARY KEY, applied DOUBLE PRECISION NOT NULL)"
            )
        )
    for number, step in enumerate(STEPS[done:], start=done + 1):
        step(db)
        db.execute(versions.insert().values(version=number, applied=at))


def version(db: Connection) -> int:
    """The number of the last step the store has seen; 0 when it has none of our tables."""
    tables = inspect(db)
    if not tables.has_table("store_version"):
        if tables.has_table("runs"):
            raise StoreCorrupt("The store has runs and no schema version: it is not one of ours, or damaged.")
        return 0
    return int(db.scalar(select(versions.c.version).order_by(versions.c.version.desc()).limit(1)) or 0)
