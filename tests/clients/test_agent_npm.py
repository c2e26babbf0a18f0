"""The npm client, unchanged, and the calls of agent-chat-ui, against the Agent Server routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import npm
from tests.http.agents import application
from tests.serving import served

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    npm.installed("agent")
    with served(application()[0]) as base:
        yield base


@pytest.fixture(scope="module")
def did(url: str) -> Any:
    return npm.run("agent", "agent.mjs", url)


@pytest.fixture(scope="module")
def chat(url: str) -> Any:
    return npm.run("agent", "chat.mjs", url)


def test_the_npm_client_streams_and_learns_the_runs_id(did: Any) -> None:
    assert did["asked"][0] == ["metadata", {"run_id": did["created"]["run_id"], "attempt": 1}]
    assert did["created"]["thread_id"] == did["thread"]
    assert "__interrupt__" in did["asked"][-1][1]


def test_the_npm_client_sees_what_is_asked(did: Any) -> None:
    [[asked]] = did["interrupted"]["interrupts"].values()

    assert did["interrupted"]["status"] == "interrupted"
    assert did["state"]["tasks"][0]["interrupts"] == [asked]


def test_the_npm_client_joins_a_stream_again(did: Any) -> None:
    assert [name for name, _ in did["rejoined"]] == ["metadata", "values", "values", "values"]


def test_the_npm_client_answers_an_approval(did: Any) -> None:
    assert did["approved"] == {"text": "four", "length": 4, "decision": "approve"}
    assert len(did["history"]) == 2


def test_the_npm_client_follows_runs_in_the_background(did: Any) -> None:
    assert did["listed"][0]["run_id"] == did["background"]["run_id"]
    assert did["batch"][0]["status"] == "pending"


def test_the_npm_client_finds_and_removes_threads(did: Any) -> None:
    assert [each["thread_id"] for each in did["found"]] == [did["thread"]]
    assert "There is no such thread." in did["gone"]


def test_the_npm_client_runs_without_a_thread(did: Any) -> None:
    assert did["stateless"] == {"text": "four", "length": 4}


def test_the_npm_client_gets_messages_in_parts(did: Any) -> None:
    parts = [data[0]["content"] for name, data in did["parts"] if name == "messages"]

    assert "".join(parts[:3]) == "one two"


def test_the_npm_client_throws_failures_and_refusals(did: Any) -> None:
    assert "four is taken." in did["failure"]
    assert "`webhook` is not supported" in did["hooked"]


def test_the_npm_client_reads_assistants(did: Any) -> None:
    assert did["assistants"][0]["graph_id"] == "review"
    assert {"source": "measure", "target": "review"} in did["graph"]["edges"]
    assert did["schemas"]["input_schema"]["required"] == ["text"]


def test_the_chat_ui_finds_the_server(chat: Any) -> None:
    assert chat["info"] == 200


def test_the_chat_ui_gets_replies_and_remembers_them(chat: Any) -> None:
    replies = [each["content"] for each in chat["second"]["history"][0]["values"]["messages"]]

    assert [each["type"] for each in chat["second"]["history"][0]["values"]["messages"]] == [
        "human", "ai", "human", "ai",
    ]  # fmt: skip
    assert [replies[1], replies[3]] == ["You said: hello", "You said: again"]


def test_the_chat_ui_sees_messages_while_they_are_made(chat: Any) -> None:
    shown = [data[0]["content"] for name, data in chat["first"]["events"] if name == "messages"]

    assert "You said: hello" in shown


def test_the_chat_ui_lists_its_threads_by_graph_and_by_assistant(chat: Any) -> None:
    assert [each["thread_id"] for each in chat["byGraph"]] == [chat["first"]["thread"]]
    assert chat["byAssistant"] == chat["byGraph"]


def test_the_chat_ui_shows_a_question_and_sends_the_answer(chat: Any) -> None:
    head = chat["asked"]["history"][0]

    assert head["tasks"][-1]["interrupts"][0]["value"]["review_configs"][0]["action_name"] == "apply"
    assert chat["answered"]["history"][0]["values"] == {"text": "five", "length": 4, "decision": "edit"}


def test_the_chat_ui_is_told_that_a_past_is_not_forked(chat: Any) -> None:
    assert "not the thread's last one" in chat["forked"]
