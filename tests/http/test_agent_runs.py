"""Runs over the Agent Server interface: waited for, left alone, looked at, cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.http.front import Caller
from tests.http.agents import APPROVE, Client, application

pytestmark = pytest.mark.anyio
ECHO = {"assistant_id": "echo", "input": {"text": "four"}}
REVIEW = {"assistant_id": "review", "input": {"text": "four"}}


@pytest.fixture
def client() -> Client:
    return Client(application()[0])


async def test_a_run_without_a_thread_answers_the_final_values(client: Client) -> None:
    answer = await client("POST", "/runs/wait", ECHO)

    assert (answer.status_code, answer.json()) == (200, {"text": "four", "length": 4})


async def test_an_assistant_is_known_by_its_uuid_too(client: Client) -> None:
    one = (await client("GET", "/assistants/echo")).json()

    answer = await client("POST", "/runs/wait", {**ECHO, "assistant_id": one["assistant_id"]})

    assert answer.json()["length"] == 4


async def test_an_unknown_assistant_is_not_found(client: Client) -> None:
    answer = await client("POST", "/runs/wait", {**ECHO, "assistant_id": "ecko"})

    assert (answer.status_code, answer.json()["code"]) == (404, "AW931")


async def test_an_expected_failure_is_told_beside_the_values(client: Client) -> None:
    answer = (await client("POST", "/runs/wait", {"assistant_id": "broken", "input": {"text": "x"}})).json()

    assert answer["text"] == "x"
    assert answer["__error__"]["message"] == "x is taken."
    assert answer["__error__"]["fix"] == "Choose another."


async def test_a_bug_tells_nothing_of_what_is_inside(client: Client) -> None:
    answer = await client("POST", "/runs/wait", {"assistant_id": "bug", "input": {"text": "x"}})

    assert answer.json()["__error__"]["error"] == "AW999"
    assert "secret" not in answer.text


async def test_an_approval_is_asked_for_and_answered(client: Client) -> None:
    thread = await client.thread()

    asked = (await client("POST", f"/threads/{thread}/runs/wait", REVIEW)).json()
    answered = await client(
        "POST", f"/threads/{thread}/runs/wait", {"assistant_id": "review", "command": {"resume": APPROVE}}
    )

    assert asked["__interrupt__"][0]["value"]["action_requests"][0]["name"] == "apply"
    assert answered.json() == {"text": "four", "length": 4, "decision": "approve"}


async def test_an_answer_to_nobody_is_a_conflict(client: Client) -> None:
    thread = await client.thread()

    answer = await client(
        "POST", f"/threads/{thread}/runs/wait", {"assistant_id": "review", "command": {"resume": APPROVE}}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "AW934")


async def test_a_background_run_can_be_found_listed_and_joined(client: Client) -> None:
    thread = await client.thread()

    made = await client("POST", f"/threads/{thread}/runs", REVIEW)
    run = made.json()["run_id"]
    joined = (await client("GET", f"/threads/{thread}/runs/{run}/join")).json()
    found = (await client("GET", f"/threads/{thread}/runs/{run}")).json()
    listed = (await client("GET", f"/threads/{thread}/runs")).json()

    assert made.headers["content-location"] == f"/threads/{thread}/runs/{run}"
    assert made.json()["status"] == "pending"
    assert joined["__interrupt__"]
    assert found["status"] == "interrupted"
    assert listed == [found]


async def test_runs_are_listed_newest_first_and_by_status(client: Client) -> None:
    thread = await client.thread()
    path = f"/threads/{thread}/runs"
    ids = []
    for _ in range(3):
        made = (await client("POST", path, {"assistant_id": "talk", "input": {"messages": [SAID]}})).json()
        await client("GET", f"{path}/{made['run_id']}/join")
        ids.append(made["run_id"])

    all_of_them = (await client("GET", path)).json()
    second = (await client("GET", f"{path}?limit=1&offset=1&status=success")).json()
    failed = (await client("GET", f"{path}?status=error")).json()

    assert [each["run_id"] for each in all_of_them] == ids[::-1]
    assert [each["run_id"] for each in second] == [ids[1]]
    assert failed == []


SAID = {"role": "user", "content": "hello"}


async def test_a_run_is_found_on_its_own_thread_only(client: Client) -> None:
    first, second = await client.thread(), await client.thread()
    run = (await client("POST", f"/threads/{first}/runs", REVIEW)).json()["run_id"]

    answer = await client("GET", f"/threads/{second}/runs/{run}")

    assert (answer.status_code, answer.json()["code"]) == (404, "AW932")


@pytest.mark.parametrize("path", ["", "/join", "/stream"])
async def test_another_tenants_run_is_as_unknown_as_one_that_never_was(path: str) -> None:
    app, _ = application()
    acme, other = Client(app), Client(app, "other")
    thread = await acme.thread()
    run = (await acme("POST", f"/threads/{thread}/runs", REVIEW)).json()["run_id"]

    theirs = await other("GET", f"/threads/{thread}/runs/{run}{path}")
    nobodys = await other("GET", f"/threads/{thread}/runs/{'0' * 32}{path}")

    assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json())
    assert theirs.status_code == 404


async def test_another_tenants_thread_cannot_be_run_on() -> None:
    app, memory = application()
    thread = await Client(app).thread()

    answer = await Client(app, "other")("POST", f"/threads/{thread}/runs/wait", REVIEW)

    assert (answer.status_code, answer.json()["code"]) == (404, "AW932")
    assert memory.asked == []


async def test_a_missing_thread_is_made_where_that_is_asked(client: Client) -> None:
    path = "/threads/made-by-me/runs/wait"

    refused = await client("POST", path, REVIEW)
    answer = await client("POST", path, {**REVIEW, "if_not_exists": "create"})

    assert refused.status_code == 404
    assert answer.json()["__interrupt__"]
    assert (await client("GET", "/threads/made-by-me")).json()["status"] == "interrupted"


async def test_a_graph_that_keeps_nothing_takes_no_thread_and_no_background(client: Client) -> None:
    thread = await client.thread()

    on_thread = await client("POST", f"/threads/{thread}/runs/wait", ECHO)
    behind = await client("POST", "/runs", ECHO)

    assert [each.json()["code"] for each in (on_thread, behind)] == ["AW958", "AW958"]


async def test_runs_without_a_thread_begin_together(client: Client) -> None:
    made = (await client("POST", "/runs/batch", [REVIEW, REVIEW])).json()

    threads = {each["thread_id"] for each in made}
    assert len(threads) == 2
    for each in made:
        joined = await client("GET", f"/threads/{each['thread_id']}/runs/{each['run_id']}/join")
        assert joined.json()["__interrupt__"]


async def test_the_front_is_asked_what_the_body_says() -> None:
    app, memory = application()
    body = {
        "assistant_id": "review",
        "input": {"text": "x"},
        "metadata": {"ticket": "T-1"},
        "config": {"recursion_limit": 7, "tags": ["a"], "metadata": {"from": "test"}},
        "interrupt_before": ["review"],
        "interrupt_after": "*",
        "multitask_strategy": "enqueue",
        "stream_mode": ["messages-tuple", "values", "messages", "updates"],
    }

    await Client(app).events("/runs/stream", body)

    caller, ask = memory.asked[0]
    assert caller == Caller("acme", "key:acme")
    assert ask.metadata == {"ticket": "T-1", "from": "test", "tags": ["a"]}
    assert (ask.recursion_limit, ask.if_busy) == (7, "enqueue")
    assert (ask.interrupt_before, ask.interrupt_after) == (("review",), ("measure", "review"))
    assert ask.modes == ("messages", "values", "updates")


async def test_a_run_is_cancelled_on_request() -> None:
    app, memory = application()
    client = Client(app)
    thread = await client.thread()
    run = (await client("POST", f"/threads/{thread}/runs", REVIEW)).json()["run_id"]

    answer = await client("POST", f"/threads/{thread}/runs/{run}/cancel")
    again = await client("POST", "/runs/cancel", {"thread_id": thread, "run_ids": [run]})

    assert (answer.status_code, again.status_code) == (202, 202)
    assert memory.cancelled == [run, run]


async def test_cancelling_undoes_nothing_and_says_so(client: Client) -> None:
    thread = await client.thread()
    run = (await client("POST", f"/threads/{thread}/runs", REVIEW)).json()["run_id"]

    answer = await client("POST", f"/threads/{thread}/runs/{run}/cancel?action=rollback")

    assert (answer.status_code, answer.json()["code"]) == (422, "AW956")


async def test_a_run_whose_client_hangs_up_is_cancelled_where_that_was_asked() -> None:
    app, memory = application()
    hung_up = asyncio.Event()
    body = b'{"assistant_id": "slow", "input": {"text": "x"}, "on_disconnect": "cancel"}'
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not hung_up.is_set():
            hung_up.set()
            return {"type": "http.request", "body": body}
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(_scope("/runs/wait"), receive, send)

    await asyncio.sleep(0)
    assert len(memory.cancelled) == 1
    assert sent[0]["status"] == 499


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path,
        "raw_path": path.encode(), "query_string": b"", "scheme": "http", "server": ("weave.example", 80),
        "headers": [(b"x-api-key", b"acme"), (b"content-type", b"application/json")], "root_path": "",
    }  # fmt: skip
