"""Which seat answers, and what is told about it. Scripted models, a clock that the test moves."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from core.errors import Invalid
from core.gateway import ModelsUnavailable, Seat, SeatInvalid
from core.gateway.model import Gateway
from core.gateway.scripted import Scripted
from tests.core.gateway.conftest import Makes

pytestmark = pytest.mark.anyio


class Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__("the key is sk-SECRET123")
        self.status_code = status


class Add(BaseModel):
    """Two numbers to add."""

    a: int
    b: int


def call(args: dict[str, Any], name: str = "Add") -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": "c1", "type": "tool_call"}])


def test_the_primary_answers_while_it_is_well(makes: Makes) -> None:
    fallback = makes.scripted("second")

    message = makes.gateway(makes.scripted("first"), fallback).invoke("hi")

    assert message.text == "first"
    assert message.response_metadata["gateway"] == {
        "seat": "primary", "model": "model-primary", "mended": False, "passed": [],
    }  # fmt: skip
    assert fallback.prompts == []


def test_the_planner_answers_where_no_model_does(makes: Makes) -> None:
    down = [makes.scripted(Refused(400)) for _ in range(2)]

    message = makes.gateway(*down, planner=makes.scripted("by rules")).invoke("hi")

    assert message.text == "by rules"
    assert [one["seat"] for one in message.response_metadata["gateway"]["passed"]] == ["primary", "fallback"]


def test_a_planner_alone_is_a_gateway(makes: Makes) -> None:
    assert makes.gateway(planner=makes.scripted("by rules")).invoke("hi").text == "by rules"


def test_a_mistake_of_the_planners_is_not_hidden(makes: Makes) -> None:
    with pytest.raises(ZeroDivisionError):
        makes.gateway(planner=makes.scripted(ZeroDivisionError())).invoke("hi")


def test_an_expected_failure_of_the_planner_keeps_its_kind(makes: Makes) -> None:
    with pytest.raises(Invalid, match="no such file"):
        makes.gateway(planner=makes.scripted(Invalid("no such file"))).invoke("hi")


def test_an_open_breaker_is_not_asked_and_says_so(makes: Makes) -> None:
    primary = makes.scripted(Refused(401))
    gateway = makes.gateway(primary, makes.scripted("one", "two"))
    gateway.invoke("hi")

    message = gateway.invoke("hi")

    assert message.response_metadata["gateway"]["passed"] == [{"seat": "primary", "why": "resting"}]
    assert len(primary.prompts) == 1
    assert gateway.states() == {"primary": "open", "fallback": "closed"}
    assert makes.told.states[0] == ("primary", "open")


def test_one_tenants_refused_key_leaves_another_tenant_alone(makes: Makes) -> None:
    primary = makes.scripted(Refused(401), "for the other")
    gateway = makes.gateway(primary, makes.scripted("fallback"))
    gateway.of("acme").invoke("hi")

    assert gateway.of("other").invoke("hi").text == "for the other"


def test_it_comes_back_by_itself_after_its_rest(makes: Makes) -> None:
    gateway = makes.gateway(makes.scripted(Refused(401), "a", "b"), makes.scripted("fallback"))
    gateway.invoke("hi")
    makes.clock.move(30.0)

    assert [gateway.invoke("hi").text for _ in range(2)] == ["a", "b"]
    assert gateway.states()["primary"] == "closed"


def test_a_request_that_is_refused_says_nothing_about_the_models_health(makes: Makes) -> None:
    gateway = makes.gateway(makes.scripted(*[Refused(400)] * 6), makes.scripted(*["ok"] * 6))

    for _ in range(6):
        gateway.invoke("hi")

    assert gateway.states()["primary"] == "closed"


def test_bad_arguments_are_mended_once(makes: Makes) -> None:
    primary = makes.scripted(call({"a": 1}), call({"a": 1, "b": 2}))

    message = makes.gateway(primary).bind_tools([Add]).invoke("hi")

    assert message.tool_calls[0]["args"] == {"a": 1, "b": 2}
    assert message.response_metadata["gateway"]["mended"]
    told = primary.prompts[1][-1]
    assert isinstance(told, HumanMessage)
    assert "the arguments of `Add` do not fit" in told.text
    assert makes.told.outcomes == [("primary", "mended")]


def test_arguments_that_stay_bad_go_to_the_next_seat_which_is_not_mended(makes: Makes) -> None:
    bad = call({"a": "x", "b": 2})
    fallback = makes.scripted(bad)

    message = (
        makes.gateway(makes.scripted(bad, bad), fallback, planner=makes.scripted("by rules"))
        .bind_tools([Add])
        .invoke("hi")
    )

    assert message.text == "by rules"
    assert len(fallback.prompts) == 1
    assert [how for _, how in makes.told.outcomes] == ["malformed", "malformed", "answered"]


def test_an_answer_that_was_cut_off_is_not_asked_for_again(makes: Makes) -> None:
    primary = makes.scripted(AIMessage("half of", response_metadata={"finish_reason": "length"}))

    assert makes.gateway(primary, makes.scripted("whole")).invoke("hi").text == "whole"
    assert len(primary.prompts) == 1


def test_structured_output_comes_through_every_seat(makes: Makes) -> None:
    for gateway in (
        makes.gateway(makes.scripted(call({"a": 1, "b": 2}))),
        makes.gateway(makes.scripted("no call", "still none"), makes.scripted(call({"a": 1, "b": 2}))),
        makes.gateway(planner=makes.scripted(call({"a": 1, "b": 2}))),
    ):
        assert gateway.with_structured_output(Add).invoke("add one and two") == Add(a=1, b=2)


def test_the_tools_are_bound_to_the_seat_that_is_asked(makes: Makes) -> None:
    models = (makes.scripted(Refused(500)), makes.scripted("ok"))

    makes.gateway(*models).bind_tools([Add]).invoke("hi")

    assert [model.bound for model in models] == [[("Add",)], [("Add",)]]


def test_when_all_fail_the_error_says_why_and_no_key(makes: Makes) -> None:
    gateway = makes.gateway(makes.scripted(Refused(500)), makes.scripted(Refused(401)))

    with pytest.raises(ModelsUnavailable) as caught:
        gateway.invoke("hi")

    assert str(caught.value) == "No model answers (primary: server, fallback: key)."
    assert caught.value.facts["passed"] == [
        {"seat": "primary", "why": "server", "detail": "answered 500"},
        {"seat": "fallback", "why": "key", "detail": "answered 401"},
    ]
    assert caught.value.__context__ is None


def test_when_all_rest_the_error_says_how_long(makes: Makes) -> None:
    gateway = makes.gateway(makes.scripted(Refused(401)))
    with pytest.raises(ModelsUnavailable):
        gateway.invoke("hi")
    makes.clock.move(10.0)

    with pytest.raises(ModelsUnavailable) as caught:
        gateway.invoke("hi")

    assert caught.value.facts["retry_after_s"] == 20


def test_a_stream_is_shown_in_the_parts_it_came_in(makes: Makes) -> None:
    parts = list(makes.gateway(makes.scripted("one two three")).stream("hi"))

    assert [part.text for part in parts if part.text] == ["one ", "two ", "three"]
    signed = [one.response_metadata["gateway"] for one in parts if "gateway" in one.response_metadata]
    assert [one["seat"] for one in signed] == ["primary"]


class Whole(Scripted):
    """A model that does not stream, such as a planner may be."""

    def _should_stream(self, **_: Any) -> bool:  # type: ignore[override]
        return False


@pytest.mark.parametrize("reply", ["by rules", call({"a": 1, "b": 2})])
def test_a_seat_that_does_not_stream_answers_in_one_part(makes: Makes, reply: Any) -> None:
    gateway = makes.gateway(planner=Whole(replies=(reply,)))

    first, *_ = gateway.bind_tools([Add]).stream("hi")

    assert first.text == "by rules" or first.tool_calls[0]["args"] == {"a": 1, "b": 2}
    assert first.response_metadata["gateway"]["seat"] == "planner"


async def test_nothing_of_a_stream_that_is_not_used_is_shown(makes: Makes) -> None:
    half = AIMessage("the first half", response_metadata={"finish_reason": ""})

    gateway = makes.gateway(makes.scripted(half), makes.scripted("whole"))
    parts = [part async for part in gateway.astream("hi")]

    assert "".join(part.text for part in parts) == "whole"


async def test_callbacks_see_one_model_and_only_what_is_used(makes: Makes) -> None:
    half = AIMessage("the first half", response_metadata={"finish_reason": ""})
    gateway = makes.gateway(makes.scripted(half), makes.scripted("whole"))

    events = [event async for event in gateway.astream_events("hi", version="v2")]

    assert {event["name"] for event in events} == {"Gateway"}
    shown = [event["data"]["chunk"].text for event in events if event["event"] == "on_chat_model_stream"]
    assert "".join(shown) == "whole"


async def test_a_caller_that_goes_away_gives_its_probe_back(makes: Makes) -> None:
    asked, gate = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def stuck(_: Any) -> AIMessage:
        loop.call_soon_threadsafe(asked.set)
        return AIMessage(str(gate.wait(10)))

    gateway = makes.gateway(makes.scripted(Refused(401), stuck, "a"))
    with pytest.raises(ModelsUnavailable):
        await gateway.ainvoke("hi")
    makes.clock.move(30.0)
    task = asyncio.ensure_future(gateway.ainvoke("hi"))
    await asked.wait()

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    gate.set()

    assert (await gateway.ainvoke("hi")).text == "a"


def test_a_model_that_never_comes_back_is_left_behind(makes: Makes) -> None:
    gate = threading.Event()

    def stuck(_: Any) -> AIMessage:
        assert gate.wait(10)
        return AIMessage("too late")

    message = makes.gateway(makes.scripted(stuck), makes.scripted("in time"), timeout_s=0.2).invoke("hi")
    gate.set()

    assert message.text == "in time"
    assert message.response_metadata["gateway"]["passed"] == [{"seat": "primary", "why": "timeout"}]


def test_the_planner_answers_though_the_models_used_up_the_time(makes: Makes) -> None:
    gate = threading.Event()
    stuck = makes.scripted(lambda _: AIMessage(str(gate.wait(10))))
    fallback = makes.scripted("never asked")
    desk = makes.desk(deadline_s=0.6)

    message = makes.gateway(stuck, fallback, planner=makes.scripted("by rules"), desk=desk).invoke("hi")
    gate.set()

    assert message.text == "by rules"
    assert fallback.prompts == []
    assert makes.gateway(desk=desk, planner=makes.scripted()).desk.breakers.phases().keys() == {
        "|primary|model-primary"
    }


def test_a_timeout_for_want_of_time_is_not_held_against_a_seat(makes: Makes) -> None:
    gate = threading.Event()
    desk = makes.desk(deadline_s=0.5)
    stuck = [Scripted(replies=(lambda _: AIMessage(str(gate.wait(10))),)) for _ in range(2)]
    seats = (Seat("primary", stuck[0], timeout_s=0.4), Seat("fallback", stuck[1], timeout_s=20.0))

    with pytest.raises(ModelsUnavailable):
        Gateway(seats=seats, desk=desk).invoke("hi")
    gate.set()

    held = [makes.cells.change(f"breaker||{seat.name}|", lambda text: text) for seat in seats]
    assert len(json.loads(held[0])["calls"]) == 1
    assert held[1] == ""


@pytest.mark.parametrize("names", [(), ("primary", "primary")])
def test_seats_without_names_of_their_own_are_refused(makes: Makes, names: tuple[str, ...]) -> None:
    seats = tuple(Seat(name, Scripted(replies=())) for name in names)

    with pytest.raises(SeatInvalid):
        Gateway(seats=seats, desk=makes.desk())


def test_neither_seats_nor_keys_are_in_its_representation(makes: Makes) -> None:
    gateway = makes.gateway(makes.scripted("ok"))

    assert "replies" not in repr(gateway)
    assert "replies" not in str(gateway.asdict())
