"""The numbered steps that make the tables. A step is never edited once released: add one."""

from __future__ import annotations

from sqlalchemy import Connection, text

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


_SECOND = (
    # The default keeps a worker of the version before at work while the store moves on.
    "ALTER TABLE runs ADD COLUMN parent_span TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE approvals ADD COLUMN content TEXT NOT NULL DEFAULT 'null'",
    """CREATE TABLE threads (
        tenant TEXT NOT NULL, id TEXT NOT NULL, graph TEXT NOT NULL, metadata TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL, updated DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (tenant, id))""",
    "CREATE INDEX threads_by_tenant ON threads (tenant, created)",
    """CREATE TABLE thread_marks (
        tenant TEXT NOT NULL, mark TEXT NOT NULL, thread TEXT NOT NULL,
        PRIMARY KEY (tenant, mark, thread),
        FOREIGN KEY (tenant, thread) REFERENCES threads (tenant, id) ON DELETE CASCADE)""",
    "CREATE INDEX thread_marks_by_thread ON thread_marks (tenant, thread)",
    """CREATE TABLE thread_runs (
        tenant TEXT NOT NULL, thread TEXT NOT NULL, seq INTEGER NOT NULL, run TEXT NOT NULL,
        PRIMARY KEY (tenant, thread, seq), UNIQUE (tenant, run, thread),
        FOREIGN KEY (tenant, thread) REFERENCES threads (tenant, id) ON DELETE CASCADE,
        FOREIGN KEY (tenant, run) REFERENCES runs (tenant, id))""",
    """CREATE TABLE keys (
        id TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,
        created DOUBLE PRECISION NOT NULL, expires DOUBLE PRECISION, revoked DOUBLE PRECISION)""",
    """CREATE TABLE replies (
        tenant TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, holder TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('running', 'done')),
        status INTEGER NOT NULL, headers TEXT NOT NULL, body {bytes} NOT NULL,
        created DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (tenant, key))""",
    "CREATE INDEX replies_by_age ON replies (created)",
    """CREATE TABLE blobs (
        digest TEXT PRIMARY KEY, content {bytes} NOT NULL, created DOUBLE PRECISION NOT NULL)""",
)
_BYTES = {"sqlite": "BLOB", "postgresql": "BYTEA"}


def _second(db: Connection) -> None:
    for statement in _SECOND:
        db.execute(text(statement.replace("{bytes}", _BYTES[db.dialect.name])))


STEPS = (_first, _second)
