"""Effects (intent, then receipt) and approvals (append-only answers to a plan's digest)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, update

from core.errors import Bug
from core.store import rows
from core.store.errors import ApprovalStale, ReceiptDiffers, RunUnknown
from core.store.records import Approval, Decision, Effect, Run, canonical
from core.store.runs import hold
from core.store.schema import approvals, effects, runs

if TYPE_CHECKING:
    from core.store.sql import Database


class Effects:
    """What runs change outside. One row per (tenant, key, name), whoever makes the effect."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = database.now

    def intend(self, run: Run, name: str, *, key: str, detail: Any) -> Effect:
        """Write down, before doing it, what will be done. Refused to a worker that lost its lease."""
        row = {
            "tenant": run.tenant,
            "key": key,
            "name": name,
            "run": run.id,
            "detail": canonical(detail),
            "created": self._now(),
        }
        return self._database.write(lambda db: _intend(db, run, row))

    def record(self, effect: Effect, receipt: Any) -> Effect:
        """Write down what was done. The first receipt stays; the same one again is no error.

        A worker that lost its lease may record too: what was done outside is a fact.
        """
        return self._database.write(lambda db: self._record(db, effect, canonical(receipt)))

    def of(self, run: Run) -> tuple[Effect, ...]:
        """The run's effects in the order of their intents."""
        query = select(effects).where(effects.c.tenant == run.tenant, effects.c.run == run.id)
        query = query.order_by(effects.c.created, effects.c.key, effects.c.name)
        return self._database.read(lambda db: tuple(_effect(row) for row in db.execute(query)))

    def find(self, tenant: str, *, key: str, name: str) -> Effect | None:
        return self._database.read(lambda db: _find(db, _same(tenant, key, name)))

    def _record(self, db: Connection, effect: Effect, receipt: str) -> Effect:
        same = _same(effect.tenant, effect.key, effect.name)
        open_row = and_(same, effects.c.recorded.is_(None))
        db.execute(update(effects).where(open_row).values(receipt=receipt, recorded=self._now()))
        kept = _find(db, same)
        if kept is None:
            raise Bug("A receipt without an intent.")
        if canonical(kept.receipt) != receipt:
            raise ReceiptDiffers(
                f"The effect {effect.name} already has another receipt.", run=kept.run, kept=kept.receipt
            )
        return kept


class Approvals:
    """People's answers. They are added and read, never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = database.now

    def add(
        self,
        tenant: str,
        run_id: str,
        *,
        plan_digest: str,
        actor: str,
        decision: Decision,
        content: Any = None,
    ) -> Approval:
        """Answer the plan a run waits for, and let the run go on. Refused for any other plan."""
        row = {
            "tenant": tenant,
            "run": run_id,
            "plan_digest": plan_digest,
            "actor": actor,
            "decision": decision,
            "content": canonical(content),
            "at": self._now(),
        }
        return self._database.write(lambda db: _answer(db, row))

    def of(self, tenant: str, run_id: str) -> tuple[Approval, ...]:
        """The answers to one run, oldest first."""
        query = select(approvals).where(approvals.c.tenant == tenant, approvals.c.run == run_id)
        query = query.order_by(approvals.c.seq)
        return self._database.read(lambda db: tuple(_approval(row) for row in db.execute(query)))

    def latest(self, tenant: str, run_id: str, *, plan_digest: str) -> Approval | None:
        """The last answer to this very plan; None when nobody answered it."""
        same = [one for one in self.of(tenant, run_id) if one.plan_digest == plan_digest]
        return same[-1] if same else None


def _intend(db: Connection, run: Run, row: dict[str, Any]) -> Effect:
    hold(db, run)
    is_fresh = rows.add(db, effects, row)
    effect = _find(db, _same(row["tenant"], row["key"], row["name"]), is_fresh=is_fresh)
    if effect is None:
        raise Bug("An intent was written and is not there.")
    return effect


def _same(tenant: str, key: str, name: str) -> ColumnElement[bool]:
    return and_(effects.c.tenant == tenant, effects.c.key == key, effects.c.name == name)


def _find(db: Connection, where: ColumnElement[bool], *, is_fresh: bool = False) -> Effect | None:
    row = db.execute(select(effects).where(where)).first()
    return None if row is None else _effect(row, is_fresh=is_fresh)


def _effect(row: Row[Any], *, is_fresh: bool = False) -> Effect:
    values = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    values["detail"] = orjson.loads(values["detail"])
    values["receipt"] = None if values["receipt"] is None else orjson.loads(values["receipt"])
    return Effect(**values, is_fresh=is_fresh)


def _answer(db: Connection, row: dict[str, Any]) -> Approval:
    mine = and_(runs.c.tenant == row["tenant"], runs.c.id == row["run"])
    run = db.execute(select(runs.c.state, runs.c.awaits).where(mine).with_for_update()).first()
    if run is None:
        raise RunUnknown("There is no such run.", run=row["run"][:64])
    if run.state != "waiting" or run.awaits != row["plan_digest"]:
        if (given := _given(db, row)) is not None:
            return given
        raise ApprovalStale(
            "The run does not wait for an answer to this plan.", run=row["run"], state=run.state
        )
    last = select(func.coalesce(func.max(approvals.c.seq), 0)).where(approvals.c.run == row["run"])
    seq = int(db.scalar(last) or 0) + 1
    db.execute(approvals.insert().values(seq=seq, **row))
    db.execute(update(runs).where(mine).values(state="admitted", awaits="", attempt=0, updated=row["at"]))
    return Approval(**(row | {"seq": seq, "content": orjson.loads(row["content"])}))


def _given(db: Connection, row: dict[str, Any]) -> Approval | None:
    """The run's last answer if it is this one: sent twice, it counts once."""
    query = select(approvals).where(approvals.c.tenant == row["tenant"], approvals.c.run == row["run"])
    last = db.execute(query.order_by(approvals.c.seq.desc()).limit(1)).first()
    names = ("plan_digest", "actor", "decision", "content")
    is_same = last is not None and all(getattr(last, name) == row[name] for name in names)
    return _approval(last) if is_same and last is not None else None


def _approval(row: Row[Any]) -> Approval:
    values = dict(row._mapping)  # noqa: SLF001  # as above
    return Approval(**(values | {"content": orjson.loads(values["content"])}))
