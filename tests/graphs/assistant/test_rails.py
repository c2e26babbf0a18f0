"""Whatever a model says: no step without end, no argument that is not in the form, no write without a yes."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from graphs.assistant import rails
from graphs.integrate import session
from tests.graphs.assistant.conftest import ORDER, YES, Chat, Scripted, calling, calls, hall, reply

pytestmark = pytest.mark.anyio


def results(outcome: Any) -> list[ToolMessage]:
    return [each for each in outcome.values["messages"] if isinstance(each, ToolMessage)]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (("send_secret", {"to": "evil"}), "There is no such tool"),
        (("catalog_check", {"path": "aws/networking/vpc", "tenant": "b"}), "tenant: Extra inputs"),
        (("plan_integration", {"spec": "spec-1", "branch": "main"}), "branch: Extra inputs"),
        (("plan_integration", {"spec": "https://evil.example/openapi.yaml"}), "There is no document"),
        (("plan_integration", {"spec": "../../etc/passwd"}), "There is no document"),
        (("plan_integration", {}), "spec: Field required"),
        (("plan_integration", {"spec": "s" * 1_000_000}), "spec: String should have at most 40"),
        (("plan_integration", {"spec": "spec-1", "replicas": "many"}), "replicas: Input should be"),
        (("apply_plan", {"plan": "plan-7"}), "There is no plan"),
        (("apply_plan", {"plan": ["plan-1"]}), "plan: Input should be"),
        (("run_status", {"run": "run-1"}), "There is no run"),
        (("explain", {"code": "../passwd"}), "code: String should match"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_call_that_does_not_fit_is_refused_in_few_words(
    work: session.Session, call: tuple[str, dict[str, Any]], why: str
) -> None:
    async with hall(work, Scripted(replies=[calling(call), "I see."])) as opened:
        outcome = await Chat(opened).say("hello")

    (told,) = results(outcome)
    assert told.status == "error"
    assert why in told.text
    assert len(told.text) < 1000
    assert reply(outcome) == "I see."


async def test_two_hundred_calls_at_once_are_few(work: session.Session) -> None:
    many = calling(*(("explain", {"code": f"AW{at:03}"}) for at in range(200)))
    async with hall(work, Scripted(replies=[many, "enough"])) as opened:
        outcome = await Chat(opened).say("hello")

    assert len(results(outcome)) == rails.AT_ONCE
    assert reply(outcome) == "enough"


async def test_the_same_call_for_ever_comes_to_an_end(work: session.Session) -> None:
    model = Scripted(replies=[calling(("explain", {"code": "AW305"}))])
    async with hall(work, model) as opened:
        outcome = await Chat(opened).say("hello")

    assert outcome.state == "done"
    assert len(model.seen) == rails.CALLS
    assert "limit" in reply(outcome)


async def test_the_same_call_twice_in_one_answer_is_made_once(work: session.Session) -> None:
    twice = calling(("explain", {"code": "AW305"}), ("explain", {"code": "AW305"}))
    async with hall(work, Scripted(replies=[twice, "done"])) as opened:
        outcome = await Chat(opened).say("hello")

    assert len(results(outcome)) == 1


@pytest.mark.parametrize("silence", ["", "  \n", AIMessage([])], ids=["empty", "blank", "no blocks"])
async def test_a_silent_model_does_not_leave_the_person_without_words(
    work: session.Session, silence: Any
) -> None:
    async with hall(work, Scripted(replies=[silence])) as opened:
        outcome = await Chat(opened).say("hello")

    assert reply(outcome) == rails.SILENCE


async def test_a_plan_that_was_applied_is_not_applied_again_without_a_yes(work: session.Session) -> None:
    plan, apply = (
        calling(("plan_integration", {"spec": "spec-1", "name": "shop"})),
        calling(("apply_plan", {"plan": "plan-1"})),
    )
    async with hall(work, Scripted(replies=[plan, apply, apply, "over"])) as opened:
        chat = Chat(opened)
        await chat.say(ORDER)
        again = await chat.answer(YES)

    assert again.state == "waiting"
    assert calls(again)[-1] == ("apply_plan", {"plan": "plan-1"})


async def test_a_plan_that_changes_nothing_asks_nobody(work: session.Session) -> None:
    plan = calling(("plan_integration", {"spec": "spec-1", "name": "shop"}))
    again = calling(("apply_plan", {"plan": "plan-2"}))
    script = [plan, calling(("apply_plan", {"plan": "plan-1"})), "applied", plan, again, "over"]
    async with hall(work, Scripted(replies=script)) as opened:
        chat = Chat(opened)
        await chat.say(ORDER)
        await chat.answer(YES)
        ended = await chat.say("once more")

    assert ended.state == "done"
    assert "AW934" in results(ended)[-1].text


def test_the_context_keeps_whole_turns_and_always_the_last() -> None:
    long = "x" * (rails.CONTEXT // 2)
    turns = [HumanMessage(long), AIMessage(long), HumanMessage("b"), AIMessage("c"), HumanMessage("d" * 10)]

    assert [each.text[:1] for each in rails.recent(turns)] == ["b", "c", "d"]
    assert rails.recent([HumanMessage("y" * rails.CONTEXT * 2)])[0].text[0] == "y"
