"""Threads over the Agent Server interface: made, found, changed, removed; their state and history."""

from __future__ import annotations

import pytest

from tests.http.agents import APPROVE, Client, application

pytestmark = pytest.mark.anyio
REVIEW = {"assistant_id": "review", "input": {"text": "four"}}


@pytest.fixture
def client() -> Client:
    return Client(application()[0])


async def test_a_new_thread_is_idle_and_has_no_values(client: Client) -> None:
    made = (await client("POST", "/threads", {"metadata": {"a": 1}})).json()

    assert (made["status"], made["values"], made["interrupts"]) == ("idle", None, {})
    assert made["metadata"] == {"a": 1}
    assert (await client("GET", f"/threads/{made['thread_id']}")).json() == made


async def test_a_threads_id_may_be_chosen_once(client: Client) -> None:
    body = {"thread_id": "11111111-1111-4111-8111-111111111111"}

    first = await client("POST", "/threads", body)
    second = await client("POST", "/threads", body)
    third = await client("POST", "/threads", {**body, "if_exists": "do_nothing"})

    assert (first.status_code, second.status_code, third.status_code) == (200, 409, 200)
    assert first.json() == third.json()


@pytest.mark.parametrize("name", ["a:b", "a/../b", "tenant b", "", "x" * 10_000, "ä"])
async def test_odd_thread_ids_are_refused(client: Client, name: str) -> None:
    answer = await client("POST", "/threads", {"thread_id": name})

    assert answer.status_code == 422


async def test_a_run_marks_its_thread_with_graph_and_assistant(client: Client) -> None:
    thread = await client.thread()
    await client("POST", f"/threads/{thread}/runs/wait", REVIEW)

    found = (await client("GET", f"/threads/{thread}")).json()

    one = (await client("GET", "/assistants/review")).json()
    assert found["metadata"]["graph_id"] == "review"
    assert found["metadata"]["assistant_id"] == one["assistant_id"]


async def test_an_interrupted_thread_shows_what_is_asked(client: Client) -> None:
    thread = await client.thread()
    await client("POST", f"/threads/{thread}/runs/wait", REVIEW)

    found = (await client("GET", f"/threads/{thread}")).json()

    assert found["status"] == "interrupted"
    [[asked]] = found["interrupts"].values()
    assert asked["value"]["action_requests"][0]["args"] == {"text": "four"}


async def test_threads_are_found_by_graph_assistant_and_status(client: Client) -> None:
    first, second = await client.thread(), await client.thread()
    await client("POST", f"/threads/{first}/runs/wait", REVIEW)
    assistant = (await client("GET", "/assistants/review")).json()["assistant_id"]

    async def found(**body: object) -> list[str]:
        return [each["thread_id"] for each in (await client("POST", "/threads/search", body)).json()]

    assert await found(metadata={"graph_id": "review"}) == [first]
    assert await found(metadata={"assistant_id": assistant}) == [first]
    assert await found(metadata={"assistant_id": "nobody"}) == []
    assert await found(status="interrupted") == [first]
    assert await found(status="idle") == [second]
    assert await found(ids=[second, "unknown"]) == [second]
    assert (await client("POST", "/threads/count", {"metadata": {"graph_id": "review"}})).json() == 1


async def test_a_search_can_be_sorted_cut_and_narrowed(client: Client) -> None:
    for name in ("b", "c", "a"):
        await client("POST", "/threads", {"thread_id": name})

    answer = await client(
        "POST",
        "/threads/search",
        {"sort_by": "thread_id", "sort_order": "asc", "limit": 2, "offset": 1, "select": ["thread_id"]},
    )

    assert answer.json() == [{"thread_id": "b"}, {"thread_id": "c"}]


async def test_more_threads_than_a_page_are_found(client: Client) -> None:
    for number in range(120):
        await client("POST", "/threads", {"thread_id": f"t{number}"})

    all_of_them = (await client("POST", "/threads/search", {"limit": 1000})).json()
    some = (await client("POST", "/threads/search", {"limit": 110, "offset": 5})).json()

    assert (len(all_of_them), len(some)) == (120, 110)
    assert (await client("POST", "/threads/count", {})).json() == 120


@pytest.mark.parametrize("key", ["x') OR 1=1 --", "a'b", '"', "$.x"])
async def test_odd_keys_of_metadata_are_only_keys(client: Client, key: str) -> None:
    await client.thread()

    answer = await client("POST", "/threads/search", {"metadata": {key: "1"}})

    assert (answer.status_code, answer.json()) == (200, [])


async def test_metadata_is_merged(client: Client) -> None:
    made = (await client("POST", "/threads", {"metadata": {"a": 1, "b": 1}})).json()

    changed = await client("PATCH", f"/threads/{made['thread_id']}", {"metadata": {"b": 2}})

    assert changed.json()["metadata"] == {"a": 1, "b": 2}


async def test_a_removed_thread_is_gone(client: Client) -> None:
    thread = await client.thread()

    removed = await client("DELETE", f"/threads/{thread}")

    assert removed.status_code == 204
    assert (await client("GET", f"/threads/{thread}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"metadata": {}}),
        ("DELETE", "", None),
        ("GET", "/state", None),
        ("GET", "/state/1ef", None),
        ("POST", "/state/checkpoint", {"checkpoint": {"checkpoint_id": "1ef"}}),
        ("POST", "/history", {}),
        ("GET", "/runs", None),
        ("POST", "/runs", REVIEW),
        ("POST", "/runs/wait", REVIEW),
        ("POST", "/runs/stream", REVIEW),
    ],
)
async def test_another_tenants_thread_is_as_unknown_as_one_that_never_was(
    method: str, path: str, body: object
) -> None:
    app, _ = application()
    acme, other = Client(app), Client(app, "other")
    thread = await acme.thread()
    await acme("POST", f"/threads/{thread}/runs/wait", REVIEW)

    theirs = await other(method, f"/threads/{thread}{path}", body)
    nobodys = await other(method, f"/threads/00000000-0000-4000-8000-000000000000{path}", body)

    assert theirs.status_code == 404
    assert theirs.json() == nobodys.json()


async def test_another_tenants_threads_are_not_found() -> None:
    app, _ = application()
    await Client(app).thread()

    assert (await Client(app, "other")("POST", "/threads/search", {})).json() == []


async def test_state_holds_the_question_twice(client: Client) -> None:
    thread = await client.thread()
    await client("POST", f"/threads/{thread}/runs/wait", REVIEW)

    state = (await client("GET", f"/threads/{thread}/state")).json()

    assert state["next"] == ["review"]
    assert state["interrupts"] == state["tasks"][0]["interrupts"]
    assert state["checkpoint"]["thread_id"] == thread


async def test_a_thread_on_which_nothing_ran_has_an_empty_state(client: Client) -> None:
    thread = await client.thread()

    state = (await client("GET", f"/threads/{thread}/state")).json()
    history = (await client("POST", f"/threads/{thread}/history", {})).json()

    assert (state["values"], state["next"], state["checkpoint"]["checkpoint_id"]) == ({}, [], None)
    assert history == []


async def test_history_is_newest_first_and_goes_back_from_a_step(client: Client) -> None:
    thread = await client.thread()
    await client("POST", f"/threads/{thread}/runs/wait", REVIEW)
    path = f"/threads/{thread}/history"

    whole = (await client("POST", path, {})).json()
    before = whole[0]["checkpoint"]
    by_pointer = (await client("POST", path, {"before": before})).json()
    by_config = (await client("POST", path, {"before": {"configurable": before}})).json()
    from_it = (await client("POST", path, {"checkpoint": whole[1]["checkpoint"], "limit": 2})).json()
    by_id = (await client("POST", path, {"before": before["checkpoint_id"], "limit": 1})).json()

    assert whole[0]["parent_checkpoint"] == whole[1]["checkpoint"]
    assert by_pointer == by_config == whole[1:]
    assert by_id == whole[1:2]
    assert from_it == whole[1:3]


async def test_a_past_state_is_read_by_its_checkpoint(client: Client) -> None:
    thread = await client.thread()
    await client("POST", f"/threads/{thread}/runs/wait", REVIEW)
    past = (await client("POST", f"/threads/{thread}/history", {})).json()[1]

    by_path = await client("GET", f"/threads/{thread}/state/{past['checkpoint']['checkpoint_id']}")
    by_body = await client("POST", f"/threads/{thread}/state/checkpoint", {"checkpoint": past["checkpoint"]})

    assert by_path.json() == by_body.json() == past


async def test_an_unknown_checkpoint_is_not_found(client: Client) -> None:
    thread = await client.thread()
    await client("POST", f"/threads/{thread}/runs/wait", REVIEW)

    answer = await client("GET", f"/threads/{thread}/state/1f000000-0000-6000-8000-000000000000")

    assert (answer.status_code, answer.json()["code"]) == (404, "AW932")


async def test_a_run_may_name_the_last_checkpoint_and_no_other(client: Client) -> None:
    thread = await client.thread()
    path = f"/threads/{thread}/runs/wait"
    await client("POST", path, REVIEW)
    past = (await client("POST", f"/threads/{thread}/history", {})).json()
    answer = {"assistant_id": "review", "command": {"resume": APPROVE}}

    old = await client("POST", path, {**answer, "checkpoint": past[1]["checkpoint"]})
    last = await client("POST", path, {**answer, "checkpoint": past[0]["checkpoint"]})

    assert (old.status_code, old.json()["code"]) == (409, "AW959")
    assert last.json()["decision"] == "approve"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/state"), ("PATCH", "/state"), ("POST", "/copy"), ("DELETE", "/runs/r1")]
)
async def test_what_is_not_offered_says_so(client: Client, method: str, path: str) -> None:
    answer = await client(method, f"/threads/{await client.thread()}{path}", {})

    assert (answer.status_code, answer.json()["code"]) == (403, "AW957")
