"""`/v1`: chat graphs as models, approvals as questions, and refusals in OpenAI's form."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.http import chats
from tests.http.chatting import KEY, OTHER, PATH, assistant, chunks, post, said, text_of, user


@pytest.fixture
def memory() -> chats.Chats:
    return chats.Chats()


@pytest.fixture
def client(memory: chats.Chats) -> Iterator[TestClient]:
    with TestClient(chats.app(memory)) as made:
        yield made


def test_models_are_the_chat_graphs(client: TestClient) -> None:
    listed = client.get("/v1/models", headers=KEY).json()

    assert [each["id"] for each in listed["data"]][:2] == ["talk", "careful"]
    assert "echo" not in str(listed)


def test_one_model_is_found_by_its_name(client: TestClient) -> None:
    answer = client.get("/v1/models/talk", headers=KEY)

    assert answer.json() == {"id": "talk", "object": "model", "created": 0, "owned_by": "autoweave"}


@pytest.mark.parametrize("name", ["nope", "echo", "..", "talk%00", "a" * 300])
def test_a_graph_that_is_no_chat_is_no_model(client: TestClient, name: str) -> None:
    answer = client.get(f"/v1/models/{name}", headers=KEY)

    assert answer.status_code == 404


def test_an_answer_has_openais_form(client: TestClient) -> None:
    made = post(client, "talk", user("hi"), temperature=0.2, max_tokens=5, seed=1).json()

    assert made["object"] == "chat.completion"
    assert made["created"] == 1_700_000_000
    assert made["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "You said: hi", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert made["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def test_tokens_that_a_model_reported_are_told(client: TestClient) -> None:
    made = post(client, "counting", user("hi")).json()

    assert made["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def test_without_a_thread_the_messages_are_all_there_is(client: TestClient) -> None:
    messages = [{"role": "developer", "content": "Be kind."}, user("a"), assistant("b"), user("c")]

    assert said(post(client, "counting", *messages)) == "system human ai human"
    assert said(post(client, "counting", user("d"))) == "human"


def test_parts_of_text_are_one_text(client: TestClient) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]

    assert said(post(client, "talk", user(parts))) == "You said: a\nb"


@pytest.mark.parametrize("header", ["X-Thread-Id", "X-OpenWebUI-Chat-Id"])
def test_a_thread_is_told_only_what_it_does_not_know(client: TestClient, header: str) -> None:
    headers = {**KEY, header: "chat-1"}
    post(client, "counting", user("a"), headers=headers)

    answer = post(client, "counting", user("a"), assistant("human"), user("b"), headers=headers)

    assert said(answer) == "human ai human"


def test_a_thread_is_the_tenants_own(client: TestClient) -> None:
    post(client, "counting", user("a"), headers={**KEY, "X-Thread-Id": "chat-1"})

    answer = post(client, "counting", user("a"), headers={**OTHER, "X-Thread-Id": "chat-1"})

    assert said(answer) == "human"


def test_the_thread_comes_back_as_a_header_that_can_be_sent_again(client: TestClient) -> None:
    first = post(client, "counting", user("a"))
    headers = {**KEY, "X-Thread-Id": first.headers["x-thread-id"]}

    answer = post(client, "counting", user("b"), headers=headers)

    assert str(uuid.UUID(headers["X-Thread-Id"])) == headers["X-Thread-Id"]
    assert said(answer) == "human ai human"


@pytest.mark.parametrize("stream", [False, True])
def test_a_graph_that_keeps_nothing_talks_without_a_thread(client: TestClient, stream: bool) -> None:
    answer = post(client, "plain", user("hi"), headers={**KEY, "X-Thread-Id": "chat-1"}, stream=stream)

    assert (text_of(chunks(answer)) if stream else said(answer)) == "You said: hi"
    assert "x-thread-id" not in answer.headers


@pytest.mark.parametrize("name", ["a b", "a\tb", "x" * 201, "x" * 10_000, "é"])
def test_a_thread_of_no_plain_name_is_refused(client: TestClient, name: str) -> None:
    headers = {**KEY, "X-Thread-Id": name.encode()}

    answer = post(client, "talk", user("a"), headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "AW974")


@pytest.mark.parametrize("name", ["a:b", "a/../b", "tenant-b:1"])
def test_a_crafted_thread_name_is_only_a_name(client: TestClient, name: str) -> None:
    answer = post(client, "counting", user("a"), headers={**KEY, "X-Thread-Id": name})

    assert said(answer) == "human"
    assert name not in answer.headers["x-thread-id"]


def test_a_stream_says_what_the_answer_would(client: TestClient) -> None:
    answer = post(client, "talk", user("hi"), stream=True)
    pieces = chunks(answer)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert pieces[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert text_of(pieces) == "You said: hi"
    assert pieces[-2]["choices"][0]["finish_reason"] == "stop"
    assert pieces[-1] == "[DONE]"
    assert len({each["id"] for each in pieces[:-1]}) == 1
    assert "usage" not in pieces[0]


def test_a_stream_ends_with_the_usage_where_it_was_asked_for(client: TestClient) -> None:
    pieces = chunks(post(client, "counting", user("a"), stream=True, stream_options={"include_usage": True}))

    assert pieces[-2]["choices"] == []
    assert pieces[-2]["usage"]["total_tokens"] == 10
    assert pieces[0]["usage"] is None


def test_an_expected_failure_has_its_status_and_openais_form(client: TestClient) -> None:
    answer = post(client, "refusing", user("go"))

    assert answer.status_code == 409
    assert answer.json() == {
        "error": {
            "message": "The name is taken. Choose another.",
            "type": "invalid_request_error",
            "param": "/name",
            "code": "AW000",
        }
    }


def test_a_failure_in_a_stream_is_its_last_piece(client: TestClient) -> None:
    pieces = chunks(post(client, "refusing", user("go"), stream=True))

    assert pieces[-1]["error"]["message"] == "The name is taken. Choose another."
    assert "[DONE]" not in pieces


@pytest.mark.parametrize("stream", [False, True])
def test_a_bug_tells_nothing_of_itself(client: TestClient, stream: bool) -> None:
    answer = post(client, "breaking", user("go"), stream=stream)

    assert answer.status_code == (200 if stream else 500)
    assert "AW999" in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 5),
        ("tools", [{"type": "function", "function": {"name": "x"}}]),
        ("tool_choice", "required"),
        ("functions", [{"name": "x"}]),
        ("response_format", {"type": "json_object"}),
        ("response_format", {"type": "json_schema", "json_schema": {}}),
        ("modalities", ["text", "audio"]),
        ("audio", {"voice": "x"}),
        ("prediction", {"type": "content", "content": "x"}),
        ("stop", "x"),
        ("stop", ["x"]),
        ("store", True),
        ("web_search_options", {}),
        ("invented", 1),
    ],
)
def test_what_would_be_left_undone_is_refused_by_name(client: TestClient, param: str, value: Any) -> None:
    answer = post(client, "talk", user("hi"), **{param: value})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "AW970"
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["param"].startswith(param)


NEUTRAL = {
    "n": 1, "logprobs": False, "tools": [], "tool_choice": "none", "response_format": {"type": "text"},
    "modalities": ["text"], "stop": [], "store": False, "temperature": 0, "top_p": 1, "seed": 7,
    "max_tokens": 1, "max_completion_tokens": 1, "presence_penalty": 0, "frequency_penalty": 0,
    "logit_bias": {}, "user": "u", "metadata": {}, "service_tier": "auto", "reasoning_effort": "low",
}  # fmt: skip


def test_neutral_and_sampling_parameters_are_taken(client: TestClient) -> None:
    assert said(post(client, "talk", user("hi"), **NEUTRAL)) == "You said: hi"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "content": "x", "tool_call_id": "1"},
        {"role": "owner", "content": "x"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://169.254.169.254"}}]},
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "/etc/passwd"}}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "user", "content": {"lc": 1, "type": "constructor", "id": ["os"], "kwargs": {}}},
        {"role": "user", "content": "x" * 8_000_001},
        {"content": "x"},
        "x",
    ],
    ids=["tool", "role", "image", "file", "call", "constructor", "8 MB", "no role", "word"],
)
def test_a_message_that_would_not_be_read_is_refused(client: TestClient, message: Any) -> None:
    answer = post(client, "talk", message)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "AW970")
    assert answer.json()["error"]["param"].startswith("messages.0")
    assert len(answer.text) < 1000, "the input is not told back"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"model":"talk","messages":[]}']
)
def test_a_body_that_is_no_request_is_refused_in_openais_form(client: TestClient, body: bytes) -> None:
    answer = client.post(PATH, content=body, headers={**KEY, "Content-Type": "application/json"})

    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_missing_key_is_refused_in_openais_form(client: TestClient) -> None:
    answer = client.post(PATH, json={"model": "talk", "messages": [user("x")]})

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert "bearer" in answer.headers["www-authenticate"].lower()


def test_a_stream_that_broke_is_logged_with_its_cause(
    client: TestClient, memory: chats.Chats, caplog: pytest.LogCaptureFixture
) -> None:
    memory.spoil()

    with caplog.at_level(logging.ERROR):
        pieces = chunks(post(client, "talk", user("hi"), stream=True))

    assert pieces[-1]["error"]["code"] == "AW999"
    assert "completions.stream_broke" in caplog.text
    assert "Spoiled" not in json.dumps(pieces)
