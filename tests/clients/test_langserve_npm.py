"""npm's `langchain` 0.3 RemoteRunnable, unchanged, against a real server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.clients import npm
from tests.http.ground import ACME
from tests.http.playing import Stage
from tests.serving import served

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def seen() -> Any:
    with served(Stage().app) as url:
        return npm.run("langserve", "client.mjs", url, ACME)


def test_npm_invokes_and_batches(seen: Any) -> None:
    assert seen["invoked"] == "hello"
    assert seen["batched"] == ["a", "b"]


def test_npm_streams_what_each_node_changed(seen: Any) -> None:
    assert seen["streamed"] == [{"measure": {"length": 5}}]


def test_npm_streams_events(seen: Any) -> None:
    assert seen["events"][0] == ["on_chain_start", "/echo"]
    assert seen["events"][-1] == ["on_chain_end", "/echo"]


def test_npm_talks_in_messages(seen: Any) -> None:
    assert seen["talked"] == [["human", "hi"], ["ai", "You said: hi"]]


def test_npm_approves_in_the_thread_it_named_or_was_given(seen: Any) -> None:
    assert seen["asked"][0]["name"] == "apply"
    assert seen["approved"] == seen["resumed"] == {"review": {"decision": "approve"}}


def test_npm_reads_failures(seen: Any) -> None:
    assert "name is taken." in seen["failed"]
    assert json.loads(seen["failedStream"])["fix"] == "Choose another."
    assert "AW931" in seen["unknown"]
    assert "AW944" in seen["noKey"]
