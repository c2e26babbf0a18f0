"""What an answer must look like, and which messages of a client count."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graphs.assistant import turns
from graphs.integrate.content import AnswerRefused

ONE = [
    SimpleNamespace(id="i", value={"action_requests": [{"name": "apply_plan", "args": {"plan": "plan-1"}}]})
]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"decisions": []},
        {"decisions": "approve"},
        {"decisions": [{"type": "approve"}, {"type": "approve"}]},
        {"decisions": [{"type": "edit", "edited_action": {"name": "apply_plan", "args": {}}}]},
        {"decisions": [{"type": "respond", "message": "done"}]},
        {"decisions": ["approve"]},
        {"decisions": [{}]},
    ],
    ids=str,
)
def test_an_answer_that_is_no_decision_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(AnswerRefused):
        turns.decisions(answer, ONE)


def test_a_no_keeps_its_reason_and_a_yes_nothing_else() -> None:
    no = turns.decisions({"decisions": [{"type": "reject", "message": "too big"}]}, ONE)
    yes = turns.decisions({"decisions": [{"type": "approve", "args": {"plan": "plan-9"}}]}, ONE)

    assert no == [{"type": "reject", "message": "too big"}]
    assert yes == [{"type": "approve"}]


def test_the_same_words_asked_again_are_another_question() -> None:
    again = [SimpleNamespace(id="j", value=ONE[0].value)]

    assert turns.digest(ONE) != turns.digest(again)


def test_a_message_of_blocks_is_read_as_its_text() -> None:
    said = turns.readable([{"role": "user", "content": [{"type": "text", "text": "hello"}], "id": "m1"}])

    assert said == [{"role": "human", "text": "hello", "id": "m1"}]
