"""Half open: one call of fifty goes out, whoever they are."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.gateway import Gateway
from core.gateway.scripted import Scripted
from tests.core.gateway.conftest import Makes
from tests.core.gateway.test_order import Refused

pytestmark = pytest.mark.anyio


def opened(makes: Makes) -> tuple[Gateway, Scripted]:
    primary = makes.scripted(Refused(401), *[Refused(500)] * 50)
    gateway = makes.gateway(primary, makes.scripted(*["ok"] * 60))
    gateway.invoke("hi")
    makes.clock.move(30.0)
    return gateway, primary


async def test_fifty_coroutines_send_one_probe(makes: Makes) -> None:
    gateway, primary = opened(makes)

    answers = await asyncio.gather(*(gateway.ainvoke("hi") for _ in range(50)))

    assert [answer.text for answer in answers] == ["ok"] * 50
    assert len(primary.prompts) == 2


def test_fifty_threads_send_one_probe(makes: Makes) -> None:
    gateway, primary = opened(makes)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: gateway.invoke("hi").text, range(50)))

    assert answers == ["ok"] * 50
    assert len(primary.prompts) == 2
