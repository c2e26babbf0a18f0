"""Runs: admitted once per key, claimed by lease, guarded by a fencing token.

Who may write a run is decided by its fence alone, never by a clock: a lease that ended merely lets
another worker take the run over, and doing so raises the fence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from core.store import admitting
from core.store.admitting import Draft
from core.store.errors import AttemptsUsedUp, LeaseLost, RunEnded, RunTaken
from core.store.records import Admission, Run, State, canonical
from core.store.rows import first as _first
from core.store.rows import get as _get
from core.store.rows import run as _run
from core.store.schema import runs

if TYPE_CHECKING:
    from core.store.sql import Database

_SKEW_S = 60.0  # how far the clocks of two machines may lie apart before a lease counts as ended


class Runs:
    """The runs of all tenants; each question but a worker's (`claim_next`, `expired`) names one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = database.now

    def admit(
        self,
        tenant: str,
        *,
        graph: str,
        key: str,
        input: Any,  # noqa: A002  # the column's name
        trace_id: str = "",
        parent_span: str = "",
    ) -> Run:
        """The run of this key: the one there is, or a new one that is on disk when this returns."""
        return self.admit_many([Admission(tenant, graph, key, input, trace_id, parent_span)])[0]

    def admit_many(self, admissions: Sequence[Admission]) -> tuple[Run, ...]:
        """All of them in one transaction, or none."""
        return self.write([self.draft(each) for each in admissions])

    def draft(self, admission: Admission) -> Draft:
        """Looked at and ready to be written; nothing is on disk yet."""
        return admitting.draft(admission, self._now())

    def write(self, drafts: Sequence[Draft]) -> tuple[Run, ...]:
        """The drafts' runs, on disk when this returns."""
        return self._database.write(lambda db: admitting.write(db, drafts))

    def find(self, tenant: str, key: str) -> Run | None:
        return self._database.read(lambda db: _first(db, runs.c.tenant == tenant, runs.c.key == key))

    def get(self, tenant: str, run_id: str) -> Run:
        return self._database.read(lambda db: _get(db, tenant, run_id))

    def of(self, tenant: str, *, state: State | None = None, limit: int = 100) -> tuple[Run, ...]:
        """The tenant's newest runs first."""
        query = select(runs).where(runs.c.tenant == tenant)
        query = query.where(runs.c.state == state) if state else query
        query = query.order_by(runs.c.created.desc(), runs.c.id).limit(limit)
        return self._database.read(lambda db: tuple(_run(row) for row in db.execute(query)))

    def count(self, state: State) -> int:
        """How many runs of any tenant are in this state."""
        query = select(func.count()).select_from(runs).where(runs.c.state == state)
        return self._database.read(lambda db: int(db.scalar(query) or 0))

    def claim(self, tenant: str, run_id: str, *, worker: str, lease_s: float, instead_of: str = "") -> Run:
        """Take this run, or take it over when its lease ended.

        `instead_of` names a holder the caller knows to be dead: its lease is not waited for.
        """
        return self._database.write(
            lambda db: self._claim(db, _get(db, tenant, run_id), worker, lease_s, instead_of)
        )

    def claim_next(self, *, worker: str, lease_s: float, attempts: int = 5) -> Run | None:
        """The oldest run that wants a worker, of any tenant. One that used up its attempts is failed."""
        return self._database.write(lambda db: self._claim_next(db, worker, lease_s, attempts))

    def expired(self) -> tuple[Run, ...]:
        """The running runs whose lease ended, of any tenant. A waiting run holds no lease."""
        query = select(runs).where(self._is_expired()).order_by(runs.c.lease_until, runs.c.id)
        return self._database.read(lambda db: tuple(_run(row) for row in db.execute(query)))

    def unfinished(self) -> tuple[Run, ...]:
        """The runs of any tenant that somebody works on, or should; the waiting ones are a person's."""
        query = select(runs).where(runs.c.state.in_(("admitted", "running")))
        query = query.order_by(runs.c.created, runs.c.id)
        return self._database.read(lambda db: tuple(_run(row) for row in db.execute(query)))

    def renew(self, run: Run) -> Run:
        """Hold the run for its lease's length from now on."""
        return self._write(run, lease_until=self._now() + run.lease_s)

    def wait(self, run: Run, *, plan_digest: str) -> Run:
        """Stop until a person answers the plan of this digest. Nobody reaps a waiting run."""
        return self._write(run, state="waiting", awaits=plan_digest, **_NO_LEASE)

    def release(self, run: Run) -> Run:
        """Hand the run back unfinished: another worker need not wait, and the attempt does not count."""
        return self._write(run, state="admitted", attempt=max(run.attempt - 1, 0), **_NO_LEASE)

    def recall(self, tenant: str, run_id: str) -> Run:
        """Let a waiting run be worked on without an answer: the plan it showed is gone, a new one is due."""
        return self._database.write(lambda db: self._recall(db, _get(db, tenant, run_id)))

    def finish(self, run: Run, *, result: Any) -> Run:
        return self._write(run, state="done", result=canonical(result), **_NO_LEASE)

    def fail(self, run: Run, *, problem: Any) -> Run:
        """`problem` is what `AppError.to_dict` gives."""
        return self._write(run, state="failed", problem=canonical(problem), **_NO_LEASE)

    def cancel(self, run: Run, *, problem: Any) -> Run:
        """A person said no. `problem` says who and why."""
        return self._write(run, state="cancelled", problem=canonical(problem), **_NO_LEASE)

    def cancelled(self, tenant: str, run_id: str, *, problem: Any) -> Run:
        """End a run from outside, whoever works on it: that worker's next write is refused."""
        text = canonical(problem)
        return self._database.write(lambda db: self._cancelled(db, _get(db, tenant, run_id), text))

    def reopen(self, tenant: str, run_id: str) -> Run:
        """Let an ended run be worked on again: its cause was mended, or the world moved since."""
        return self._database.write(lambda db: self._reopen(db, _get(db, tenant, run_id)))

    def _claim(self, db: Connection, run: Run, worker: str, lease_s: float, instead_of: str = "") -> Run:
        if run.has_ended or run.state == "waiting":
            raise RunEnded(f"The run is {run.state}; only an admitted run can be claimed.", run=run.id)
        at = self._now()
        is_left = and_(runs.c.state == "running", runs.c.owner == instead_of, runs.c.owner != "")
        free = or_(runs.c.state == "admitted", is_left, self._is_expired())
        change = update(runs).where(_is(run), runs.c.fence == run.fence, free)
        taken = db.execute(
            change.values(
                state="running",
                attempt=run.attempt + 1,
                owner=worker,
                lease_until=at + lease_s,
                lease_s=lease_s,
                fence=run.fence + 1,
                updated=at,
            )
        )
        if taken.rowcount != 1:
            raise RunTaken(f"The run is held by {run.owner or 'another worker'}.", run=run.id)
        return _get(db, run.tenant, run.id)

    def _claim_next(self, db: Connection, worker: str, lease_s: float, attempts: int) -> Run | None:
        wanted = select(runs).where(or_(runs.c.state == "admitted", self._is_expired()))
        wanted = wanted.order_by(runs.c.created, runs.c.id).limit(1).with_for_update(skip_locked=True)
        while (row := db.execute(wanted).first()) is not None:
            run = _run(row)
            if run.attempt < attempts:
                return self._claim(db, run, worker, lease_s)
            self._give_up(db, run)
        return None

    def _give_up(self, db: Connection, run: Run) -> None:
        problem = AttemptsUsedUp(f"The run was begun {run.attempt} times and never ended.", run=run.id)
        values = {
            "state": "failed",
            "problem": canonical(problem.to_dict()),
            "updated": self._now(),
        } | _NO_LEASE
        db.execute(update(runs).where(_is(run)).values(fence=run.fence + 1, **values))

    def _cancelled(self, db: Connection, run: Run, problem: str) -> Run:
        values = {"state": "cancelled", "problem": problem, "awaits": "", "updated": self._now()} | _NO_LEASE
        unfinished = and_(_is(run), runs.c.state.in_(("admitted", "running", "waiting")))
        db.execute(update(runs).where(unfinished).values(fence=runs.c.fence + 1, **values))
        ended = _get(db, run.tenant, run.id)
        if ended.state != "cancelled":
            raise RunEnded(f"The run is {ended.state}; it can no longer be cancelled.", run=run.id)
        return ended

    def _reopen(self, db: Connection, run: Run) -> Run:
        if not run.has_ended:
            raise RunEnded(f"The run is {run.state}; only an ended run can be opened again.", run=run.id)
        values = {"state": "admitted", "attempt": 0, "result": None, "problem": None, "awaits": ""}
        db.execute(update(runs).where(_is(run)).values(updated=self._now(), **values))
        return _get(db, run.tenant, run.id)

    def _recall(self, db: Connection, run: Run) -> Run:
        waits = and_(_is(run), runs.c.state == "waiting")
        db.execute(update(runs).where(waits).values(state="admitted", awaits="", updated=self._now()))
        return _get(db, run.tenant, run.id)

    def _is_expired(self) -> ColumnElement[bool]:
        """A lease that ends further ahead than it is long was taken before the clock was set back."""
        at = self._now()
        is_over = or_(runs.c.lease_until <= at, runs.c.lease_until > at + runs.c.lease_s + _SKEW_S)
        return and_(runs.c.state == "running", is_over)

    def _write(self, run: Run, **values: Any) -> Run:
        """Change a run this worker holds. Repeating the same write is no error, whoever asks why:
        an answer lost on the way back is asked for again."""
        return self._database.write(lambda db: self._guarded(db, run, values))

    def _guarded(self, db: Connection, run: Run, values: dict[str, Any]) -> Run:
        held = and_(_is(run), runs.c.fence == run.fence, runs.c.state == "running")
        done = db.execute(update(runs).where(held).values(updated=self._now(), **values))
        if done.rowcount == 1:
            return _get(db, run.tenant, run.id)
        same = [runs.c[name] == value for name, value in values.items() if name != "lease_until"]
        again = _first(db, _is(run), runs.c.fence == run.fence, *same) if "state" in values else None
        if again is None:
            _get(db, run.tenant, run.id)  # a run that is not there says so
            raise LeaseLost("The run was taken over or ended; this write is refused.", run=run.id)
        return again


_NO_LEASE = {"owner": "", "lease_until": 0.0}


def hold(db: Connection, run: Run) -> None:
    """Refuse unless `run` is still held by whoever claimed it; keeps it so until the transaction ends."""
    held = select(runs.c.id).where(_is(run), runs.c.fence == run.fence, runs.c.state == "running")
    if db.execute(held.with_for_update()).first() is None:
        raise LeaseLost("The run was taken over or ended; its effect is refused.", run=run.id)


def _is(run: Run) -> ColumnElement[bool]:
    return and_(runs.c.tenant == run.tenant, runs.c.id == run.id)
