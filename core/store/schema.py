"""The tables, and the numbered steps that make them. A step is never edited once released: add one."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    select,
    text,
)

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
    *(Column(name, Text) for name in ("tenant", "plan_digest", "actor", "decision")),
    Column("at", Double),
)

_FIRST = (
    """CREATE TABLE runs (
        id TEXT PRIMARY KEY, tenant TEXT NOT NULL, graph TEXT NOT NULL, key TEXT NOT NULL,
        state TEXT NOT NULL
            CHECK (state IN ('admitted', 'running', 'waiting', 'done', 'failed', 'cancelled')),
        input TEXT NOT NULL, result TEXT, problem TEXT, awaits TEXT NOT NULL,
        attempt INTEGER NOT NULL, owner TEXT NOT NULL, lease_until DOUBLE PRECISION NOT NULL,
        lease_s DOUBLE PRECISION NOT NULL, fence BIGINT NOT NULL, trace_id TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL, updated DOUBLE PRECISION NOT NULL,
        UNIQUE (tenant, key), UNIQUE (tenant, id))""",
    "CREATE INDEX runs_by_lease ON runs (state, lease_until)",
    "CREATE INDEX runs_by_tenant ON runs (tenant, created)",
    """CREATE TABLE effects (
        tenant TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, run TEXT NOT NULL,
        detail TEXT NOT NULL, receipt TEXT, created DOUBLE PRECISION NOT NULL,
        recorded DOUBLE PRECISION,
        PRIMARY KEY (tenant, key, name), FOREIGN KEY (tenant, run) REFERENCES runs (tenant, id))""",
    "CREATE INDEX effects_by_run ON effects (tenant, run)",
    """CREATE TABLE approvals (
        run TEXT NOT NULL, seq INTEGER NOT NULL, tenant TEXT NOT NULL, plan_digest TEXT NOT NULL,
        actor TEXT NOT NULL, decision TEXT NOT NULL CHECK (decision IN ('approve', 'edit', 'reject')),
        at DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (run, seq), FOREIGN KEY (tenant, run) REFERENCES runs (tenant, id))""",
)

# An answer is evidence, so the database itself refuses to change one.
_APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER approvals_kept BEFORE DELETE ON approvals
           BEGIN SELECT RAISE(ABORT, 'approvals are append-only'); END""",
        """CREATE TRIGGER approvals_unchanged BEFORE UPDATE ON approvals
           BEGIN SELECT RAISE(ABORT, 'approvals are append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION approvals_append_only() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'approvals are append-only'; END $$""",
        """CREATE TRIGGER approvals_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON approvals
           FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only()""",
    ),
}


def _first(db: Connection) -> None:
    for statement in (*_FIRST, *_APPEND_ONLY[db.dialect.name]):
        db.execute(text(statement))


STEPS = (_first,)


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
