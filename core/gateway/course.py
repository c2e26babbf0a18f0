"""Which seat is asked next, and when to stop: the whole order of a call, without waiting for anything.

A generator that says what to do next (`Do`, `Call`) and is sent what came of it. Two drivers, one for
threads and one for coroutines, do the waiting.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage

from core import telemetry
from core.breaker import Breakers, Permit
from core.gateway import again, faults, form
from core.gateway import budget as money
from core.gateway.again import Again
from core.gateway.budget import Budget, Cost, Price
from core.gateway.errors import BudgetSpent, ModelsUnavailable, SeatInvalid
from core.gateway.faults import Fault


def _nobody(*_: str) -> None:
    """Whom nobody listens to."""


LOCAL_S = 0.25
"""Kept back for a seat that needs no network, so that it can still answer when time is nearly over."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who may answer. `is_local`: no network, no cost, no breaker, such as the planner."""

    name: str
    model: BaseChatModel
    label: str = ""  # the model's name, which breakers are kept by
    timeout_s: float = 20.0
    idle_s: float = 10.0  # between two parts of a stream
    price: Price | None = None
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What all calls share. The callbacks are told a seat's name and one word of a fixed list."""

    breakers: Breakers
    budget: Budget
    now: Callable[[], float]  # wall-clock time, for a Retry-After that is a date
    ticks: Callable[[], float] = time.monotonic
    deadline_s: float = 60.0
    chance: Callable[[], float] = random.random
    again: Again = field(default_factory=Again)
    on_outcome: Callable[[str, str], None] = _nobody
    on_alarm: Callable[[str, str], None] = _nobody
    on_state: Callable[[str, str], None] = _nobody

    @property
    def is_far(self) -> bool:
        return self.breakers.cells.is_far or self.budget.cells.is_far


@dataclass(frozen=True, slots=True)
class Request:
    messages: tuple[BaseMessage, ...]
    wanted: form.Wanted
    options: dict[str, Any] = field(default_factory=dict)
    is_streamed: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """Something short that may wait for a shared store."""

    work: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Call:
    """Ask this seat, for so long and no longer."""

    seat: Seat
    request: Request
    within_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Whole: the message, and the parts it came in where it was streamed."""

    message: BaseMessage
    parts: tuple[AIMessageChunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so long."""

    seconds: float


Step = Do | Call | Wait
Course = Generator[Step, Any, Answer]


def run(desk: Desk, tenant: str, seats: Sequence[Seat], request: Request) -> Course:
    """The first whole and usable answer, or one error that says why there is none."""
    tokens = money.estimate(request.messages, request.wanted.tools)
    desk.budget.admit(tokens)
    desk.again.earn()
    attempt = _Attempts(desk, tenant, request, tokens, until=desk.ticks() + desk.deadline_s)
    reserve = LOCAL_S if any(seat.is_local for seat in seats) else 0.0
    last = next((seat for seat in reversed(seats) if not seat.is_local), None)
    for seat in seats:
        got = yield from attempt.at(seat, reserve)
        if isinstance(got, Fault) and seat is last and (yield from attempt.may_again(got, reserve)):
            got = yield from attempt.at(seat, reserve)
        if isinstance(got, Answer):
            return attempt.signed(got, seat)
    raise attempt.refusal(seats)


class _Attempts:
    """One call on its way from seat to seat."""

    def __init__(self, desk: Desk, tenant: str, request: Request, tokens: int, *, until: float) -> None:
        self._desk = desk
        self._tenant = tenant
        self._request = request
        self._tokens = tokens
        self._until = until
        self._passed: list[tuple[str, Fault]] = []
        self._mended = ""  # the seat that was asked twice: no more than one is
        self._used: list[tuple[int, int]] = []

    @property
    def left_s(self) -> float:
        return self._until - self._desk.ticks()

    def may_again(self, fault: Fault, reserve: float) -> Generator[Step, Any, bool]:
        """Whether to ask the last model once more: nobody as good comes after it. Waits where it is."""
        pause = again.pause_s(fault, self._desk.chance())
        if pause is None or self.left_s - reserve < 2 * pause or not self._desk.again.spend():
            return False
        yield Wait(pause)
        return True

    def at(self, seat: Seat, reserve: float) -> Generator[Step, Any, Answer | Fault]:
        left_s = max(self.left_s, LOCAL_S) if seat.is_local else self.left_s - reserve
        with telemetry.span(f"llm.{seat.name}", kind="LLM", **{"llm.model_name": seat.label}) as span:
            got = yield from self._admitted(seat, self._desk.ticks() + min(seat.timeout_s, left_s))
            if isinstance(got, Fault):
                self._passed.append((seat.name, got))
                if got.was_asked:
                    span.fail(f"{got.why}: {got.detail}" if got.detail else got.why)
            outcome = got.why if isinstance(got, Fault) else self._how(seat)
            span.set(outcome=outcome)
            if span.is_open:
                span.set(**_said(self._request, got))
        self._desk.on_outcome(seat.name, outcome)
        return got

    def _how(self, seat: Seat) -> str:
        return "mended" if self._mended == seat.name else "answered"

    def _admitted(self, seat: Seat, until: float) -> Generator[Step, Any, Answer | Fault]:
        """Behind the breaker, within the budget. A local seat needs neither."""
        if seat.is_local:
            return (yield from self._asked(seat, until))
        if until <= self._desk.ticks():
            return Fault("timeout", "no time was left to ask")
        permit = yield Do(lambda: self._desk.breakers.ask(self._key(seat)))
        if permit is None:
            return Fault("resting")
        within_s = until - self._desk.ticks()
        got: Answer | Fault | None = None
        try:
            got = yield from self._paid(seat, until)
        finally:
            # Thrown out (the caller went away): the permit is given back at once, whatever it waits for.
            if got is None:
                self._desk.breakers.tell(permit, "none")
        is_hurried = within_s < min(seat.timeout_s, self._desk.deadline_s) / 2
        yield Do(lambda: self._told(seat, permit, got, is_hurried=is_hurried))
        return got

    def _told(self, seat: Seat, permit: Permit, got: Answer | Fault, *, is_hurried: bool) -> None:
        desk = self._desk
        if isinstance(got, Fault):
            # What others left of the time may be too little for anybody.
            verdict = "none" if got.why == "timeout" and is_hurried else got.verdict
            opened = desk.breakers.tell(permit, verdict, retry_after_s=got.retry_after_s)
            if got.is_alarm and opened:
                desk.on_alarm(seat.name, got.why)
        else:
            desk.breakers.tell(permit, "good")
        desk.on_state(seat.name, desk.breakers.phases().get(permit.key, "closed"))

    def _paid(self, seat: Seat, until: float) -> Generator[Step, Any, Answer | Fault]:
        budget = self._desk.budget
        if not budget.is_capped:
            return (yield from self._asked(seat, until))
        planned = money.cost(seat.price, self._tokens, budget.caps.answer_tokens)
        if not (yield Do(lambda: budget.reserve(self._tenant, planned))):
            return Fault("spent")
        self._used = []
        got = yield from self._asked(seat, until)  # thrown out here, what was set aside counts as spent
        actual = self._took(seat, planned, got)
        yield Do(lambda: budget.settle(self._tenant, planned, actual))
        return got

    def _took(self, seat: Seat, planned: Cost, got: Answer | Fault) -> Cost:
        if self._used:
            read, written = (sum(counts) for counts in zip(*self._used, strict=True))
            return money.cost(seat.price, read, written)
        return planned if not isinstance(got, Fault) or got.is_billed else Cost()

    def _asked(self, seat: Seat, until: float) -> Generator[Step, Any, Answer | Fault]:
        """Once, and once more where the model may do better when it is told what was wrong."""
        got = yield from self._judged(seat, self._request, until)
        if not isinstance(got, Fault) or not got.is_mendable or self._mended:
            return got
        self._mended = seat.name
        told = HumanMessage(f"Your last answer was not used: {got.detail}. Answer again, and mend that.")
        again = replace(self._request, messages=(*self._request.messages, told))
        return (yield from self._judged(seat, again, until))

    def _judged(self, seat: Seat, request: Request, until: float) -> Generator[Step, Any, Answer | Fault]:
        within_s = until - self._desk.ticks()
        if within_s <= 0:
            return Fault("timeout")
        got: Answer | BaseException = yield Call(seat, request, within_s)
        if isinstance(got, BaseException):
            if seat.is_local and not isinstance(got, TimeoutError):
                raise got  # a mistake of ours, which no other seat would mend
            return faults.read(got, now=self._desk.now)
        if isinstance(got.message, AIMessage) and (usage := got.message.usage_metadata):
            self._used.append((usage["input_tokens"], usage["output_tokens"]))
        return form.fault(got.message, request.wanted, is_local=seat.is_local) or got

    def _key(self, seat: Seat) -> str:
        return f"{self._tenant}|{seat.name}|{seat.label}"

    def signed(self, answer: Answer, seat: Seat) -> Answer:
        """Who answered, and why nobody before did, stands in the message's metadata."""
        facts = {
            "seat": seat.name,
            "model": seat.label,
            "mended": self._mended == seat.name,
            "passed": [faults.as_fact(name, fault) for name, fault in self._passed],
        }
        message = answer.message.model_copy(
            update={"response_metadata": {**answer.message.response_metadata, "gateway": facts}}
        )
        return replace(answer, message=message)

    def refusal(self, seats: Sequence[Seat]) -> Exception:
        facts = [faults.as_fact(name, fault) for name, fault in self._passed]
        whys = {fault.why for _, fault in self._passed}
        if whys == {"spent"}:
            return BudgetSpent(
                "The budget of this day is used up.", retry_after_s=self._desk.budget.renewed_in_s
            )
        rests = [self._desk.breakers.rest_s(self._key(seat)) for seat in seats if not seat.is_local]
        said = ", ".join(f"{name}: {fault.why}" for name, fault in self._passed)
        wait = max(1, round(min(rests, default=1.0)))
        return ModelsUnavailable(f"No model answers ({said}).", passed=facts, retry_after_s=wait)


def _said(request: Request, got: Answer | Fault) -> dict[str, Any]:
    """For the trace, by OpenInference's names."""
    asked: dict[str, Any] = {"input": request.messages[-1].text} if request.messages else {}
    if isinstance(got, Fault):
        return asked
    usage = got.message.usage_metadata if isinstance(got.message, AIMessage) else None
    counted = (
        {
            "llm.token_count.prompt": usage["input_tokens"],
            "llm.token_count.completion": usage["output_tokens"],
        }
        if usage
        else {}
    )
    return {**asked, **counted, "output": got.message.text}


def check(seats: Sequence[Seat], budget: Budget) -> None:
    """Refuse seats that cannot keep what is promised, before the first call."""
    names = [seat.name for seat in seats]
    if not seats or len(set(names)) < len(names):
        raise SeatInvalid("A gateway needs seats, each with a name of its own.", seats=names)
    for seat in seats:
        if budget.caps.usd_per_day is not None and seat.price is None and not seat.is_local:
            raise SeatInvalid(
                f"What `{seat.label or seat.name}` costs is not known, so no cap in dollars can be kept.",
                place=seat.name,
                fix="Give the model's price for a million tokens, or cap the tokens of a day instead.",
            )
