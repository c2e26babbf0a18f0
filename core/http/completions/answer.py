"""What a client gets: one object, or chunks of one."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class Said(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    index: Literal[0] = 0
    message: Said
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Usage(BaseModel):
    """Tokens that a model reported; all 0 where rules answered."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Answer(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class Model(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "autoweave"


class Models(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model]


class Fault(BaseModel):
    message: str
    type: str
    param: str | None
    code: str


class Failure(BaseModel):
    error: Fault


def chunk(
    answer_id: str,
    created: int,
    model: str,
    delta: dict[str, Any] | None,
    *,
    finish: str | None = None,
    usage: Usage | None = None,
    with_usage: bool = False,
) -> dict[str, Any]:
    """`delta` None: the last chunk, with the usage and no choice."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    made: dict[str, Any] = {
        "id": answer_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": [] if delta is None else [choice],
    }
    return made | ({"usage": usage.model_dump() if usage else None} if with_usage else {})
