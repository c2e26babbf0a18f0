"""npm's official client of the Model Context Protocol, unchanged, against a real server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import npm
from tests.http import shelves
from tests.serving import served

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def seen() -> Any:
    with served(shelves.app()) as url:
        return npm.run("mcp", "client.mjs", f"{url}/mcp", "key-a")


def test_npm_is_told_who_serves_and_what(seen: Any) -> None:
    assert seen["server"]["name"] == "shelf"
    assert seen["instructions"] == "Say what you want."
    assert seen["tools"] == ["say", "refuse", "crash"]
    assert seen["templates"] == ["page://of/{id}"]


def test_npm_reads_a_result_by_its_schema(seen: Any) -> None:
    assert seen["said"]["structuredContent"] == {"text": "haha", "tenant": "a"}


def test_npm_takes_a_failure_for_a_result(seen: Any) -> None:
    """It holds the structured content of a failure against the output schema, so that allows one."""
    assert seen["refused"]["isError"] is True
    assert seen["refused"]["structuredContent"]["problem"]["fix"] == "Choose another."
    assert seen["invalid"]["structuredContent"]["problem"]["code"] == "AW966"


def test_npm_is_told_our_code_for_what_is_not_there(seen: Any) -> None:
    assert (seen["unknown"]["code"], seen["unknown"]["data"]["code"]) == (-32602, "AW965")
    assert (seen["missing"]["code"], seen["missing"]["data"]["code"]) == (-32002, "AW965")


def test_npm_reads_resources_and_prompts(seen: Any) -> None:
    assert (seen["page"], seen["prompt"]) == ("a:7", "Hi Ada")
