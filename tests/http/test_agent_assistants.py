"""Assistants over the Agent Server interface, and what its clients ask before they begin."""

from __future__ import annotations

import uuid

import pytest

from tests.http.agents import Client, application

pytestmark = pytest.mark.anyio


@pytest.fixture
def client() -> Client:
    return Client(application()[0])


async def test_the_server_says_that_and_what_it_is(client: Client) -> None:
    assert (await client("GET", "/ok")).json() == {"ok": True}
    assert (await client("GET", "/info")).json()["flags"]["assistants"] is True


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/ok"), ("GET", "/info"), ("POST", "/assistants/search"), ("POST", "/threads/search"),
     ("POST", "/runs/wait"), ("GET", "/threads/t1/runs/r1/stream"), ("POST", "/assistants")],
)  # fmt: skip
async def test_nothing_is_told_without_a_key(method: str, path: str) -> None:
    answer = await Client(application()[0], tenant="")(method, path, {})

    assert (answer.status_code, answer.json()["code"]) == (401, "AW944")


async def test_each_graph_is_an_assistant(client: Client) -> None:
    found = (await client("POST", "/assistants/search", {})).json()

    names = [each["graph_id"] for each in found]
    assert names == sorted(names)
    assert {"echo", "review", "talk"} <= set(names)


async def test_an_assistants_id_is_the_one_that_langgraph_gives(client: Client) -> None:
    namespace = uuid.UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")

    one = (await client("GET", "/assistants/echo")).json()

    assert one["assistant_id"] == str(uuid.uuid5(namespace, "echo"))
    assert (await client("GET", f"/assistants/{one['assistant_id']}")).json() == one


async def test_assistants_are_found_by_graph_name_and_metadata(client: Client) -> None:
    async def found(**body: object) -> list[str]:
        answer = await client("POST", "/assistants/search", body)
        return [each["graph_id"] for each in answer.json()]

    assert await found(graph_id="echo") == ["echo"]
    assert await found(name="REV") == ["review"]
    assert await found(metadata={"created_by": "somebody"}) == []
    assert (await client("POST", "/assistants/count", {"graph_id": "echo"})).json() == 1


async def test_a_page_of_assistants_says_where_the_next_begins(client: Client) -> None:
    body = {"limit": 2, "sort_by": "name", "sort_order": "desc", "select": ["name"]}

    first = await client("POST", "/assistants/search", body)
    last = await client("POST", "/assistants/search", {**body, "limit": 100})

    assert first.headers["x-pagination-next"] == "2"
    assert first.json() == last.json()[:2]
    assert "x-pagination-next" not in last.headers


async def test_a_graph_is_drawn_from_its_code(client: Client) -> None:
    drawn = (await client("GET", "/assistants/review/graph?xray=true")).json()

    assert [each["id"] for each in drawn["nodes"]] == ["__start__", "measure", "review", "__end__"]


async def test_schemas_are_those_of_the_offer(client: Client) -> None:
    made = (await client("GET", "/assistants/echo/schemas")).json()

    assert made["input_schema"]["required"] == ["text"]
    assert set(made["output_schema"]["properties"]) == {"text", "length"}


async def test_graphs_within_a_graph_are_named(client: Client) -> None:
    plain = (await client("GET", "/assistants/echo/subgraphs")).json()
    nested = (await client("GET", "/assistants/nested/subgraphs")).json()

    assert plain == {}
    assert list(nested) == ["within"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("PATCH", "/echo"), ("DELETE", "/echo"), ("POST", "/echo/latest")],
)
async def test_assistants_are_not_made_or_changed(client: Client, method: str, path: str) -> None:
    answer = await client(method, f"/assistants{path}", {"graph_id": "echo"})

    assert (answer.status_code, answer.json()["code"]) == (403, "AW957")


async def test_an_unknown_assistant_is_not_found(client: Client) -> None:
    for path in ("", "/graph", "/schemas", "/subgraphs"):
        answer = await client("GET", f"/assistants/nobody{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "AW931")
