"""Our routes beside LangServe's own, over the same graph: what its clients see is the same."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.fronts import EchoInput, EchoOutput
from tests.http.playing import Stage, data, events

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*was deprecated"),
]


class Pair:
    """The same request, to LangServe's own handler and to ours."""

    def __init__(self, stage: Stage) -> None:
        from langserve import add_routes

        self.stage = stage
        self.theirs = FastAPI()
        graph = self.stage.memory._offers["echo"].graph
        add_routes(self.theirs, graph.with_types(input_type=EchoInput, output_type=EchoOutput), path="/echo")

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(self.theirs)
        async with httpx.AsyncClient(transport=transport, base_url="http://theirs") as asking:
            theirs = await asking.request(method, path, json=body)
        async with self.stage.client() as asking:
            return theirs, await asking.request(method, path, json=body)


@pytest.fixture
def pair(stage: Stage) -> Pair:
    return Pair(stage)


def without_ids(value: Any) -> Any:
    """Each run has its own id; everything else has to agree."""
    if isinstance(value, dict):
        return {name: without_ids(each) for name, each in value.items() if name not in {"run_id", "run_ids"}}
    return [without_ids(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/echo/invoke", {"input": {"text": "hello"}}),
        ("/echo/invoke", {"input": {"text": "hello"}, "config": {"tags": ["a"]}, "kwargs": {}}),
        ("/echo/batch", {"inputs": [{"text": "hello"}, {"text": ""}]}),
        ("/echo/batch", {"inputs": [{"text": "hello"}], "config": [{}]}),
        ("/echo/batch", {"inputs": []}),
    ],
)
async def test_answers_are_the_same(pair: Pair, path: str, body: Any) -> None:
    theirs, ours = await pair.ask("POST", path, body)

    assert without_ids(ours.json()) == without_ids(theirs.json())
    assert ours.headers["content-type"] == theirs.headers["content-type"]


async def test_streams_are_the_same(pair: Pair) -> None:
    theirs, ours = await pair.ask("POST", "/echo/stream", {"input": {"text": "hello"}})

    told = without_ids([value for _, value in events(ours)])
    assert [name for name, _ in events(ours)] == [name for name, _ in events(theirs)]
    assert told == without_ids([value for _, value in events(theirs)])
    assert theirs.headers["content-type"].split(";")[0] == ours.headers["content-type"].split(";")[0]


async def test_our_events_are_among_theirs(pair: Pair) -> None:
    theirs, ours = await pair.ask("POST", "/echo/stream_events", {"input": {"text": "hello"}})

    known = {(each["event"], each["name"]): each for each in data(theirs)}
    for each in data(ours):
        like = known[each["event"], each["name"]]
        assert each.keys() == like.keys()
        assert each["data"].items() <= like["data"].items()


async def test_our_log_has_the_operations_that_theirs_has(pair: Pair) -> None:
    theirs, ours = await pair.ask("POST", "/echo/stream_log", {"input": {"text": "hello"}})

    def first(answer: httpx.Response) -> Any:
        return data(answer)[0]["ops"][0]

    assert (first(ours)["op"], first(ours)["path"]) == (first(theirs)["op"], first(theirs)["path"])
    assert first(ours)["value"].keys() == first(theirs)["value"].keys()
    paths = [{op["path"] for chunk in data(answer) for op in chunk["ops"]} for answer in (ours, theirs)]
    assert paths[0] <= paths[1]


async def test_input_schemas_are_the_same(pair: Pair) -> None:
    theirs, ours = await pair.ask("GET", "/echo/input_schema")

    assert ours.json() == theirs.json()


@pytest.mark.parametrize("body", [{"input": {"text": 1}}, {"input": {}}, {"inputs": []}, [], "x"])
async def test_what_they_refuse_we_refuse_with_the_same_status(pair: Pair, body: Any) -> None:
    theirs, ours = await pair.ask("POST", "/echo/invoke", body)

    assert ours.status_code == theirs.status_code == 422
