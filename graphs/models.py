"""Which model the assistant talks through: the planner alone, or a gateway with it in the last seat."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import logs

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from core.gateway import Gateway, Seat

log = logs.named("models")


@dataclass(frozen=True)
class Named:
    """A model by its name. One with a slash is LiteLLM's, such as `anthropic/claude-sonnet-4-5`."""

    name: str
    key: str = ""
    url: str = ""


@dataclass(frozen=True)
class Wanted:
    """None in `primary`: no key and no address were given, so the planner works alone, without a network."""

    primary: Named | None = None
    fallback: Named | None = None
    timeout_s: float = 20.0
    deadline_s: float = 60.0
    tokens_per_day: int | None = None
    usd_per_day: float | None = None
    redis_url: str = ""
    """Where several processes share breakers and budgets."""


@dataclass(frozen=True)
class Seated:
    model: BaseChatModel
    gateway: Gateway | None = None

    @property
    def of_tenant(self) -> Callable[[str], BaseChatModel] | None:
        return self.gateway.of if self.gateway else None

    @property
    def states(self) -> Mapping[str, str]:
        """Each seat's breaker: closed, open or half-open. The planner has none."""
        return self.gateway.states() if self.gateway else {}


def seated(wanted: Wanted) -> Seated:
    """The model that `wanted` describes. Nothing is reached until it is asked."""
    from graphs.assistant.planner import Planner  # noqa: PLC0415  # langchain_core: only who talks needs it

    planner = Planner()
    if wanted.primary is None:
        return Seated(planner)
    from core import gateway  # noqa: PLC0415  # 0.7 CPU s, and the planner needs none of it
    from core.breaker import Breakers  # noqa: PLC0415  # as above

    cells = _cells(wanted.redis_url)
    caps = gateway.Caps(tokens_per_day=wanted.tokens_per_day, usd_per_day=wanted.usd_per_day)
    desk = gateway.Desk(
        Breakers(cells, now=time.time, chance=random.random),
        gateway.Budget(caps, cells, now=time.time),
        now=time.time,
        deadline_s=wanted.deadline_s,
        on_alarm=lambda seat, why: log.error("model.refused", seat=seat, why=why),
    )
    seats = [_seat("primary", wanted.primary, wanted.timeout_s)]
    if wanted.fallback is not None:
        seats.append(_seat("fallback", wanted.fallback, wanted.timeout_s))
    seats.append(gateway.Seat("planner", planner, "planner", is_local=True))
    made = gateway.Gateway(seats=tuple(seats), desk=desk)
    return Seated(made, made)


def _seat(name: str, named: Named, timeout_s: float) -> Seat:
    from core import gateway  # noqa: PLC0415  # as above

    if "/" in named.name:
        model = gateway.litellm(named.name, named.key, named.url, timeout_s=timeout_s)
    else:
        model = gateway.openai(named.name, named.key, named.url or gateway.OPENAI, timeout_s=timeout_s)
    return gateway.Seat(name, model, named.name, timeout_s=timeout_s, price=gateway.PRICES.get(named.name))


def _cells(redis_url: str) -> Any:
    from core.cells import Memory, Shared  # noqa: PLC0415  # as above

    if not redis_url:
        return Memory()
    from redis import Redis  # noqa: PLC0415  # only where one is configured

    client = Redis.from_url(redis_url, socket_timeout=0.25, socket_connect_timeout=0.25)
    return Shared(client, now=time.monotonic, log=log.warning)
