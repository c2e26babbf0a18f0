"""What a call may cost before it is made, and what a tenant may spend in a day.

Tokens are estimated without a tokenizer (tiktoken fetches its tables from the network): bytes by three is
more than prose or code takes. Once a call is over, its real usage takes the estimate's place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from core.cells import Cells
from core.gateway.errors import BudgetExceeded

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    read: float
    written: float


@dataclass(frozen=True, slots=True)
class Caps:
    """None: no cap. A call is never longer than `tokens_per_call`, whoever pays."""

    tokens_per_call: int = 200_000
    tokens_per_day: int | None = None
    usd_per_day: float | None = None
    answer_tokens: int = 4_000  # what an answer is taken to need, until it is there


@dataclass(frozen=True, slots=True)
class Cost:
    tokens: int = 0
    usd: float = 0.0


def estimate(messages: Sequence[BaseMessage], tools: Sequence[Any]) -> int:
    """Tokens of the input, rather too many than too few."""
    size = sum(len(json.dumps(tool)) for tool in tools)
    for message in messages:
        content = message.content
        text = content if isinstance(content, str) else json.dumps(content, default=str)
        size += len(text.encode(errors="replace")) + 16
        size += sum(len(json.dumps(call["args"], default=str)) for call in getattr(message, "tool_calls", ()))
    return math.ceil(size / 3)


def cost(price: Price | None, read: int, written: int) -> Cost:
    if price is None:
        return Cost(read + written)
    return Cost(read + written, (read * price.read + written * price.written) / 1_000_000)


class Budget:
    """`now` is wall-clock time: days are UTC's."""

    def __init__(self, caps: Caps, cells: Cells, *, now: Callable[[], float]) -> None:
        self.caps = caps
        self.cells = cells
        self._now = now

    def admit(self, tokens: int) -> None:
        if tokens > self.caps.tokens_per_call:
            raise BudgetExceeded(
                f"About {tokens} tokens are more than the {self.caps.tokens_per_call} of one call.",
                tokens=tokens,
                limit=self.caps.tokens_per_call,
            )

    def reserve(self, tenant: str, planned: Cost) -> bool:
        """Set the cost aside; False, and nothing set aside, where it is more than is left of the day."""
        fits: list[bool] = []

        def turn(text: str) -> str:
            spent = self._today(text)
            fits.append(self._within(spent, planned))
            return self._written(_sum(spent, planned)) if fits[-1] else text

        self.cells.change(f"budget|{tenant}", turn)
        return fits[-1]

    def settle(self, tenant: str, planned: Cost, actual: Cost) -> None:
        """The call is over: what was set aside comes back, what it took is spent."""
        back = Cost(actual.tokens - planned.tokens, actual.usd - planned.usd)
        self.cells.change(f"budget|{tenant}", lambda text: self._written(_sum(self._today(text), back)))

    def spent(self, tenant: str) -> Cost:
        return self._today(self.cells.change(f"budget|{tenant}", lambda text: text))

    @property
    def is_capped(self) -> bool:
        return self.caps.tokens_per_day is not None or self.caps.usd_per_day is not None

    @property
    def renewed_in_s(self) -> int:
        return math.ceil(_DAY_S - self._now() % _DAY_S)

    def _within(self, spent: Cost, planned: Cost) -> bool:
        tokens, usd = self.caps.tokens_per_day, self.caps.usd_per_day
        return (tokens is None or spent.tokens + planned.tokens <= tokens) and (
            usd is None or spent.usd + planned.usd <= usd
        )

    def _today(self, text: str) -> Cost:
        day, tokens, usd = json.loads(text) if text else (0, 0, 0.0)
        return Cost(tokens, usd) if day == self._now() // _DAY_S else Cost()

    def _written(self, spent: Cost) -> str:
        return json.dumps([self._now() // _DAY_S, spent.tokens, round(spent.usd, 9)])


def _sum(one: Cost, other: Cost) -> Cost:
    return Cost(max(0, one.tokens + other.tokens), max(0.0, one.usd + other.usd))
