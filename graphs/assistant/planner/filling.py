"""Structured output of the planner: a form that is asked for, filled in from what stands in the message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.messages.tool import ToolCall

from graphs.assistant.planner import reading

_PAIR = r"(?:^|[\s,;(]){name}\s*(?:is|est|[:=])?\s*[\"'`]?([^\s,;\"'`)]+)"


def wanted(known: Mapping[str, Any], choice: Any, own: Sequence[str]) -> Mapping[str, Any] | None:
    """The one form that must be filled in, if the caller insists on one that is no tool of ours."""
    if not choice or choice in {"auto", "none"} or not known:
        return None
    named = choice["function"]["name"] if isinstance(choice, Mapping) else choice
    form: Mapping[str, Any] | None = known.get(named)
    if form is None and len(known) == 1:
        form = next(iter(known.values()))
    return form if form is not None and form["name"] not in own else None


def filled(form: Mapping[str, Any], asked: str, *, at: int) -> AIMessage:
    """A call with what the message says; in words what is missing, for nothing is made up."""
    schema = form.get("parameters") or {}
    args: dict[str, Any] = {}
    slots = dict(reading.read(asked).args)
    for name, field in (schema.get("properties") or {}).items():
        value = slots[name] if name in slots else _found(name, field, asked)
        if value is not None:
            args[name] = value
    missing = [name for name in schema.get("required", ()) if name not in args]
    if missing:
        return AIMessage(f"The message does not say: {', '.join(missing)}.")
    call = ToolCall(name=form["name"], args=args, id=f"call-{at}-0", type="tool_call")
    return AIMessage("", tool_calls=[call])


def _found(name: str, field: Mapping[str, Any], asked: str) -> Any:
    for choice in field.get("enum", ()):
        if re.search(rf"\b{re.escape(str(choice))}\b", asked, re.IGNORECASE):
            return choice
    hit = re.search(_PAIR.format(name=re.escape(name.replace("_", " "))), asked, re.IGNORECASE)
    return _typed(hit[1].rstrip("."), field.get("type")) if hit else None


def _typed(word: str, kind: Any) -> Any:
    if kind == "integer":
        return int(word) if re.fullmatch(r"-?\d{1,15}", word) else None
    if kind == "number":
        return float(word) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", word) else None
    if kind == "boolean":
        return {"true": True, "yes": True, "oui": True, "false": False, "no": False, "non": False}.get(
            word.lower()
        )
    return word
