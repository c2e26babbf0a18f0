"""Whether an answer is whole and can be used: it ended, it says something, its calls fit the tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall, ToolCall
from langchain_core.utils.function_calling import convert_to_openai_tool

from core.gateway.faults import Fault

MOST_CALLS = 16
MOST_ARGUMENTS = 100_000  # characters of one call's arguments
_ENDED = frozenset({"stop", "tool_calls", "function_call", "end_turn", "tool_use", "stop_sequence"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The tools that were bound, in OpenAI's form, and whether one of them must be called."""

    tools: tuple[dict[str, Any], ...] = ()
    choice: Any = None
    _schemas: dict[str, Any] = field(default_factory=dict)  # compiled, by name

    @classmethod
    def of(cls, tools: Sequence[Any], choice: Any = None) -> Wanted:
        return cls(tuple(convert_to_openai_tool(tool) for tool in tools), choice)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(_name(tool) for tool in self.tools)

    @property
    def forced(self) -> frozenset[str]:
        """One of these has to be called; empty: none has to."""
        choice = self.choice
        if isinstance(choice, dict):
            choice = choice.get("function", {}).get("name", "")
        if choice in ("any", "required", True):
            return self.names
        return frozenset({choice}) & self.names if isinstance(choice, str) else frozenset()

    def misfit(self, name: str, arguments: Any) -> str:
        """What is wrong with the arguments, without quoting them; empty where nothing is."""
        import jsonschema_rs  # noqa: PLC0415  # only where tools are called

        if name not in self._schemas:
            parameters = next(_parameters(tool) for tool in self.tools if _name(tool) == name)
            self._schemas[name] = jsonschema_rs.validator_for(_closed(parameters), offline=True)
        error = next(iter(self._schemas[name].iter_errors(arguments)), None)
        if error is None:
            return ""
        place = "/" + "/".join(str(part) for part in error.instance_path)
        rule = "/".join(str(part) for part in error.schema_path)
        return f"`{place[:200]}` breaks the rule `{rule[:200]}`"


def fault(message: BaseMessage, wanted: Wanted, *, is_local: bool = False) -> Fault | None:
    """What is wrong with the answer, or None. A local seat's answer cannot have been cut off on its way."""
    if not isinstance(message, AIMessage):
        return Fault("malformed", f"the answer's role is {message.type}")
    if not is_local and (detail := _cut(message)):
        return Fault("malformed", detail)
    if not message.text.strip() and not message.tool_calls and not message.invalid_tool_calls:
        return Fault("malformed", "the answer is empty")
    detail = _calls(message, wanted)
    return Fault("malformed", detail, is_mendable=True) if detail else None


def _cut(message: AIMessage) -> str:
    said = message.response_metadata
    reason = said.get("finish_reason") or said.get("stop_reason")
    if not reason:
        return "the answer has no finish reason"
    return "" if reason in _ENDED else f"the answer ended with {str(reason)[:40]}"


def _calls(message: AIMessage, wanted: Wanted) -> str:
    calls = message.tool_calls
    if len(calls) + len(message.invalid_tool_calls) > MOST_CALLS:
        return f"more than {MOST_CALLS} tools are called at once"
    ids = [call.get("id") for call in calls]
    if len(set(ids)) < len(ids) or not all(ids):
        return "the calls have no ids of their own"
    if message.invalid_tool_calls:
        return _invalid(message.invalid_tool_calls[0], wanted)
    for call in calls:
        if detail := _call(call, wanted):
            return detail
    if wanted.forced and not any(call["name"] in wanted.forced for call in calls):
        return f"one of {', '.join(sorted(wanted.forced))} has to be called and is not"
    return ""


def _invalid(call: InvalidToolCall, wanted: Wanted) -> str:
    name = call.get("name") or ""
    shown = f"`{name}`" if name in wanted.names else "a tool"
    return f"the arguments of {shown} are not a JSON object"


def _call(call: ToolCall, wanted: Wanted) -> str:
    if call["name"] not in wanted.names:
        return "a tool is called that is not offered"
    if len(json.dumps(call["args"])) > MOST_ARGUMENTS:
        return f"the arguments of `{call['name']}` are too long"
    misfit = wanted.misfit(call["name"], call["args"])
    return f"the arguments of `{call['name']}` do not fit: {misfit}" if misfit else ""


def _name(tool: dict[str, Any]) -> str:
    """Empty for a provider's own tool, which we never let a model call."""
    return str(tool.get("function", {}).get("name", ""))


def _parameters(tool: dict[str, Any]) -> dict[str, Any]:
    return dict(tool["function"].get("parameters") or {"type": "object", "properties": {}})


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """An argument that the tool does not have is refused, though few schemas say so themselves."""
    openers = {
        "additionalProperties",
        "patternProperties",
        "unevaluatedProperties",
        "allOf",
        "anyOf",
        "oneOf",
    }
    if openers & schema.keys() or "properties" not in schema:
        return schema
    return {**schema, "additionalProperties": False}


_OPENERS = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties", "allOf", "anyOf"})
