"""The planner as a chat model: the conversation in, words or calls of tools out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import ToolCall, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from graphs.assistant.planner import filling, reading, speaking
from graphs.assistant.planner.reading import Intent, Language

_TENANT = re.compile(r"tenant `([^`]+)`")
_PLAN = re.compile(r'"plan":"(plan-\d+)"')
_TOOL = {
    "integrate": "plan_integration", "apply": "apply_plan", "check": "catalog_check",
    "search": "catalog_search", "devices": "list_devices", "explain": "explain", "status": "run_status",
}  # fmt: skip


class Planner(BaseChatModel):
    """Deterministic: the same conversation gives the same answer."""

    @property
    def _llm_type(self) -> str:
        return "autoweave-planner"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": "planner"}

    def bind_tools(
        self,
        tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[Any, AIMessage]:
        known = [convert_to_openai_tool(each) for each in tools]
        return self.bind(tools=known, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: Any = None,  # noqa: ARG002  # LangChain's form
        run_manager: Any = None,  # noqa: ARG002  # as above
        **kwargs: Any,
    ) -> ChatResult:
        made = _answer(messages, kwargs.get("tools") or [], kwargs.get("tool_choice"))
        return ChatResult(generations=[ChatGeneration(message=_whole(made))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: Any = None,  # noqa: ARG002  # LangChain's form
        run_manager: Any = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        made = _whole(_answer(messages, kwargs.get("tools") or [], kwargs.get("tool_choice")))
        for piece in re.findall(r"\s*\S+\s*?(?=\s|\Z)|\s+\Z", made.text):
            yield _told(AIMessageChunk(content=piece), piece, run_manager)
        calls = [
            tool_call_chunk(
                name=each["name"], args=orjson.dumps(each["args"]).decode(), id=each["id"], index=at
            )
            for at, each in enumerate(made.tool_calls)
        ]
        end = AIMessageChunk(
            content="",
            tool_call_chunks=calls,
            response_metadata=made.response_metadata,
            chunk_position="last",
        )
        yield _told(end, "", run_manager)


def _told(message: AIMessageChunk, text: str, run_manager: Any) -> ChatGenerationChunk:
    chunk = ChatGenerationChunk(message=message)
    if run_manager is not None:
        run_manager.on_llm_new_token(text, chunk=chunk)
    return chunk


def _whole(made: AIMessage) -> AIMessage:
    reason = "tool_calls" if made.tool_calls else "stop"
    return made.model_copy(update={"response_metadata": {"finish_reason": reason, "model_name": "planner"}})


def _answer(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]], choice: Any) -> AIMessage:
    known = {each["function"]["name"]: each["function"] for each in tools}
    asked = _asked(messages)
    tongue = reading.language(asked)
    if messages and isinstance(messages[-1], ToolMessage):
        return _after(messages, known, tongue)
    if (form := filling.wanted(known, choice, speaking.TOOLS)) is not None:
        return filling.filled(form, asked, at=len(messages))
    intent = _intent(messages, asked)
    if intent.tenant and intent.tenant != (own := _own(messages)):
        return AIMessage(speaking.say("tenant", tongue, own=own, other=intent.tenant))
    return _acted(intent, messages, known)


def _acted(intent: Intent, messages: Sequence[BaseMessage], known: Mapping[str, Any]) -> AIMessage:
    tool, tongue, args = _TOOL.get(intent.kind), intent.language, dict(intent.args)
    if intent.kind in {"yes", "no"}:
        return AIMessage(speaking.say("no_question", tongue))
    if intent.kind == "path" or (intent.kind == "integrate" and "spec" not in args):
        is_file = intent.kind == "path" or bool(reading.names_file(_asked(messages)))
        return AIMessage(speaking.say("no_file" if is_file else "ask_spec", tongue))
    if intent.kind == "apply" and not args:
        if not (plan := _last_plan(messages)):
            return AIMessage(speaking.say("ask_plan", tongue))
        args = {"plan": plan}
    if tool is None or tool not in known:
        return AIMessage(speaking.say(intent.kind if tool is None else "refused", tongue))
    return AIMessage("", tool_calls=[_call(tool, args, len(messages), 0)])


def _intent(messages: Sequence[BaseMessage], asked: str) -> Intent:
    """What the last message asks; with the one before it, where that lacked the document."""
    intent = reading.read(asked)
    if intent.kind not in {"handle", "integrate"}:
        return intent
    before = [each for each in messages[:-1] if each.type in {"human", "ai"}][-2:]
    if len(before) == 2 and isinstance(before[0], HumanMessage) and speaking.is_asking(before[1].text):
        old = reading.read(before[0].text)
        return Intent("integrate", {**old.args, **intent.args}, intent.tenant or old.tenant, intent.language)
    return Intent("integrate", intent.args, intent.tenant, intent.language)


def _after(messages: Sequence[BaseMessage], known: Mapping[str, Any], tongue: Language) -> AIMessage:
    """The results since the last call, in words; a plan that waits is put to the person at once."""
    results = list(itertools.takewhile(lambda each: isinstance(each, ToolMessage), reversed(messages)))
    said: list[str] = []
    calls: list[ToolCall] = []
    for each in reversed(results):
        name, facts = _tool(each, messages), _facts(each)
        if name == "apply_plan" and facts is None:
            said.append(speaking.say("rejected", tongue))
            continue
        told = facts if facts is not None else {"failure": {"message": each.text}}
        said.append(speaking.tell(name, told, tongue))
        if name == "plan_integration" and _waits(told) and "apply_plan" in known:
            calls.append(_call("apply_plan", {"plan": told["plan"]}, len(messages), len(calls)))
    return AIMessage("\n\n".join(filter(None, said)), tool_calls=calls)


def _tool(message: BaseMessage, messages: Sequence[BaseMessage]) -> str:
    """Which tool's result it is; not every protocol keeps the name beside it."""
    asked = [each for message in messages if isinstance(message, AIMessage) for each in message.tool_calls]
    named = {each["id"]: each["name"] for each in asked}
    return message.name or named.get(getattr(message, "tool_call_id", None), "")


def _waits(facts: Mapping[str, Any]) -> bool:
    return facts.get("state") == "waiting" and bool(facts.get("plan"))


def _facts(message: BaseMessage) -> dict[str, Any] | None:
    """A tool's result; None for a person's no, which comes in LangChain's words."""
    try:
        made = orjson.loads(message.text.encode())
    except orjson.JSONDecodeError:
        return None
    return made if isinstance(made, dict) else None


def _last_plan(messages: Sequence[BaseMessage]) -> str:
    for each in reversed(messages):
        is_plan = isinstance(each, ToolMessage) and _tool(each, messages) == "plan_integration"
        if is_plan and (hit := _PLAN.search(each.text)):
            return hit[1]
    return ""


def _asked(messages: Sequence[BaseMessage]) -> str:
    return next((each.text for each in reversed(messages) if isinstance(each, HumanMessage)), "")


def _own(messages: Sequence[BaseMessage]) -> str:
    """The tenant that the system's words name; nobody else can."""
    system = next((each.text for each in messages if each.type == "system"), "")
    hit = _TENANT.search(system)
    return hit[1] if hit else "?"


def _call(tool: str, args: Mapping[str, Any], at: int, number: int) -> ToolCall:
    return ToolCall(name=tool, args=dict(args), id=f"call-{at}-{number}", type="tool_call")
