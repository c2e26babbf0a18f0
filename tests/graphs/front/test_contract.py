"""What every front keeps, the tests' own in memory and the real one over a store."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from core.errors import AppError, NotFound
from core.http.front import Ask, Front, GraphUnknown, NothingWaits, ThreadUnknown
from graphs.integrate import session
from tests import fronts
from tests.graphs.front.conftest import ACME, OTHER, hall
from tests.graphs.front.reviews import Small

pytestmark = pytest.mark.anyio
Opener = Callable[[], AbstractAsyncContextManager[Front]]
APPROVE = {"decisions": [{"type": "approve"}]}


@pytest.fixture(params=["memory", "store"])
def opener(request: pytest.FixtureRequest, work: session.Session) -> Opener:
    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Front]:
        if request.param == "memory":
            yield fronts.front()[0]
            return
        names = ("review", "broken", "bug")
        async with hall(work, {name: Small(work.store, name) for name in names}) as made:
            yield made.front

    return opened


async def test_a_run_stops_for_a_person_and_goes_on_with_the_answer(opener: Opener) -> None:
    async with opener() as front:
        first = await front.runs.start(ACME, Ask("review", {"text": "hello"}))
        asked = await first.outcome()
        second = await front.runs.start(ACME, Ask("review", answer=APPROVE, thread=first.thread))
        ended = await second.outcome()

    assert asked.state == "waiting"
    assert asked.interrupts[0].value["action_requests"][0]["args"] == {"text": "hello"}
    assert ended.state == "done"
    assert ended.values["decision"] == "approve"


async def test_events_are_numbered_and_of_the_modes_that_were_asked_for(opener: Opener) -> None:
    async with opener() as front:
        ticket = await front.runs.start(ACME, Ask("review", {"text": "hello"}, modes=("updates",)))
        events = [event async for event in ticket.events()]

    assert {event.name for event in events} == {"updates"}
    assert [next(iter(event.data)) for event in events] == ["measure", "__interrupt__"]
    assert [event.seq for event in events] == sorted({event.seq for event in events})


async def test_a_failure_that_was_foreseen_is_told_whole(opener: Opener) -> None:
    async with opener() as front:
        ticket = await front.runs.start(ACME, Ask("broken", {"text": "shop"}))
        events = [event async for event in ticket.events()]
        outcome = await ticket.outcome()

    assert outcome.state == "failed"
    assert outcome.problem is not None
    assert outcome.problem["message"] == "shop is taken."
    assert events[-1].name == "error"
    assert events[-1].data["fix"] == "Choose another."


async def test_a_failure_that_nobody_foresaw_tells_nothing_of_what_is_inside(opener: Opener) -> None:
    async with opener() as front:
        ticket = await front.runs.start(ACME, Ask("bug", {"text": "x"}))
        outcome = await ticket.outcome()

    assert outcome.state == "failed"
    assert "secret detail" not in str(outcome.problem)


async def test_another_tenant_finds_neither_run_nor_thread(opener: Opener) -> None:
    async with opener() as front:
        ticket = await front.runs.start(ACME, Ask("review", {"text": "hello"}))
        await ticket.outcome()

        for ask in (
            front.runs.find(OTHER, ticket.run),
            front.runs.cancel(OTHER, ticket.run),
            front.threads.get(OTHER, ticket.thread),
            front.snapshots.state(OTHER, ticket.thread),
            front.runs.start(OTHER, Ask("review", answer=APPROVE, thread=ticket.thread)),
        ):
            with pytest.raises(NotFound):
                await ask
        assert not await front.threads.search(OTHER, metadata={})


async def test_an_answer_nobody_waits_for_is_refused(opener: Opener) -> None:
    async with opener() as front:
        first = await front.runs.start(ACME, Ask("review", {"text": "hello"}))
        await first.outcome()
        second = await front.runs.start(ACME, Ask("review", answer=APPROVE, thread=first.thread))
        await second.outcome()

        with pytest.raises(NothingWaits):
            await front.runs.start(ACME, Ask("review", answer=APPROVE, thread=first.thread))


async def test_what_is_not_served_is_not_found(opener: Opener) -> None:
    async with opener() as front:
        with pytest.raises(GraphUnknown):
            await front.runs.start(ACME, Ask("nothing", {"text": "x"}))
        with pytest.raises(AppError):
            await front.runs.find(ACME, "f" * 32)
        with pytest.raises(ThreadUnknown):
            await front.threads.get(ACME, "nowhere")


async def test_a_thread_is_found_by_its_graph_and_tells_how_it_stands(opener: Opener) -> None:
    async with opener() as front:
        ticket = await front.runs.start(ACME, Ask("review", {"text": "hello"}))
        await ticket.outcome()
        found = await front.threads.search(ACME, metadata={"graph_id": "review"}, status="interrupted")
        other = await front.threads.search(ACME, metadata={"graph_id": "echo"})

    assert [thread.id for thread in found] == [ticket.thread]
    assert found[0].interrupts
    assert not other


async def test_a_thread_that_is_there_already_comes_back_with_what_it_asks(opener: Opener) -> None:
    async with opener() as front:
        ticket = await front.runs.start(ACME, Ask("review", {"text": "hello"}))
        await ticket.outcome()
        again = await front.threads.create(ACME, thread=ticket.thread, metadata={}, if_exists="do_nothing")
        changed = await front.threads.change(ACME, ticket.thread, metadata={"a": 1})

    assert again.interrupts
    assert changed is not None
    assert changed.interrupts == again.interrupts
    assert changed.values == {"text": "hello", "length": 5}


async def test_a_history_is_newest_first_and_goes_on_before_a_checkpoint(opener: Opener) -> None:
    async with opener() as front:
        ticket = await front.runs.start(ACME, Ask("review", {"text": "hello"}))
        await ticket.outcome()
        whole = await front.snapshots.history(ACME, ticket.thread, limit=10)
        before = whole[0].checkpoint["checkpoint_id"]
        rest = await front.snapshots.history(ACME, ticket.thread, limit=10, before=before)
        now = await front.snapshots.state(ACME, ticket.thread)

    assert now.values == whole[0].values == {"text": "hello", "length": 5}
    assert now.next == ("review",)
    assert [each.checkpoint for each in rest] == [each.checkpoint for each in whole[1:]]


async def test_a_thread_can_be_made_marked_and_removed(opener: Opener) -> None:
    async with opener() as front:
        made = await front.threads.create(ACME, thread="mine", metadata={"a": 1})
        again = await front.threads.create(ACME, thread="mine", metadata={}, if_exists="do_nothing")
        with pytest.raises(AppError):
            await front.threads.create(ACME, thread="mine", metadata={})
        changed = await front.threads.change(ACME, "mine", metadata={"b": 2})
        await front.threads.change(ACME, "mine", metadata=None)

        with pytest.raises(ThreadUnknown):
            await front.threads.get(ACME, "mine")
    assert made.id == again.id == "mine"
    assert changed is not None
    assert changed.metadata == {"a": 1, "b": 2}
