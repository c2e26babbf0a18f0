"""An approval in a chat: a question in plain text, and which answers count."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.http import chats
from tests.http.chatting import KEY, OTHER, assistant, chunks, post, said, text_of, user


@pytest.fixture
def memory() -> chats.Chats:
    return chats.Chats()


@pytest.fixture
def client(memory: chats.Chats) -> Iterator[TestClient]:
    with TestClient(chats.app(memory)) as made:
        yield made


def test_an_interrupt_becomes_a_question(client: TestClient) -> None:
    text = said(post(client, "careful", user("go")))

    assert text.startswith("Add 3 files. Risk: low.\n- plan_digest: d1\n")
    assert "Answer `approve`, or `reject: <why>`." in text
    assert re.search(r"\[question [0-9a-f]{8} on thread [0-9a-f-]{36}\]$", text)


@pytest.mark.parametrize(
    ("answer", "decided"),
    [
        ("approve", "approve."),
        (" **Approve**. ", "approve."),
        ("approved", "approve."),
        ("reject", "reject."),
        ("Reject: too big", "reject (too big)."),
        ("rejected because no", "reject (because no)."),
    ],
)
def test_the_next_turn_answers_the_question(client: TestClient, answer: str, decided: str) -> None:
    question = said(post(client, "careful", user("go")))

    made = post(client, "careful", user("go"), assistant(question), user(answer))

    assert said(made) == f"Decided: {decided}"


@pytest.mark.parametrize(
    "answer", ["maybe", "yes", "approve: but smaller", "do not approve", "approve 00000000", "", "I approve"]
)
def test_what_is_not_clearly_an_answer_is_asked_again(
    client: TestClient, memory: chats.Chats, answer: str
) -> None:
    question = said(post(client, "careful", user("go")))
    asked = len(memory.asked)

    made = post(client, "careful", user("go"), assistant(question), user(answer))

    assert said(made) == question
    assert len(memory.asked) == asked, "nothing was run"


def test_a_yes_to_another_question_does_not_count(client: TestClient) -> None:
    other = said(post(client, "careful", user("go")))
    headers = {**KEY, "X-Thread-Id": "mine"}
    question = said(post(client, "careful", user("go"), headers=headers))

    made = post(client, "careful", user("go"), assistant(other), user("approve"), headers=headers)

    assert said(made) == question


def test_a_client_that_sends_no_history_names_the_question(client: TestClient) -> None:
    headers = {**KEY, "X-Thread-Id": "mine"}
    question = said(post(client, "careful", user("go"), headers=headers))
    mark = question.rpartition("[question ")[2][:8]

    bare = post(client, "careful", user("approve"), headers=headers)
    named = post(client, "careful", user(f"approve {mark}"), headers=headers)

    assert said(bare) == question
    assert said(named) == "Decided: approve."


def test_a_second_yes_finds_nothing_waiting(client: TestClient) -> None:
    question = said(post(client, "careful", user("go")))
    turn = [user("go"), assistant(question), user("approve")]
    post(client, "careful", *turn)

    answer = post(client, "careful", *turn)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "AW934")


def test_another_tenants_question_cannot_be_answered(client: TestClient) -> None:
    question = said(post(client, "careful", user("go")))
    turn = [user("go"), assistant(question), user("approve")]

    stolen = post(client, "careful", *turn, headers=OTHER)
    own = post(client, "careful", *turn)

    assert stolen.json()["error"]["code"] == "AW934"
    assert said(own) == "Decided: approve."


def test_a_question_of_another_form_is_refused(client: TestClient) -> None:
    answer = post(client, "asking", user("go"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "AW973")


def test_a_streamed_question_is_answered_by_the_next_turn(client: TestClient) -> None:
    question = text_of(chunks(post(client, "careful", user("go"), stream=True)))

    turn = [user("go"), assistant(question), user("approve")]
    answer = chunks(post(client, "careful", *turn, stream=True))

    assert text_of(answer) == "Decided: approve."


def test_a_question_that_is_still_open_is_streamed_again(client: TestClient) -> None:
    question = said(post(client, "careful", user("go")))

    again = post(client, "careful", user("go"), assistant(question), user("hm"), stream=True)

    assert text_of(chunks(again)) == question
    assert chunks(again)[-1] == "[DONE]"
