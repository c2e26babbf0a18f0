from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.breaker import Breakers, Permit, Rules
from core.cells import Memory
from core.testing import Clock


class Chance:
    """The middle of its range unless told otherwise: a rest is then exactly 30 s."""

    def __init__(self) -> None:
        self.value = 0.5

    def __call__(self) -> float:
        return self.value


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.chance = Chance()
        self.all = Breakers(Memory(), now=self.clock, chance=self.chance)

    def permit(self, key: str = "acme|m") -> Permit:
        permit = self.all.ask(key)
        assert permit is not None
        return permit

    def calls(self, *verdicts: str) -> None:
        for verdict in verdicts:
            self.all.tell(self.permit(), verdict)  # type: ignore[arg-type]

    def is_shut(self, key: str = "acme|m") -> bool:
        return self.all.ask(key) is None


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_four_failures_say_nothing_yet(bench: Bench) -> None:
    bench.calls("bad", "bad", "bad", "bad")

    assert not bench.is_shut()


def test_half_of_five_and_more_open_it(bench: Bench) -> None:
    bench.calls("good", "good", "bad", "bad", "bad")

    assert bench.is_shut()


def test_less_than_half_keeps_it_closed(bench: Bench) -> None:
    bench.calls("good", "good", "good", "bad", "bad")

    assert not bench.is_shut()


def test_failures_that_left_the_window_are_forgotten(bench: Bench) -> None:
    bench.calls("bad", "bad", "bad", "bad")
    bench.clock.move(30.0)
    bench.calls("bad")

    assert not bench.is_shut()


def test_only_the_last_twenty_calls_are_looked_at(bench: Bench) -> None:
    bench.calls(*["good"] * 40, *["bad"] * 10)

    assert bench.is_shut()


def test_a_refused_key_opens_at_once(bench: Bench) -> None:
    assert bench.all.tell(bench.permit(), "fatal")
    assert bench.is_shut()


def test_one_tenants_key_does_not_open_anothers_breaker(bench: Bench) -> None:
    bench.calls("fatal")

    assert not bench.is_shut("other|m")


@pytest.mark.parametrize(("chance", "rest_s"), [(0.0, 24.0), (0.5, 30.0), (1.0, 36.0)])
def test_it_rests_thirty_seconds_give_or_take_a_fifth(bench: Bench, chance: float, rest_s: float) -> None:
    bench.chance.value = chance
    bench.calls("fatal")

    bench.clock.move(rest_s - 0.01)
    assert bench.is_shut()
    bench.clock.move(0.01)
    assert not bench.is_shut()


def test_one_probe_at_a_time_and_two_good_ones_close_it(bench: Bench) -> None:
    bench.calls("fatal")
    bench.clock.move(30.0)
    first = bench.permit()
    assert bench.is_shut()
    bench.all.tell(first, "good")
    second = bench.permit()
    assert second.is_probe
    assert bench.is_shut()

    bench.all.tell(second, "good")

    assert not bench.permit().is_probe
    assert not bench.permit().is_probe


def test_a_bad_probe_opens_it_again_without_a_second_alarm(bench: Bench) -> None:
    bench.calls("fatal")
    bench.clock.move(30.0)

    assert not bench.all.tell(bench.permit(), "fatal")
    assert bench.is_shut()


def test_a_probe_that_says_nothing_lets_the_next_one_through(bench: Bench) -> None:
    bench.calls("fatal")
    bench.clock.move(30.0)
    bench.calls("none")

    assert bench.permit().is_probe


def test_a_prober_that_died_does_not_hold_the_right_for_ever(bench: Bench) -> None:
    bench.calls("fatal")
    bench.clock.move(30.0)
    dead = bench.permit()
    bench.clock.move(90.0)
    alive = bench.permit()

    bench.all.tell(dead, "fatal")
    bench.all.tell(alive, "good")

    assert bench.all.phases()["acme|m"] == "half-open"


def test_a_verdict_from_before_it_opened_counts_for_nothing(bench: Bench) -> None:
    late = bench.permit()
    bench.calls("fatal")
    bench.clock.move(30.0)
    bench.all.tell(late, "good")

    assert bench.permit().is_probe
    assert bench.is_shut()


@pytest.mark.parametrize(("asked_s", "rest_s"), [(2.0, 2.0), (60.0, 60.0), (3600.0, 60.0)])
def test_retry_after_is_obeyed_up_to_a_minute(bench: Bench, asked_s: float, rest_s: float) -> None:
    bench.all.tell(bench.permit(), "bad", retry_after_s=asked_s)

    bench.clock.move(rest_s - 0.01)
    assert bench.is_shut()
    bench.clock.move(0.01)
    assert not bench.is_shut()


@pytest.mark.parametrize("asked_s", [0.0, -5.0, None])
def test_a_retry_after_that_names_no_time_is_a_plain_failure(bench: Bench, asked_s: float | None) -> None:
    bench.all.tell(bench.permit(), "bad", retry_after_s=asked_s)

    assert not bench.is_shut()


def test_a_clock_set_back_does_not_keep_it_shut(bench: Bench) -> None:
    bench.calls("fatal")
    bench.clock.move(-3600.0)

    assert bench.permit().is_probe


def test_its_phase_is_told_as_a_caller_would_find_it(bench: Bench) -> None:
    bench.calls("good")
    assert bench.all.phases() == {"acme|m": "closed"}
    bench.calls("fatal")
    assert bench.all.phases() == {"acme|m": "open"}
    assert bench.all.rest_s("acme|m") == 30.0
    bench.clock.move(30.0)
    assert bench.all.phases() == {"acme|m": "half-open"}


def test_fifty_threads_get_one_probe_between_them(bench: Bench) -> None:
    bench.calls("fatal")
    bench.clock.move(30.0)
    together = threading.Barrier(50)

    def ask(_: int) -> bool:
        together.wait(10)
        return bench.all.ask("acme|m") is not None

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(ask, range(50))) == 1


def test_other_rules_are_followed() -> None:
    breakers = Breakers(Memory(), now=Clock(), chance=lambda: 0.5, rules=Rules(least=1))
    permit = breakers.ask("k")
    assert permit is not None

    breakers.tell(permit, "bad")

    assert breakers.ask("k") is None
