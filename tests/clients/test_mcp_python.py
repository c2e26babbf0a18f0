"""Python's MCP clients, unchanged: fastmcp over both transports, LangChain's adapters."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from fastmcp.exceptions import ToolError
from mcp.shared.exceptions import McpError

from tests.http import shelves
from tests.serving import served

ROOT = Path(__file__).resolve().parents[2]
KEY = {"X-Api-Key": "key-a"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(shelves.app()) as base:
        yield f"{base}/mcp"


def transport(kind: str, url: str) -> Any:
    if kind == "http":
        return StreamableHttpTransport(url, headers=KEY)
    return StdioTransport(sys.executable, ["-m", "tests.clients.speaker"], cwd=str(ROOT))


async def walk(given: Any) -> dict[str, Any]:
    """Everything a client does, in one connection."""
    async with Client(given) as client:
        seen: dict[str, Any] = {
            "server": client.initialize_result.serverInfo.name,
            "instructions": client.initialize_result.instructions,
            "tools": {tool.name: tool for tool in await client.list_tools()},
            "resources": [str(each.uri) for each in await client.list_resources()],
            "templates": [each.uriTemplate for each in await client.list_resource_templates()],
            "prompts": [each.name for each in await client.list_prompts()],
            "said": (await client.call_tool("say", {"text": "ha", "times": 2})).data,
            "page": (await client.read_resource("page://of/7"))[0].text,
            "prompt": (await client.get_prompt("greet", {"who": "Ada"})).messages[0].content.text,
            "refused": await client.call_tool("refuse", {"text": "shop"}, raise_on_error=False),
        }
        with pytest.raises(ToolError) as crashed:
            await client.call_tool("crash", {"text": "x"})
        with pytest.raises(McpError) as unknown:
            await client.call_tool("nope", {})
        return seen | {"crashed": str(crashed.value), "unknown": str(unknown.value)}


@pytest.fixture(scope="module", params=["http", "stdio"])
def seen(request: pytest.FixtureRequest, url: str) -> dict[str, Any]:
    return asyncio.run(walk(transport(request.param, url)))


def test_fastmcp_is_told_who_serves_and_how_to_begin(seen: dict[str, Any]) -> None:
    assert (seen["server"], seen["instructions"]) == ("shelf", "Say what you want.")


def test_fastmcp_lists_all_that_is_offered(seen: dict[str, Any]) -> None:
    assert list(seen["tools"]) == ["say", "refuse", "crash"]
    assert seen["tools"]["say"].annotations.readOnlyHint is True
    assert seen["resources"] == ["page://index", "page://broken"]
    assert seen["templates"] == ["page://of/{id}"]
    assert seen["prompts"] == ["greet"]


def test_fastmcp_reads_a_result_by_its_schema(seen: dict[str, Any]) -> None:
    assert (seen["said"].text, seen["said"].tenant) == ("haha", "a")


def test_fastmcp_reads_resources_and_prompts(seen: dict[str, Any]) -> None:
    assert (seen["page"], seen["prompt"]) == ("a:7", "Hi Ada")


def test_fastmcp_is_told_of_a_failure_and_its_next_step(seen: dict[str, Any]) -> None:
    assert seen["refused"].is_error
    assert seen["refused"].structured_content["problem"]["fix"] == "Choose another."
    assert "Next: Choose another." in seen["refused"].content[0].text


def test_fastmcp_is_not_told_what_broke(seen: dict[str, Any]) -> None:
    assert "AW999" in seen["crashed"]
    assert "secret" not in seen["crashed"]
    assert "AW965" in seen["unknown"]


def test_fastmcp_without_a_key_is_turned_away(url: str) -> None:
    async def knock() -> None:
        async with Client(StreamableHttpTransport(url)):
            pass

    with pytest.raises(Exception, match="401"):
        asyncio.run(knock())


def test_langchain_turns_tools_into_its_own(url: str) -> None:
    from langchain_mcp_adapters.client import MultiServerMCPClient

    async def walk_adapters() -> tuple[list[str], Any]:
        server: Any = {"transport": "streamable_http", "url": url, "headers": KEY}
        client = MultiServerMCPClient({"autoweave": server})
        tools = {tool.name: tool for tool in await client.get_tools()}
        return sorted(tools), await tools["say"].ainvoke({"text": "ha", "times": 2})

    names, said = asyncio.run(walk_adapters())

    assert names == ["crash", "refuse", "say"]
    assert '"text":"haha"' in str(said)


def test_langchain_shows_the_model_what_a_tool_refused(url: str) -> None:
    from langchain_mcp_adapters.client import MultiServerMCPClient

    async def refuse() -> Any:
        server: Any = {"transport": "streamable_http", "url": url, "headers": KEY}
        tools = {tool.name: tool for tool in await MultiServerMCPClient({"a": server}).get_tools()}
        return await tools["refuse"].ainvoke({"text": "shop"})

    assert "Next: Choose another." in str(asyncio.run(refuse()))
