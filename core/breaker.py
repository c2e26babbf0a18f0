"""Stop calling what does not answer, and let one call at a time find out whether it does again.

The rules are pure: a state, an event and the time go in, the next state comes out. Where states are
kept (`core.cells`: this process or a Redis) is somebody else's affair. Keys are the caller's, such as
tenant and model: what one tenant's key breaks is not closed to another.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal

from core.cells import Cells

Phase = Literal["closed", "open", "half-open"]
Verdict = Literal["good", "bad", "fatal", "none"]
"""`fatal` opens at once (a key that is refused, money that is spent); `none` says nothing of health."""


@dataclass(frozen=True, slots=True)
class Rules:
    window_s: float = 30.0
    calls: int = 20  # of the window, at most so many are looked at
    least: int = 5  # fewer say nothing
    share: float = 0.5
    rest_s: float = 30.0
    jitter: float = 0.2  # so that many processes do not come back in the same instant
    obeyed_s: float = 60.0  # a Retry-After beyond this is cut
    probe_s: float = 90.0  # whoever probes and is never heard of again loses the right after this
    needed: int = 2  # good probes that close it

    @property
    def longest_s(self) -> float:
        return max(self.rest_s * (1 + self.jitter), self.obeyed_s)


@dataclass(frozen=True, slots=True)
class State:
    phase: Phase = "closed"
    calls: tuple[tuple[float, bool], ...] = ()
    until: float = 0.0  # open: it rests; half open: somebody probes
    good: int = 0
    epoch: int = 0  # a verdict from an earlier one is late and counts for nothing


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to one call. Whoever holds it says how it went, once."""

    key: str
    epoch: int
    is_probe: bool


def admit(state: State, now: float, rules: Rules) -> tuple[State, bool]:
    """Whether one more call may go out. Half open it is the probe, and the next must wait for its end."""
    if state.phase == "closed":
        return state, True
    limit = rules.probe_s if state.phase == "half-open" else rules.longest_s
    if now < state.until <= now + limit:  # further off than any rest: the clock was set back
        return state, False
    good = state.good if state.phase == "half-open" else 0
    return State("half-open", until=now + rules.probe_s, good=good, epoch=state.epoch + 1), True


def judge(
    state: State, permit: Permit, verdict: Verdict, *, now: float, rules: Rules, rest_s: float
) -> State:
    """The state after the call that `permit` allowed. `rest_s` is how long it rests if it opens now."""
    if permit.epoch != state.epoch:
        return state
    if verdict == "fatal":
        return _opened(state, now, rest_s)
    if state.phase == "half-open":
        return _probed(state, verdict, now, rules, rest_s)
    if verdict == "none":
        return state
    calls = tuple(one for one in state.calls if now - rules.window_s < one[0] <= now)
    calls = (*calls, (now, verdict == "good"))[-rules.calls :]
    bad = sum(not good for _, good in calls)
    if verdict == "bad" and len(calls) >= rules.least and bad >= rules.share * len(calls):
        return _opened(state, now, rest_s)
    return replace(state, calls=calls)


def _probed(state: State, verdict: Verdict, now: float, rules: Rules, rest_s: float) -> State:
    if verdict == "bad":
        return _opened(state, now, rest_s)
    good = state.good + (verdict == "good")
    if good >= rules.needed:
        return State(epoch=state.epoch + 1)
    return State("half-open", good=good, epoch=state.epoch + 1)


def _opened(state: State, now: float, rest_s: float) -> State:
    return State("open", until=now + rest_s, epoch=state.epoch + 1)


def phase(state: State, now: float) -> Phase:
    """As a caller would find it: one that has rested enough is half open."""
    return "half-open" if state.phase == "open" and now >= state.until else state.phase


class Breakers:
    """One breaker per key. `now` is seconds that all who share the cells agree on; `chance` is 0 to 1."""

    def __init__(
        self,
        cells: Cells,
        *,
        now: Callable[[], float],
        chance: Callable[[], float],
        rules: Rules | None = None,
    ) -> None:
        self.cells = cells
        self.rules = rules or Rules()
        self._now = now
        self._chance = chance
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, State] = OrderedDict()

    def ask(self, key: str) -> Permit | None:
        """A permit, or None while it rests or somebody else probes."""
        permits: list[Permit | None] = []

        def turn(state: State) -> State:
            after, may = admit(state, self._now(), self.rules)
            permits.append(Permit(key, after.epoch, after.phase == "half-open") if may else None)
            return after

        self._change(key, turn)
        return permits[-1]  # the turn that counted is the last: one that lost a race is taken again

    def tell(self, permit: Permit, verdict: Verdict, *, retry_after_s: float | None = None) -> bool:
        """How the call went; whether this opened the breaker from closed.

        A positive Retry-After is obeyed at once, up to a limit: whoever names a time is asked at that time.
        """
        opened: list[bool] = []

        def turn(state: State) -> State:
            after = self._judged(state, permit, verdict, retry_after_s)
            opened.append(state.phase == "closed" and after.phase == "open")
            return after

        self._change(permit.key, turn)
        return opened[-1]

    def _judged(self, state: State, permit: Permit, verdict: Verdict, retry_after_s: float | None) -> State:
        rules = self.rules
        rest_s = rules.rest_s * (1 + rules.jitter * (2 * self._chance() - 1))
        if verdict == "bad" and retry_after_s is not None and retry_after_s > 0:
            verdict, rest_s = "fatal", min(retry_after_s, rules.obeyed_s)
        return judge(state, permit, verdict, now=self._now(), rules=rules, rest_s=rest_s)

    def phases(self) -> Mapping[str, Phase]:
        """Every breaker this process has asked, as it last saw it."""
        now = self._now()
        with self._lock:
            return {key: phase(state, now) for key, state in self._seen.items()}

    def rest_s(self, key: str) -> float:
        """How long it rests from now, as this process last saw it."""
        state = self._seen.get(key, State())
        return max(0.0, state.until - self._now()) if state.phase == "open" else 0.0

    def _change(self, key: str, turn: Callable[[State], State]) -> None:
        text = self.cells.change(f"breaker|{key}", lambda old: _written(turn(_read(old))))
        with self._lock:
            self._seen[key] = _read(text)
            self._seen.move_to_end(key)
            if len(self._seen) > _MOST_SEEN:
                self._seen.popitem(last=False)


_MOST_SEEN = 10_000


def _read(text: str) -> State:
    if not text:
        return State()
    raw = json.loads(text)
    raw["calls"] = tuple((at, good) for at, good in raw["calls"])
    return State(**raw)


def _written(state: State) -> str:
    return json.dumps(asdict(state)) if state != State() else ""
