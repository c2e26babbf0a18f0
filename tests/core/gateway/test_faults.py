"""The real client against a server with 22 faults: on time, nothing malformed, the next seat answers."""

from __future__ import annotations

import asyncio
import time

import pytest
from langchain_core.messages import AIMessage, BaseMessage, BaseMessageChunk

from core import telemetry
from core.gateway import Gateway, ModelsUnavailable, openai
from tests.core.gateway.conftest import Real
from tests.faulty_openai import FAULTS, KEY, STREAM_FAULTS, calling

pytestmark = pytest.mark.anyio
DEADLINE_S = 1.5
ALL = (*FAULTS, *STREAM_FAULTS)
NEVER_ENDS = ("hang", "drip", "sseslow")


def f(a: int, b: int) -> int:
    """The tool the faulty server calls."""
    return a + b


def asked(gateway: Gateway, fault: str) -> AIMessage:
    model = gateway.bind_tools([f])
    if fault not in STREAM_FAULTS:
        return model.invoke("hi")
    return _joined(list(model.stream("hi")))


async def asked_async(gateway: Gateway, fault: str) -> AIMessage:
    model = gateway.bind_tools([f])
    try:
        if fault not in STREAM_FAULTS:
            return await model.ainvoke("hi")
        return _joined([part async for part in model.astream("hi")])
    finally:
        await gateway.aclose()


def _joined(parts: list[BaseMessage]) -> AIMessage:
    whole = parts[0]
    for part in parts[1:]:
        assert isinstance(whole, BaseMessageChunk)
        whole = whole + part
    assert isinstance(whole, AIMessage)
    return whole


def assert_fallback_or_late_luck(message: AIMessage, fault: str) -> None:
    assert message.text.strip() == "ok"
    if fault != "r429once":
        assert message.response_metadata["gateway"]["seat"] == "fallback"


def test_there_are_twenty_two_faults() -> None:
    assert len(ALL) == 22


@pytest.mark.parametrize("fault", ALL)
def test_the_fallback_answers_in_a_thread(real: Real, fault: str) -> None:
    gateway = real.backed(fault, deadline_s=DEADLINE_S)
    began = time.monotonic()

    message = asked(gateway, fault)

    assert time.monotonic() - began < DEADLINE_S + 0.5
    assert_fallback_or_late_luck(message, fault)


@pytest.mark.parametrize("fault", ALL)
async def test_the_fallback_answers_in_a_coroutine(real: Real, fault: str) -> None:
    gateway = real.backed(fault, deadline_s=DEADLINE_S)
    began = time.monotonic()

    message = await asked_async(gateway, fault)

    assert time.monotonic() - began < DEADLINE_S + 0.5
    assert_fallback_or_late_luck(message, fault)


@pytest.mark.parametrize("fault", [fault for fault in ALL if fault != "r429once"])
async def test_without_another_seat_it_fails_in_time_and_tells_no_key(real: Real, fault: str) -> None:
    gateway = real.gateway(real.seat(fault, timeout_s=20.0), deadline_s=0.5)
    began = time.monotonic()

    with pytest.raises(ModelsUnavailable) as caught:
        await asked_async(gateway, fault)

    assert time.monotonic() - began < 0.5 + 0.5
    chain = f"{caught.value!r} {caught.value.to_dict()} {caught.value.__cause__} {caught.value.__context__}"
    assert KEY not in chain


@pytest.mark.parametrize("fault", NEVER_ENDS)
def test_a_thread_that_is_left_behind_lets_go_of_its_connection(real: Real, fault: str) -> None:
    with pytest.raises(ModelsUnavailable):
        asked(real.gateway(real.seat(fault)), fault)

    assert real.provider.gone[fault].acquire(timeout=5)


@pytest.mark.parametrize("fault", NEVER_ENDS)
async def test_a_coroutine_that_is_out_of_time_closes_its_connection(real: Real, fault: str) -> None:
    with pytest.raises(ModelsUnavailable):
        await asked_async(real.gateway(real.seat(fault)), fault)

    assert real.provider.gone[fault].acquire(timeout=5)


@pytest.mark.parametrize(
    ("fault", "why"),
    [("e401", "key"), ("e402", "money"), ("quota", "money"), ("e404", "missing")],
)
def test_what_does_not_pass_by_itself_is_not_asked_again_and_rings(real: Real, fault: str, why: str) -> None:
    rung: list[tuple[str, str]] = []
    gateway = real.backed(fault, on_alarm=lambda *words: rung.append(words))
    before = real.provider.hits[fault]

    for _ in range(5):
        assert gateway.invoke("hi").text == "ok"

    assert real.provider.hits[fault] == before + 1
    assert rung == [("primary", why)]
    assert gateway.states() == {"primary": "open", "fallback": "closed"}


@pytest.mark.parametrize("fault", ["e500", "e503", "e529"])
def test_a_server_that_is_down_is_left_alone_after_five_calls(real: Real, fault: str) -> None:
    gateway = real.backed(fault)
    before = real.provider.hits[fault]

    for _ in range(12):
        gateway.invoke("hi")

    assert real.provider.hits[fault] - before == (1 if fault == "e503" else 5)  # 503 names a Retry-After


def test_tool_calls_come_through_whole_and_in_parts(real: Real) -> None:
    real.provider.replies["tools"] = [calling('{"a": 1, "b": 2}')]
    model = real.gateway(real.seat("tools")).bind_tools([f])

    for message in (model.invoke("hi"), _joined(list(model.stream("hi")))):
        assert [(call["name"], call["args"]) for call in message.tool_calls] == [("f", {"a": 1, "b": 2})]


def test_cut_off_arguments_in_a_stream_are_not_guessed(real: Real) -> None:
    gateway = real.backed("badtool")

    message = _joined(list(gateway.bind_tools([f]).stream("hi")))

    assert message.tool_calls == []
    assert message.response_metadata["gateway"]["seat"] == "fallback"


def test_the_key_is_a_known_secret() -> None:
    openai("m", "a-key-of-no-known-form", "http://127.0.0.1:1/v1")

    assert "a-key-of-no-known-form" not in telemetry.masked("", "it is a-key-of-no-known-form")


def test_the_environment_redirects_no_key(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", real.provider.url("e500"))
    monkeypatch.setenv("OPENAI_BASE_URL", real.provider.url("e500"))
    monkeypatch.setenv("OPENAI_API_KEY", "another")

    assert real.gateway(real.seat("ok")).invoke("hi").text == "ok"


def test_one_gateway_serves_several_event_loops(real: Real) -> None:
    gateway = real.gateway(real.seat("ok"))

    async def ask() -> list[str]:
        texts = [(await gateway.ainvoke("hi")).text for _ in range(2)]
        await gateway.aclose()
        return texts

    assert [asyncio.run(ask()) for _ in range(2)] == [["ok", "ok"]] * 2
