"""`integrate` behind the front: whose it is, what survives, and who may do what."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from pathlib import Path

import psycopg
import psycopg.errors
import psycopg_pool
import pytest

from core.errors import AppError
from core.http.front import Ask, NothingWaits
from graphs import checkpoints
from graphs.front.runs import InputRefused
from graphs.integrate import session
from graphs.integrate.places import RemoteShared, default
from graphs.offered import Offered
from tests.graphs.front.conftest import ACME, MODULE, OTHER, hall

pytestmark = pytest.mark.anyio
APPROVE = {"decisions": [{"type": "approve"}]}


def commits(remote: Path) -> list[str]:
    told = subprocess.run(
        ["git", f"--git-dir={remote}", "log", "--format=%s", "main"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return told.stdout.splitlines()


def holding(folder: Path, canary: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and canary in path.read_bytes()]


async def test_a_plan_is_shown_approved_and_published_to_the_tenants_own_repository(
    work: session.Session, tmp_path: Path
) -> None:
    async with hall(work) as opened:
        first = await opened.front.runs.start(ACME, Ask("integrate", MODULE))
        asked = await first.outcome()
        ended = await (
            await opened.front.runs.start(ACME, Ask("integrate", answer=APPROVE, thread=first.thread))
        ).outcome()

    question = asked.interrupts[0].value["action_requests"][0]
    assert "apps/orders/base/deployment.yaml" not in question["args"]
    assert "deployment.yaml" in question["description"]
    assert ended.values["receipt"]["remote"] == "tenant/acme"
    assert len(commits(tmp_path / "remotes" / "acme.git")) == 1
    assert not (tmp_path / "remote.git").exists()


async def test_the_same_input_is_the_same_run_and_another_tenants_is_not(work: session.Session) -> None:
    async with hall(work) as opened:
        first = await opened.front.runs.start(ACME, Ask("integrate", MODULE))
        await first.outcome()
        again = await opened.front.runs.start(ACME, Ask("integrate", MODULE))
        other = await opened.front.runs.start(OTHER, Ask("integrate", MODULE))
        waiting = await again.outcome()

    assert again.run == first.run
    assert waiting.state == "waiting"
    assert other.run != first.run


@pytest.mark.parametrize(
    "descriptor",
    ["tenant: other\n", "git:\n  remote: https://git.example.com/other/apps.git\n", "git: {branch: prod}\n"],
)
async def test_a_descriptor_names_neither_tenant_nor_repository(
    work: session.Session, descriptor: str
) -> None:
    async with hall(work) as opened:
        try:
            ticket = await opened.front.runs.start(
                ACME, Ask("integrate", {**MODULE, "descriptor": descriptor})
            )
            code = ((await ticket.outcome()).problem or {}).get("code")
        except AppError as error:
            code = error.code

    assert code == "AW935"


async def test_an_edit_changes_the_module_and_never_its_tenant(work: session.Session) -> None:
    changed = {"module": {"replicas": 7, "tenant": "other"}}
    edit = {"decisions": [{"type": "edit", "edited_action": {"name": "apply_plan", "args": changed}}]}
    async with hall(work) as opened:
        first = await opened.front.runs.start(ACME, Ask("integrate", MODULE))
        before = await first.outcome()
        edited = await opened.front.runs.start(ACME, Ask("integrate", answer=edit, thread=first.thread))
        after = await edited.outcome()

    assert after.state == "waiting"
    assert after.values["descriptor"]["replicas"] == 7
    assert after.values["descriptor"]["tenant"] == "acme"
    assert after.values["change"]["digest"] != before.values["change"]["digest"]


async def test_an_edit_that_was_acknowledged_outlives_its_server(work: session.Session) -> None:
    edit = {"decisions": [{"type": "edit", "edited_action": {"args": {"module": {"replicas": 7}}}}]}
    async with hall(work) as opened:
        first = await opened.front.runs.start(ACME, Ask("integrate", MODULE))
        await first.outcome()
    async with hall(work, slots=0) as idle:  # nobody works here: as if killed right after the answer
        await idle.front.runs.start(ACME, Ask("integrate", answer=edit, thread=first.thread))
    async with hall(work) as opened:
        after = await (await opened.front.runs.find(ACME, first.run)).outcome()

    assert after.values["descriptor"]["replicas"] == 7


async def test_a_rejected_plan_leaves_nothing(work: session.Session, tmp_path: Path) -> None:
    reject = {"decisions": [{"type": "reject", "message": "no"}]}
    async with hall(work) as opened:
        first = await opened.front.runs.start(ACME, Ask("integrate", MODULE))
        await first.outcome()
        ended = await (
            await opened.front.runs.start(ACME, Ask("integrate", answer=reject, thread=first.thread))
        ).outcome()
        with pytest.raises(NothingWaits):
            await opened.front.runs.start(ACME, Ask("integrate", answer=APPROVE, thread=first.thread))

    assert ended.state == "cancelled"
    assert not list((tmp_path / "remotes" / "acme.git" / "refs" / "heads").iterdir())


async def test_what_one_process_admits_another_one_works_on_and_the_first_one_tells(
    work: session.Session, tmp_path: Path
) -> None:
    means = session.Means(
        home=tmp_path, store_url=f"sqlite:///{tmp_path}/s.db", remote=f"{tmp_path}/remote.git"
    )
    with session.opened(means, lambda _: None) as elsewhere:
        async with hall(work, slots=0) as server, hall(elsewhere):
            ticket = await server.front.runs.start(ACME, Ask("integrate", MODULE))
            events = [event async for event in ticket.events()]
            outcome = await ticket.outcome()

    assert outcome.state == "waiting"
    assert events[-1].name == "values"
    assert events[-1].data["change"]["digest"] == outcome.values["change"]["digest"]


async def test_a_cancelled_run_is_not_worked_on(work: session.Session) -> None:
    async with hall(work, slots=0) as idle:
        ticket = await idle.front.runs.start(ACME, Ask("integrate", MODULE))
        await idle.front.runs.cancel(ACME, ticket.run)
        told = [event.name async for event in ticket.events()]
        await idle.front.runs.cancel(ACME, ticket.run)
    async with hall(work) as opened:
        await asyncio.sleep(0)
        outcome = await (await opened.front.runs.find(ACME, ticket.run)).outcome()

    assert told == ["error"]
    assert outcome.state == "cancelled"
    assert outcome.problem is not None
    assert outcome.problem["code"] == "AW930"


async def test_an_input_of_another_form_is_refused_by_its_place(work: session.Session) -> None:
    async with hall(work, slots=0) as opened:
        with pytest.raises(InputRefused) as refused:
            await opened.front.runs.start(ACME, Ask("integrate", {**MODULE, "replicas": -1}))

    assert refused.value.place == "/replicas"


@pytest.mark.parametrize("name", ["interrupt_before", "interrupt_after"])
async def test_a_stop_that_a_crash_would_forget_is_refused(work: session.Session, name: str) -> None:
    async with hall(work, slots=0) as opened:
        with pytest.raises(InputRefused) as refused:
            await opened.front.runs.start(ACME, Ask("integrate", MODULE, **{name: ("publish",)}))

    assert refused.value.place == f"/{name}"


async def test_a_spec_that_cannot_be_read_is_the_runs_problem(work: session.Session) -> None:
    async with hall(work) as opened:
        ticket = await opened.front.runs.start(ACME, Ask("integrate", {**MODULE, "spec": "openapi: 3.1.0"}))
        outcome = await ticket.outcome()

    assert outcome.state == "failed"
    assert outcome.problem is not None
    assert outcome.problem["code"] == "AW112"


def test_one_repository_is_not_shared_by_several_tenants() -> None:
    shared = "https://git.example.com/apps.git"

    assert default(shared, "tenant/main") == shared
    assert default("https://git.example.com/{tenant}/apps.git", "tenant/acme").endswith("/acme/apps.git")
    with pytest.raises(RemoteShared):
        default(shared, "tenant/acme")


async def test_a_secret_in_plain_text_reaches_no_row(work: session.Session, tmp_path: Path) -> None:
    edit = {"module": {"env": {"DB_PASSWORD": "hunter2-canary"}}}
    answer = {"decisions": [{"type": "edit", "edited_action": {"args": edit}}]}
    async with hall(work) as opened:
        for given in ({"env": edit["module"]["env"]}, {"descriptor": "env: {DB_PASSWORD: hunter2-canary}"}):
            with pytest.raises(AppError) as refused:
                await opened.front.runs.start(ACME, Ask("integrate", {**MODULE, **given}))
            assert refused.value.code == "AW308"
        first = await opened.front.runs.start(ACME, Ask("integrate", MODULE))
        await first.outcome()
        with pytest.raises(AppError) as refused:
            await opened.front.runs.start(ACME, Ask("integrate", answer=answer, thread=first.thread))

    assert refused.value.code == "AW308"
    assert not holding(tmp_path, b"hunter2-canary")


async def test_a_conversations_history_tells_each_step_once_and_goes_with_its_thread(
    work: session.Session,
) -> None:
    offered = Offered.of(work)
    async with hall(work, offered.kinds) as opened:
        said = {"messages": [{"role": "user", "content": "explain AW305"}]}
        first = await opened.front.runs.start(ACME, Ask("assistant", said))
        await first.outcome()
        second = await opened.front.runs.start(ACME, Ask("assistant", said, thread=first.thread))
        await second.outcome()
        told = await opened.front.snapshots.history(ACME, first.thread, limit=100)
        await opened.front.threads.change(ACME, first.thread, metadata=None)

    steps = [each.checkpoint["checkpoint_id"] for each in told]
    assert len(steps) == len(set(steps)) > 4
    config = {"configurable": {"thread_id": f"acme/assistant/{first.thread}"}}
    assert not list(offered.assistant.offer.graph.get_state_history(config))


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (sqlite3.OperationalError("database is locked"), True),
        (psycopg.OperationalError("the connection is closed"), True),
        (psycopg.errors.AdminShutdown("terminating connection"), True),
        (psycopg_pool.PoolTimeout("no connection in 30 s"), True),
        (sqlite3.DatabaseError("file is not a database"), False),
        (psycopg.errors.UndefinedTable("no such table"), False),
        (ZeroDivisionError(), False),
    ],
)
def test_a_database_that_is_away_for_a_while_fails_no_run(error: Exception, is_away: bool) -> None:
    assert checkpoints.is_away(error) is is_away
