"""A span for each node, model call and tool of any graph, by LangChain's callbacks.

For flows and graphs that open none themselves. Cheap on purpose: what LangGraph runs between the nodes
is not told. `config = {"callbacks": [tracing.Tracer("weather")]}`, one for each run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from core import telemetry


class Tracer(BaseCallbackHandler):
    """`graph` begins the names: `weather` for the run, `weather.ask` for its node `ask`.

    `shows` writes what goes in and out, masked and cut when it leaves like everything else.
    """

    run_inline = True  # in the node's own context, so that spans opened by its code hang below it
    ignore_retriever = True
    ignore_custom_event = True

    def __init__(self, graph: str, *, shows: bool = True) -> None:
        self._graph = graph
        self._shows = shows
        self._open: dict[UUID, telemetry.Span] = {}

    def on_chain_start(
        self,
        serialized: Any,  # noqa: ARG002  # LangChain's form, here and below
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: Sequence[str] | None = None,
        **known: Any,
    ) -> None:
        if parent_run_id is None:
            self._begin(run_id, self._graph, "CHAIN", inputs)
        elif any(tag.startswith("graph:step") for tag in tags or ()):
            self._begin(run_id, f"{self._graph}.{known.get('name')}", "CHAIN", inputs)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
        self._end(run_id, outputs)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        self._break(run_id, error)

    def on_chat_model_start(
        self,
        serialized: Any,  # noqa: ARG002
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: Mapping[str, Any] | None = None,
        **known: Any,
    ) -> None:
        model = (metadata or {}).get("ls_model_name")
        name = f"{self._graph}.{known.get('name') or 'model'}"
        self._begin(run_id, name, "LLM", messages[0] if messages else [], **{"llm.model_name": model})

    def on_llm_start(self, serialized: Any, prompts: list[str], *, run_id: UUID, **known: Any) -> None:  # noqa: ARG002
        self._begin(run_id, f"{self._graph}.{known.get('name') or 'model'}", "LLM", prompts)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        first = response.generations[0][0] if response.generations and response.generations[0] else None
        message = first.message if isinstance(first, ChatGeneration) else None
        usage: Mapping[str, Any] = getattr(message, "usage_metadata", None) or {}
        counts = {f"llm.token_count.{ours}": usage.get(theirs) for ours, theirs in _COUNTS}
        self._end(run_id, message if message is not None else getattr(first, "text", None), **counts)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        self._break(run_id, error)

    def on_tool_start(self, serialized: Any, input_str: str, *, run_id: UUID, **known: Any) -> None:
        name = known.get("name") or (serialized or {}).get("name") or "tool"
        self._begin(run_id, f"{self._graph}.{name}", "TOOL", input_str, **{"tool.name": name})

    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
        self._end(run_id, output)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        self._break(run_id, error)

    def _begin(self, run_id: UUID, name: str, kind: str, given: Any, **more: Any) -> None:
        span = telemetry.span(name, kind=kind, **more).__enter__()
        if span.is_open:
            self._open[run_id] = span
            if self._shows:
                span.set(input=_text(given))

    def _end(self, run_id: UUID, made: Any, **more: Any) -> None:
        span = self._open.pop(run_id, None)
        if span is not None:
            span.set(output=_text(made) if self._shows else None, **more)
            span.close()

    def _break(self, run_id: UUID, error: BaseException) -> None:
        span = self._open.pop(run_id, None)
        if span is not None:
            span.close(error)


_COUNTS = (("prompt", "input_tokens"), ("completion", "output_tokens"), ("total", "total_tokens"))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a reference to itself, a number of more than 64 bits
        return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseMessage):
        return {"role": value.type, "content": value.content}
    if hasattr(value, "model_dump"):
        return value.model_dump()
    return str(value)
