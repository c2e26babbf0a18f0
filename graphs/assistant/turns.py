"""One turn between a client and the graph: which messages count, what is asked, what was answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    convert_to_messages,
)
from langgraph.types import Command

from core.blobs import Blobs
from core.errors import Invalid
from graphs.assistant import intake
from graphs.assistant.state import Reads
from graphs.integrate.content import AnswerRefused

WAITS = "__waits__"
"""There is a question and no answer yet: nothing is to be done."""
_DECISIONS = frozenset({"approve", "reject"})
_UNANSWERED = '{"failure": {"message": "The person wrote something else instead of an answer."}}'


class MessagesUnreadable(Invalid):
    """What was sent is no conversation."""

    code = "AW918"
    fix = 'Send {"messages": [{"role": "user", "content": "…"}]}.'


def readable(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What a person said and what was answered, as text. A client brings no instructions for the model
    and no results of tools: those are made here."""
    try:
        found = convert_to_messages([dict(each) for each in messages])
    except (ValueError, TypeError, NotImplementedError) as error:
        raise MessagesUnreadable("A message has no role or no content.", place="/messages") from error
    said = [_plain(each) for each in found if each.type in {"human", "ai"} and each.text.strip()]
    if not said or said[-1]["role"] != "human":
        raise MessagesUnreadable("The last message is not a person's.", place="/messages")
    return said


def entry(
    run: str, said: Sequence[Mapping[str, str]], state: Mapping[str, Any], blobs: Blobs, reads: Reads | None
) -> dict[str, Any]:
    """The graph's input: new messages with handles, after what became of calls that nobody answered."""
    counter = intake.Counter.after(state)
    held = {each.id for each in state.get("messages", ())}
    made: list[AnyMessage] = [*_closed(state.get("messages", ()))]
    for at, each in enumerate(said):
        known = each["id"] if each["id"] and each["id"] not in held else f"{run}-{at}"
        if each["role"] == "ai":
            made.append(AIMessage(each["text"], id=known))
        else:
            made.append(HumanMessage(intake.taken(each["text"], counter, blobs, reads), id=known))
    return {"messages": made, "turn": run, "specs": counter.specs, "runs": counter.runs}


def resumed(decisions: Sequence[Mapping[str, Any]]) -> Command[Any]:
    return Command(resume={"decisions": [dict(each) for each in decisions]})


def requests(interrupts: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Each action that is asked about, in the order in which it is answered."""
    return [each for one in interrupts for each in one.value.get("action_requests", ())]


def digest(interrupts: Sequence[Any]) -> str:
    """Names the very question: its answer answers no other one, were the words the same."""
    asked = [[each.id, each.value] for each in interrupts]
    return "sha256:" + hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def decisions(answer: Mapping[str, Any], interrupts: Sequence[Any]) -> list[dict[str, Any]]:
    """One decision for each action that is asked about."""
    given = answer.get("decisions")
    asked = requests(interrupts)
    if not isinstance(given, list) or len(given) != len(asked):
        raise AnswerRefused(
            f"The answer does not hold {len(asked)} decisions.",
            fix='Answer {"decisions": [{"type": "approve"}]}, or "reject": one for each action.',
        )
    made = []
    for each in given:
        kind = each.get("type") if isinstance(each, Mapping) else None
        if kind not in _DECISIONS:
            raise AnswerRefused("A plan is approved or rejected.", fix="To change it, reject it and say how.")
        reason = str(each.get("message") or "")[:1000]
        made.append({"type": kind, **({"message": reason} if kind == "reject" and reason else {})})
    return made


def chosen(
    decided: Sequence[Mapping[str, Any]], interrupts: Sequence[Any], plans: Mapping[str, Any], kind: str
) -> list[Mapping[str, Any]]:
    """The plans that were answered so."""
    pairs = zip(requests(interrupts), decided, strict=True)
    names = [asked["args"].get("plan") for asked, one in pairs if one["type"] == kind]
    return [plans[name] for name in names if name in plans]


def reply(values: Mapping[str, Any]) -> str:
    """The last words of the assistant."""
    spoken = [each for each in values.get("messages", ()) if isinstance(each, AIMessage)]
    return spoken[-1].text if spoken else ""


def _plain(message: BaseMessage) -> dict[str, str]:
    return {"role": message.type, "text": message.text, "id": (message.id or "")[:100]}


def _closed(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """A result for each call that got none: a model refuses a conversation with an open call."""
    last = messages[-1] if messages else None
    answered = {each.tool_call_id for each in messages if isinstance(each, ToolMessage)}
    for each in reversed(messages):
        if isinstance(each, AIMessage):
            last = each
            break
    calls = last.tool_calls if isinstance(last, AIMessage) else []
    return [
        ToolMessage(_UNANSWERED, name=each["name"], tool_call_id=str(each["id"]), status="error")
        for each in calls
        if each["id"] not in answered
    ]
