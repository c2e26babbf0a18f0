"""A chat model that says what it was given to say, for tests and evaluations."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, PrivateAttr, SkipValidation

Reply = str | AIMessage | Exception | Callable[[list[BaseMessage]], AIMessage]


class ScriptEnded(AssertionError):
    """More was asked than there are replies."""


class Scripted(BaseChatModel):
    """One reply per call, in order. An exception is raised; a function is called with the messages.

    `prompts` and `bound` are what was asked and the tools that were bound, call by call.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    replies: SkipValidation[tuple[Reply, ...]]
    _prompts: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _bound: list[tuple[str, ...]] = PrivateAttr(default_factory=list)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def prompts(self) -> list[list[BaseMessage]]:
        return self._prompts

    @property
    def bound(self) -> list[tuple[str, ...]]:
        return self._bound

    @property
    def _llm_type(self) -> str:
        return "autoweave-scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=list(tools), tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002  # LangChain hands it over
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002  # LangChain hands it over
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002  # LangChain hands it over
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for part in _parts(self._next(messages, kwargs)):
            chunk = ChatGenerationChunk(message=part)
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _next(self, messages: list[BaseMessage], options: dict[str, Any]) -> AIMessage:
        with self._lock:
            number = len(self._prompts)
            self._prompts.append(list(messages))
            self._bound.append(tuple(_name(tool) for tool in options.get("tools") or ()))
        if number >= len(self.replies):
            raise ScriptEnded(f"The script has {len(self.replies)} replies, and one more is asked for.")
        reply = self.replies[number]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, str):
            return AIMessage(reply, response_metadata={"finish_reason": "stop"})
        message = reply(messages) if callable(reply) else reply
        return _finished(message)


def _finished(message: AIMessage) -> AIMessage:
    """With the finish reason that a real answer has, unless the script gives one (also an empty one)."""
    if "finish_reason" in message.response_metadata:
        return message
    reason = "tool_calls" if message.tool_calls else "stop"
    return message.model_copy(
        update={"response_metadata": {**message.response_metadata, "finish_reason": reason}}
    )


def _parts(message: AIMessage) -> Iterator[AIMessageChunk]:
    """Word by word, then the calls, then how it ended."""
    words = message.text.split(" ") if message.text else []
    for number, word in enumerate(words):
        yield AIMessageChunk(content=word if number == len(words) - 1 else f"{word} ")
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=number)
        for number, call in enumerate(message.tool_calls)
    ]
    yield AIMessageChunk(
        content="",
        tool_call_chunks=calls,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
    )


def _name(tool: Any) -> str:
    if isinstance(tool, dict):
        return str(tool.get("function", {}).get("name", ""))
    return str(getattr(tool, "name", getattr(tool, "__name__", "")))
