from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from core.breaker import Breakers
from core.cells import Memory
from core.gateway import Budget, Caps, Desk, Gateway, Seat, openai
from core.gateway.scripted import Scripted
from core.testing import Clock
from tests import faulty_openai


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def provider() -> Iterator[faulty_openai.Server]:
    """One for all: a fault that only one test uses has its hits for itself."""
    with faulty_openai.running() as server:
        yield server


class Real:
    """Gateways over the faulty server, on real clocks, whose connections are closed after the test."""

    def __init__(self, provider: faulty_openai.Server) -> None:
        self.provider = provider
        self.made: list[Gateway] = []

    def seat(self, fault: str, name: str = "primary", *, timeout_s: float = 0.6) -> Seat:
        model = openai("m", faulty_openai.KEY, self.provider.url(fault), timeout_s=timeout_s)
        return Seat(name, model, label=f"m-{name}", timeout_s=timeout_s, idle_s=timeout_s)

    def gateway(self, *seats: Seat, **options: Any) -> Gateway:
        cells = Memory()
        breakers = Breakers(cells, now=time.monotonic, chance=random.random)
        budget = Budget(Caps(), cells, now=time.time)
        desk = Desk(breakers=breakers, budget=budget, now=time.time, **options)
        self.made.append(Gateway(seats=seats, desk=desk))
        return self.made[-1]

    def backed(self, fault: str, **options: Any) -> Gateway:
        """The fault, and a fallback that is well."""
        return self.gateway(self.seat(fault), self.seat("ok", "fallback"), **options)


@pytest.fixture
def real(provider: faulty_openai.Server) -> Iterator[Real]:
    real = Real(provider)
    yield real
    for gateway in real.made:
        gateway.close()


class Told:
    """What the callbacks were told."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str]] = []
        self.alarms: list[tuple[str, str]] = []
        self.states: list[tuple[str, str]] = []


class Makes:
    """Gateways over scripted or real models, with a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.told = Told()
        self.cells = Memory()

    def desk(self, caps: Caps | None = None, **options: Any) -> Desk:
        return Desk(
            breakers=Breakers(self.cells, now=self.clock, chance=lambda: 0.5),
            budget=Budget(caps or Caps(), self.cells, now=self.clock),
            now=self.clock,
            on_outcome=lambda *words: self.told.outcomes.append(words),
            on_alarm=lambda *words: self.told.alarms.append(words),
            on_state=lambda *words: self.told.states.append(words),
            **options,
        )

    def gateway(
        self,
        *models: BaseChatModel,
        desk: Desk | None = None,
        planner: BaseChatModel | None = None,
        **seat: Any,
    ) -> Gateway:
        names = ("primary", "fallback")
        seats = [
            Seat(name, model, label=f"model-{name}", **seat)
            for name, model in zip(names, models, strict=False)
        ]
        if planner is not None:
            seats.append(Seat("planner", planner, is_local=True))
        return Gateway(seats=tuple(seats), desk=desk or self.desk())

    def scripted(self, *replies: Any) -> Scripted:
        return Scripted(replies=replies)


@pytest.fixture
def makes() -> Makes:
    return Makes()
