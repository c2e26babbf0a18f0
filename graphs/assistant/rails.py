"""What holds whatever the model says: closed arguments, bounded steps and context, words at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    ModelCallLimitMiddleware,
    ToolCallLimitMiddleware,
)
from langchain.agents.middleware.types import ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import Command
from pydantic import ValidationError

from core import telemetry
from core.errors import AppError
from graphs.assistant.state import AssistantState, Deps
from graphs.assistant.tools import FORMS

CALLS, TOOLS = 12, 20
"""Answers of the model and calls of tools in one turn."""
AT_ONCE = 8
CONTEXT = 60_000
"""Characters of the conversation that the model sees; a turn is never cut in two."""
SILENCE = "I have no answer to that. Please say it in other words, or ask what I can do."


class Closed(AgentMiddleware[AssistantState, Deps]):
    """A call whose arguments do not fit is not made; an expected failure is told, with its next step."""

    state_schema = AssistantState

    def wrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]],
    ) -> ToolMessage | Command[Any]:
        call = request.tool_call
        form = FORMS.get(call["name"])
        if form is None:
            known = ", ".join(sorted(FORMS))
            return _refused(call, {"message": f"There is no such tool. There are: {known}."})
        try:
            form.model_validate(call["args"])
            return handler(request)
        except ValidationError as error:
            return _refused(call, {"message": _misfit(error)})
        except AppError as error:
            told = error.to_dict()
            return _refused(call, {name: told[name] for name in ("code", "message", "place", "fix")})


class Prompted(AgentMiddleware[AssistantState, Deps]):
    """The system's words for this tenant before the last turns, as many as fit."""

    def wrap_model_call(
        self, request: ModelRequest[Deps], handler: Callable[[ModelRequest[Deps]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        deps = request.runtime.context
        telemetry.note(prompt=f"{deps.prompt.name}@{deps.prompt.digest[:12]}")
        words = SystemMessage(deps.prompt.fill(tenant=deps.caller.tenant))
        shown = recent(request.messages)
        model = deps.model or request.model
        return handler(request.override(model=model, system_message=words, messages=shown))


class Tidy(AgentMiddleware[AssistantState, Deps]):
    """A model's answer as it may stand: not silent, no call twice, and few calls at once."""

    def after_model(self, state: AssistantState, runtime: Runtime[Deps]) -> dict[str, Any] | None:  # noqa: ARG002  # LangChain's form
        last = state["messages"][-1]
        if not isinstance(last, AIMessage):
            return None
        if not last.tool_calls:
            return None if last.text.strip() else {"messages": [AIMessage(SILENCE, id=last.id)]}
        kept = {orjson.dumps([each["name"], each["args"]]): each for each in reversed(last.tool_calls)}
        calls = [each for each in last.tool_calls if any(each is one for one in kept.values())][:AT_ONCE]
        if len(calls) == len(last.tool_calls):
            return None
        return {"messages": [AIMessage(last.text, tool_calls=calls, id=last.id)]}


def middleware() -> list[AgentMiddleware[Any, Any]]:
    ask = HumanInTheLoopMiddleware(
        interrupt_on={
            "apply_plan": {
                "allowed_decisions": ["approve", "reject"],
                "description": _described,
                "when": _is_known,
            }
        }
    )
    return [
        Prompted(),
        Closed(),
        ModelCallLimitMiddleware(run_limit=CALLS, exit_behavior="end"),
        ask,
        ToolCallLimitMiddleware(run_limit=TOOLS, exit_behavior="continue"),
        Tidy(),
    ]


def recent(messages: list[AnyMessage]) -> list[AnyMessage]:
    """The last turns that fit, from a person's message on; the last turn always."""
    starts = [at for at, each in enumerate(messages) if each.type == "human"]
    if not starts:
        return messages
    chosen = starts[-1]
    for at in reversed(starts):
        if sum(_size(each) for each in messages[at:]) > CONTEXT:
            break
        chosen = at
    return messages[chosen:]


def _size(message: AnyMessage) -> int:
    calls = message.tool_calls if isinstance(message, AIMessage) else ()
    return len(message.text) + sum(len(str(each["args"])) for each in calls)


def _is_known(request: ToolCallRequest) -> bool:
    """Whether there is anything to ask a person; the tool itself refuses what is not there, or asks
    for nothing."""
    return bool((_plan(request.tool_call, request.state) or {}).get("question"))


def _described(tool_call: Any, state: Any, runtime: Any) -> str:  # noqa: ARG001  # LangChain's form
    """The plan with its diff, as the run of `integrate` asks it."""
    found = _plan(tool_call, state) or {}
    return f"{found.get('question')}\n\nDigest: {found.get('digest')}"


def _plan(tool_call: Any, state: Any) -> dict[str, Any] | None:
    name = (tool_call.get("args") or {}).get("plan")
    found: dict[str, Any] | None = (state.get("plans") or {}).get(name) if isinstance(name, str) else None
    return found


def _refused(call: Any, facts: dict[str, Any]) -> ToolMessage:
    text = orjson.dumps({"failure": facts}, option=orjson.OPT_SORT_KEYS).decode()
    return ToolMessage(text, name=call["name"][:64], tool_call_id=call["id"], status="error")


def _misfit(error: ValidationError) -> str:
    """Where and why, without what was sent: it may be long, and it is not to be repeated."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[:3]
    return "; ".join(f"{'/'.join(str(step)[:40] for step in each['loc'])}: {each['msg']}" for each in found)
