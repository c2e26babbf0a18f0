"""A store of the first version, with rows in it, is brought forward and loses nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from core import store
from core.store import engine, schema, steps
from tests.core.store.writing import writers

RUN = """INSERT INTO runs (id, tenant, graph, key, state, input, result, problem, awaits, attempt, owner,
    lease_until, lease_s, fence, trace_id, created, updated) VALUES (:id, 'acme', 'integrate', :key,
    :state, '{"spec":"x"}', :result, NULL, :awaits, 1, :owner, :until, 30, 3, 't1', 5, 6)"""
RUNS = [
    {"id": "a", "key": "k1", "state": "done", "result": '{"n":1}', "awaits": "", "owner": "", "until": 0},
    {"id": "b", "key": "k2", "state": "waiting", "result": None, "awaits": "d1", "owner": "", "until": 0},
    {"id": "c", "key": "k3", "state": "running", "result": None, "awaits": "", "owner": "w", "until": 9},
]
MORE = (
    "INSERT INTO effects VALUES ('acme', 'k1', 'push', 'a', '{}', '{\"sha\":\"1\"}', 5, 6)",
    "INSERT INTO approvals VALUES ('a', 1, 'acme', 'd0', 'ann', 'approve', 5)",
)


def started(url: str) -> Engine:
    parsed = engine.parse(url)
    if parsed.drivername == "sqlite":
        path = Path(str(parsed.database))
        path.parent.mkdir(exist_ok=True)
        path.touch(0o600)
    return engine.start(parsed, busy_s=5)


@pytest.fixture
def old(url: str) -> str:
    """What the first version left behind: one finished, one waiting, one abandoned run."""
    made = started(url)
    with made.begin() as db:
        db.execute(text("CREATE TABLE store_version (version INTEGER PRIMARY KEY, applied DOUBLE PRECISION)"))
        steps.STEPS[0](db)
        db.execute(text("INSERT INTO store_version VALUES (1, 1)"))
        db.execute(text(RUN), RUNS)
        for statement in MORE:
            db.exec_driver_sql(statement)
    made.dispose()
    return url


def test_the_released_step_is_never_edited() -> None:
    first = repr((steps._FIRST, steps._APPEND_ONLY)).encode()

    assert hashlib.sha256(first).hexdigest()[:16] == "b3ffdc03938c0451"


def test_every_old_row_is_there_after_the_upgrade(old: str) -> None:
    with store.open(old) as db:
        runs = {run.id: run for run in db.runs.of("acme")}
        assert {run.parent_span for run in runs.values()} == {""}
        assert [(runs[each].state, runs[each].fence) for each in "abc"] == [
            ("done", 3), ("waiting", 3), ("running", 3)]  # fmt: skip
        assert (runs["a"].result, runs["a"].trace_id, runs["a"].created) == ({"n": 1}, "t1", 5)
        assert [effect.receipt for effect in db.effects.of(runs["a"])] == [{"sha": "1"}]
        assert [answer.actor for answer in db.approvals.of("acme", "a")] == ["ann"]


def test_old_runs_go_on_in_the_new_store(old: str) -> None:
    with store.open(old) as db:
        db.approvals.add("acme", "b", plan_digest="d1", actor="ann", decision="approve")
        assert db.runs.claim("acme", "b", worker="new", lease_s=30).attempt == 1
        assert db.runs.claim("acme", "c", worker="new", lease_s=30).fence == 4
        db.threads.create("acme", "t", metadata={})
        db.threads.add_run("acme", "t", "a")
        assert db.runs.admit("acme", graph="integrate", key="k1", input={}).id == "a"


def test_a_worker_of_the_old_version_still_writes(old: str) -> None:
    """It opened the store before the upgrade and knows the old columns only."""
    store.open(old).close()
    worker = started(old)
    with worker.begin() as db:
        db.execute(text(RUN), RUNS[0] | {"id": "d", "key": "k4"})
        db.execute(text("UPDATE runs SET state = 'done' WHERE id = 'c' AND fence = 3"))
    worker.dispose()

    with store.open(old) as new:
        assert new.runs.get("acme", "d").parent_span == ""
        assert new.runs.get("acme", "c").state == "done"


def test_processes_that_upgrade_together_do_it_once(old: str) -> None:
    ids = writers("race", old, "6")

    assert len(set(ids)) == 1
    with store.open(old) as db, db._database.engine.connect() as raw:
        versions = raw.scalars(schema.versions.select().order_by(schema.versions.c.version)).all()
    assert versions == [1, 2]


def test_an_upgrade_that_dies_half_way_leaves_the_old_store(old: str) -> None:
    def tables(db: Connection) -> set[str]:
        return set(inspect(db).get_table_names())

    bare = started(old)
    with bare.connect() as db, db.begin() as dying:
        before = tables(db)
        schema.migrate(db, at=1.0)
        assert tables(db) > before
        dying.rollback()
    with bare.begin() as db:
        after = tables(db)
        columns = {column["name"] for column in inspect(db).get_columns("runs")}
    bare.dispose()

    assert after == before
    assert "parent_span" not in columns
    with store.open(old) as opened:
        assert len(opened.runs.of("acme")) == 3
