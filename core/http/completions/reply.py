"""What a chat graph said in this turn, from the messages it ends with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.http.completions.answer import Usage


def spoken(values: Mapping[str, Any]) -> str:
    """The last thing the assistant said."""
    return next((text for message in reversed(_turn(values)) if (text := str(message.text))), "")


def usage(values: Mapping[str, Any]) -> Usage:
    counts = [message.usage_metadata for message in _turn(values) if message.usage_metadata]
    read = sum(count["input_tokens"] for count in counts)
    written = sum(count["output_tokens"] for count in counts)
    return Usage(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


def said(data: Any) -> tuple[str, str]:
    """The message's id and the piece of text, of an event in the mode `messages`; no text otherwise."""
    message: Any = data[0] if isinstance(data, Sequence) and data else None
    if getattr(message, "type", "") not in ("ai", "AIMessageChunk"):
        return "", ""
    return str(message.id or ""), str(message.text)


def _turn(values: Mapping[str, Any]) -> list[Any]:
    """What the assistant said after the person last spoke."""
    from langchain_core.messages import AIMessage, convert_to_messages  # noqa: PLC0415  # 0.5 CPU s

    made: list[Any] = []
    for message in convert_to_messages(values.get("messages", ())):
        if message.type == "human":
            made = []
        elif isinstance(message, AIMessage):
            made.append(message)
    return made
