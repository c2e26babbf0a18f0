"""What two servers on one Redis have in common, and what the rest of AutoWeave sees of a call."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage

from core import telemetry
from core.breaker import Breakers
from core.cells import Shared
from core.gateway import Budget, Caps, Desk, Gateway, Seat
from core.gateway.scripted import Scripted
from core.metrics import Metrics
from core.testing import Clock
from tests import redis
from tests.core.gateway.conftest import Makes
from tests.core.gateway.test_order import Refused

pytestmark = pytest.mark.anyio


@pytest.fixture
def server(tmp_path: Path) -> Iterator[redis.Server]:
    if not redis.is_there():
        pytest.skip("group redis: no redis-server on PATH")
    with redis.running(tmp_path / "redis") as server:
        yield server


@pytest.mark.redis
async def test_servers_on_one_redis_share_breakers_and_budget(server: redis.Server) -> None:
    from redis import Redis

    clock = Clock()
    links = [Redis.from_url(server.url, socket_timeout=1.0) for _ in range(2)]

    def gateway(link: object, *replies: object) -> Gateway:
        cells = Shared(link, now=clock, log=lambda *_, **__: None)
        desk = Desk(
            Breakers(cells, now=clock, chance=random.random),
            Budget(Caps(tokens_per_day=9_000), cells, now=clock),
            now=clock,
        )
        model = Scripted(replies=replies)
        seats = (
            Seat("primary", model, label="m"),
            Seat("planner", Scripted(replies=("by rules",) * 3), is_local=True),
        )
        return Gateway(seats=seats, desk=desk, tenant="acme")

    usage = {"input_tokens": 5_000, "output_tokens": 0, "total_tokens": 5_000}
    one = gateway(links[0], AIMessage("ok", usage_metadata=usage), Refused(401))
    other = gateway(links[1], "never asked")

    assert (await one.ainvoke("hi")).text == "ok"
    spent = await other.ainvoke("hi")
    clock.move(86_400)
    await one.ainvoke("hi")
    resting = await other.ainvoke("hi")

    passed = [message.response_metadata["gateway"]["passed"][0]["why"] for message in (spent, resting)]
    assert passed == ["spent", "resting"]
    assert other.states()["primary"] == "open"
    for link in links:
        link.close()


@pytest.mark.redis
async def test_a_redis_that_hangs_holds_no_call(server: redis.Server) -> None:
    from redis import Redis

    link = Redis.from_url(server.url, socket_timeout=0.2)
    cells = Shared(link, now=time.monotonic, log=lambda *_, **__: None)
    breakers = Breakers(cells, now=time.time, chance=random.random)
    desk = Desk(breakers, Budget(Caps(), cells, now=time.time), now=time.time)
    gateway = Gateway(seats=(Seat("primary", Scripted(replies=("ok",) * 5), label="m"),), desk=desk)
    link.ping()
    server.signal(signal.SIGSTOP)
    began = time.monotonic()

    answers = [(await gateway.ainvoke("hi")).text for _ in range(5)]

    assert answers == ["ok"] * 5
    assert time.monotonic() - began < 1.5
    server.signal(signal.SIGCONT)
    link.close()


def test_an_agent_calls_its_tools_through_any_seat(makes: Makes) -> None:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    called = AIMessage(
        "", tool_calls=[{"name": "add", "args": {"a": 1, "b": 2}, "id": "1", "type": "tool_call"}]
    )
    gateway = makes.gateway(makes.scripted(Refused(500), "It is 3."), makes.scripted(called))

    messages = create_agent(gateway, [add]).invoke({"messages": [("user", "1 + 2?")]})["messages"]

    assert [message.text for message in messages] == ["1 + 2?", "", "3", "It is 3."]
    assert messages[1].response_metadata["gateway"]["seat"] == "fallback"


def test_each_seat_that_was_asked_is_a_span(makes: Makes) -> None:
    recorded = telemetry.set_up(keep=10)

    usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    fallback = makes.scripted(AIMessage("ok", usage_metadata=usage))
    with telemetry.span("assistant.answer"):
        makes.gateway(makes.scripted(Refused(401)), fallback).invoke("hi")

    spans = {span.name: span for span in recorded.spans()}
    recorded.close()
    assert list(spans) == ["llm.primary", "llm.fallback", "assistant.answer"]
    assert spans["llm.primary"].attributes["openinference.span.kind"] == "LLM"
    assert spans["llm.primary"].attributes["outcome"] == "key"
    answered = spans["llm.fallback"].attributes
    assert answered["llm.model_name"] == "model-fallback"
    assert (answered["input.value"], answered["output.value"]) == ("hi", "ok")
    assert answered["llm.token_count.completion"] == 3


def test_the_metrics_show_a_seats_breaker(makes: Makes) -> None:
    metrics = Metrics()
    desk = Desk(
        Breakers(makes.cells, now=makes.clock, chance=lambda: 0.5),
        Budget(Caps(), makes.cells, now=makes.clock),
        now=makes.clock,
        on_state=metrics.breaker,
    )

    makes.gateway(makes.scripted(Refused(401)), makes.scripted("ok"), desk=desk).invoke("hi")

    text = metrics.render()[0].decode()
    assert 'autoweave_breaker_state{seat="primary"} 2.0' in text
    assert 'autoweave_breaker_state{seat="fallback"} 0.0' in text
