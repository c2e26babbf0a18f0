from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from core.cells import Memory
from core.gateway import Budget, BudgetExceeded, BudgetSpent, Caps, Price, SeatInvalid
from core.gateway.budget import Cost, estimate
from core.testing import Clock
from tests.core.gateway.conftest import Makes
from tests.core.gateway.test_order import Refused

PRICE = Price(1.0, 4.0)


def used(read: int, written: int) -> AIMessage:
    usage = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
    return AIMessage("ok", usage_metadata=usage)


def test_a_million_tokens_are_refused_before_anybody_is_asked(makes: Makes) -> None:
    primary, planner = makes.scripted("never"), makes.scripted("never")

    with pytest.raises(BudgetExceeded, match="more than the 200000 of one call") as caught:
        makes.gateway(primary, planner=planner).invoke("word " * 1_000_000)

    assert caught.value.code == "AW911"
    assert primary.prompts == planner.prompts == []


@pytest.mark.parametrize(
    "text", ["integrate the petstore " * 400, "注文書を検証してください" * 100, '{"a": [1, 2]}' * 300]
)
def test_the_estimate_is_not_below_what_a_tokenizer_counts(text: str) -> None:
    """Against OpenAI's rule of thumb for each script: 4 letters, 1 character, 3 signs a token."""
    by_hand = {"i": len(text) / 4, "注": len(text), "{": len(text) / 3}[text[0]]

    assert estimate([HumanMessage(text)], ()) >= by_hand


def test_tools_and_earlier_calls_count_too() -> None:
    call = {"name": "f", "args": {"text": "x" * 3000}, "id": "1", "type": "tool_call"}

    assert estimate([AIMessage("", tool_calls=[call])], [{"about": "y" * 3000}]) > 2000


def test_real_usage_takes_the_estimates_place(makes: Makes) -> None:
    desk = makes.desk(Caps(tokens_per_day=10_000, usd_per_day=1.0))
    gateway = makes.gateway(makes.scripted(used(1000, 500)), desk=desk, price=PRICE)

    gateway.of("acme").invoke("hi")

    assert desk.budget.spent("acme") == Cost(1500, 0.003)
    assert desk.budget.spent("other") == Cost()


def test_a_mended_answer_costs_both(makes: Makes) -> None:
    desk = makes.desk(Caps(tokens_per_day=10_000))
    bad = used(100, 10).model_copy(
        update={"tool_calls": [{"name": "none", "args": {}, "id": "1", "type": "tool_call"}]}
    )

    makes.gateway(makes.scripted(bad, used(200, 20)), desk=desk).of("acme").invoke("hi")

    assert desk.budget.spent("acme").tokens == 330


def test_a_call_that_was_refused_costs_nothing(makes: Makes) -> None:
    desk = makes.desk(Caps(tokens_per_day=10_000))

    gateway = makes.gateway(makes.scripted(Refused(500)), desk=desk, planner=makes.scripted("ok"))
    gateway.of("acme").invoke("hi")

    assert desk.budget.spent("acme") == Cost()


def test_a_spent_budget_leaves_the_planner(makes: Makes) -> None:
    primary = makes.scripted("never")
    desk = makes.desk(Caps(tokens_per_day=100))

    message = makes.gateway(primary, desk=desk, planner=makes.scripted("by rules")).of("acme").invoke("hi")

    assert message.text == "by rules"
    assert message.response_metadata["gateway"]["passed"] == [{"seat": "primary", "why": "spent"}]
    assert primary.prompts == []
    assert desk.breakers.phases() == {"acme|primary|model-primary": "closed"}


def test_without_a_planner_a_spent_budget_is_refused_until_midnight(makes: Makes) -> None:
    desk = makes.desk(Caps(usd_per_day=0.02))
    gateway = makes.gateway(makes.scripted(used(10_000, 1_000), used(1, 1)), desk=desk, price=PRICE).of(
        "acme"
    )
    gateway.invoke("hi")

    with pytest.raises(BudgetSpent) as caught:
        gateway.invoke("hi")

    assert (caught.value.code, caught.value.status) == ("AW912", 429)
    makes.clock.move(caught.value.facts["retry_after_s"])
    assert gateway.invoke("hi").text == "ok"


def test_many_calls_at_once_do_not_set_more_aside_than_there_is() -> None:
    budget = Budget(Caps(tokens_per_day=1000), Memory(), now=Clock())

    with ThreadPoolExecutor(20) as pool:
        admitted = list(pool.map(lambda _: budget.reserve("acme", Cost(100)), range(40)))

    assert sum(admitted) == 10


def test_a_cap_in_dollars_needs_the_models_price(makes: Makes) -> None:
    with pytest.raises(SeatInvalid, match="is not known"):
        makes.gateway(makes.scripted("ok"), desk=makes.desk(Caps(usd_per_day=1.0)))
