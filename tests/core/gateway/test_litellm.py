"""Any provider by LiteLLM, in one process of its own: importing it costs seconds and turns global knobs."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.faulty_openai import Server, calling

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
    import asyncio, json, socket, sys, time, warnings
    warnings.simplefilter("ignore")
    from core.breaker import Breakers
    from core.cells import Memory
    from core.gateway import Budget, Caps, Desk, Gateway, Seat, litellm

    far = []
    def hook(event, args):
        where = {"socket.connect": lambda: args[1][0], "socket.getaddrinfo": lambda: args[0]}.get(event)
        if where and where() not in ("127.0.0.1", "::1", "localhost"): far.append(str(where()))
    sys.addaudithook(hook)
    base = sys.argv[1]
    told = {"early": "litellm" in sys.modules}
    def f(a: int, b: int) -> int:
        "Add."
    def gateway(*faults):
        cells = Memory()
        names = ("primary", "fallback")
        seats = tuple(
            Seat(name, litellm("openai/m", "sk-SECRET123", f"{base}/{fault}/v1"), label="m", timeout_s=8.0)
            for name, fault in zip(names, faults)
        )
        desk = Desk(Breakers(cells, now=time.monotonic, chance=lambda: 0.5),
                    Budget(Caps(), cells, now=time.time), now=time.time)
        return Gateway(seats=seats, desk=desk).bind_tools([f])
    told["text"] = gateway("ok").invoke("hi").text
    told["calls"] = gateway("tools").invoke("hi").tool_calls
    told["stream"] = "".join(part.text for part in gateway("ok").stream("hi"))
    async def rest():
        told["async"] = (await gateway("ok").ainvoke("hi")).text
        parts = [part async for part in gateway("tools").astream("hi")]
        said = [one.response_metadata for one in parts]
        told["astream"] = [one["gateway"] for one in said if "gateway" in one]
        for fault in sys.argv[2:]:
            message = await gateway(fault, "ok").ainvoke("hi")
            told[fault] = (message.text, message.response_metadata["gateway"]["passed"])
    asyncio.run(rest())
    told["far"] = far
    print(json.dumps(told))
"""
WHYS = {"e401": "key", "e500": "server", "r429": "rate", "quota": "money", "ctx": "long", "html": "server"}


@pytest.fixture(scope="module")
def told(provider: Server) -> Any:
    pytest.importorskip("litellm", reason="group assistant: uv sync --group assistant")
    provider.replies["tools"] = [calling('{"a": 1, "b": 2}')]
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), f"http://127.0.0.1:{provider.port}", *WHYS]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "SECRET" not in run.stdout + run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.slow
def test_text_calls_and_streams_come_through(told: Any) -> None:
    assert (told["text"], told["async"], told["stream"].strip()) == ("ok", "ok", "ok")
    assert told["calls"][0]["args"] == {"a": 1, "b": 2}
    assert [one["seat"] for one in told["astream"]] == ["primary"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(WHYS))
def test_its_errors_are_read_like_openais(told: Any, fault: str) -> None:
    text, passed = told[fault]

    assert text == "ok"
    assert [one["why"] for one in passed] == [WHYS[fault]]


@pytest.mark.slow
def test_it_is_imported_with_the_first_seat_and_fetches_nothing(told: Any) -> None:
    assert told["early"] is False
    assert told["far"] == []
