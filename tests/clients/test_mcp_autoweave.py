"""`./autoweave mcp` as an agent's client starts it: from a spec to a commit over stdin and stdout."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport

ROOT = Path(__file__).resolve().parents[2]
SPEC = (ROOT / "examples" / "orders" / "openapi.yaml").read_text()
IMAGE = "registry.example.com/shop/orders:1.0.0"


async def integrate(home: Path) -> dict[str, Any]:
    transport = StdioTransport(
        str(ROOT / "autoweave"), ["mcp"], env={**os.environ, "AUTOWEAVE_HOME": str(home)}, cwd=str(home)
    )
    async with Client(transport) as client:
        module = {"spec": SPEC, "name": "shop", "version": "1.0.0", "image": IMAGE}
        plan = (await client.call_tool("plan", module)).structured_content
        answer = {"thread": plan["thread"], "digest": plan["digest"], "decision": "approve"}
        done = (await client.call_tool("answer_plan", answer)).structured_content
        wrong = await client.call_tool("plan", {"spec": "hello"}, raise_on_error=False)
        return {
            "tools": {tool.name for tool in await client.list_tools()},
            "plan": plan,
            "done": done,
            "wrong": wrong.content[0].text,
        }


@pytest.mark.slow
def test_an_agent_integrates_a_module_over_stdio(tmp_path: Path) -> None:
    seen = asyncio.run(integrate(tmp_path))

    assert {"plan", "answer_plan", "validate", "explain", "run_status"} <= seen["tools"]
    assert seen["plan"]["state"] == "waiting"
    assert seen["done"]["state"] == "done"
    assert len(seen["done"]["receipt"]["commit"]) == 40
    assert seen["wrong"].startswith("AW110: ")
