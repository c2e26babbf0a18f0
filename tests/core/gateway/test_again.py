from __future__ import annotations

import pytest

from core.gateway.again import Again, pause_s
from core.gateway.faults import Fault
from tests.core.gateway.conftest import Makes
from tests.core.gateway.test_order import Refused

pytestmark = pytest.mark.anyio


def test_the_only_model_is_asked_again_before_the_planner_takes_over(makes: Makes) -> None:
    gateway = makes.gateway(makes.scripted(Refused(503), "ok"), planner=makes.scripted("by rules"))

    message = gateway.invoke("hi")

    assert message.text == "ok"
    assert message.response_metadata["gateway"]["passed"] == [
        {"seat": "primary", "why": "server", "detail": "answered 503"}
    ]


async def test_so_it_is_in_a_coroutine_and_once_only(makes: Makes) -> None:
    primary = makes.scripted(Refused(503), Refused(503), "never")

    message = await makes.gateway(primary, planner=makes.scripted("by rules")).ainvoke("hi")

    assert message.text == "by rules"
    assert len(primary.prompts) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 404])
def test_what_does_not_pass_is_not_tried_again(makes: Makes, status: int) -> None:
    primary = makes.scripted(Refused(status), "never")

    assert makes.gateway(primary, planner=makes.scripted("by rules")).invoke("hi").text == "by rules"


def test_where_a_fallback_is_the_primary_is_not_asked_again(makes: Makes) -> None:
    primary = makes.scripted(Refused(503), "never")

    assert makes.gateway(primary, makes.scripted("fallback")).invoke("hi").text == "fallback"


def test_without_time_it_is_not_tried_again(makes: Makes) -> None:
    primary = makes.scripted(Refused(503), "never")
    desk = makes.desk(deadline_s=0.5)
    gateway = makes.gateway(primary, planner=makes.scripted("by rules"), desk=desk)

    assert gateway.invoke("hi").text == "by rules"


def test_a_fifth_of_all_calls_may_be_tried_again() -> None:
    again = Again()

    tried = 0
    for _ in range(1000):
        again.earn()
        tried += again.spend()

    assert 195 <= tried <= 206


def test_a_quiet_time_does_not_save_up_a_storm() -> None:
    again = Again()
    for _ in range(1000):
        again.earn()

    assert sum(again.spend() for _ in range(100)) == 5


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (Fault("broken"), 0.2),
        (Fault("rate"), 0.2),
        (Fault("rate", retry_after_s=-5.0), 0.2),
        (Fault("rate", retry_after_s=2.0), 2.0),
        (Fault("rate", retry_after_s=2.1), None),
        (Fault("timeout"), None),
        (Fault("malformed"), None),
        (Fault("resting"), None),
    ],
)
def test_the_pause_is_short_or_none(fault: Fault, seconds: float | None) -> None:
    assert pause_s(fault, 0.0) == seconds
