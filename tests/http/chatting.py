"""Asking `/v1/chat/completions`, and reading what it says."""

from __future__ import annotations

import json
from typing import Any

from fastapi.testclient import TestClient

KEY = {"X-Api-Key": "key-a"}
OTHER = {"X-Api-Key": "key-b"}
PATH = "/v1/chat/completions"


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "refusal": None, "annotations": [], "tool_calls": None}


def post(client: TestClient, model: str, *messages: Any, headers: Any = None, **more: Any) -> Any:
    body = {"model": model, "messages": list(messages), **more}
    return client.post(PATH, json=body, headers=headers or KEY)


def said(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


def chunks(answer: Any) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def text_of(pieces: list[Any]) -> str:
    deltas = [each["choices"][0]["delta"] for each in pieces if each != "[DONE]" and each.get("choices")]
    return "".join(delta.get("content", "") for delta in deltas)
