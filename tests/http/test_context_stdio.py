"""The protocol over stdin and stdout: one answer a line, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def spoken(*lines: Any, answers: int) -> tuple[dict[Any, Any], str, int]:
    """That many answers by their id, what was said to people, and how it ended once stdin was closed."""
    given = b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
        for line in (HELLO, READY, *lines)
    )
    with subprocess.Popen(
        [sys.executable, "-m", "tests.clients.speaker"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stdin
        assert program.stdout
        program.stdin.write(given)
        program.stdin.flush()
        found = [json.loads(program.stdout.readline()) for _ in range(answers)]
        rest, words = program.communicate(timeout=60)
    assert rest == b""
    return {each.get("id"): each for each in found}, words.decode(), program.returncode


def test_odd_lines_are_passed_over_and_the_next_is_answered() -> None:
    answers, words, _ = spoken(
        b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"jsonrpc":"2.0"}', b"[]", b"null",
        {"jsonrpc": "2.0", "id": 1, "method": "rm", "params": {"canary": "s3cr3t"}},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"canary": "s3cr3t"}},
        {"jsonrpc": "2.0", "method": "notifications/odd", "params": {"canary": "s3cr3t"}},
        {"jsonrpc": "2.0", "id": 3, "result": {"canary": "s3cr3t"}},
        {"jsonrpc": "2.0", "id": 4, "method": "ping"},
        {
            "jsonrpc": "2.0",
            "id": 5,
            "method": "tools/call",
            "params": {"name": "say", "arguments": {"text": "x" * 1_000_000}},
        },
        {
            "jsonrpc": "2.0",
            "id": 6,
            "method": "tools/call",
            "params": {"name": "crash", "arguments": {"text": "x"}},
        },
        answers=6,
    )  # fmt: skip

    assert answers.keys() == {0, 1, 2, 4, 5, 6}
    assert answers[1]["error"]["code"] == -32601
    assert answers[2]["error"]["code"] == -32602
    assert answers[4]["result"] == {}
    assert answers[5]["result"]["structuredContent"]["problem"]["code"] == "AW966"
    assert "secret" not in json.dumps(answers[6])
    assert "s3cr3t" not in words


def test_the_process_ends_with_its_input() -> None:
    answers, _, code = spoken(answers=1)

    assert code == 0
    assert answers[0]["result"]["serverInfo"] == {"name": "shelf", "version": "1"}
