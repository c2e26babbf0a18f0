"""What a run says, in words: for the playgrounds, which show a person nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.http.front import Interrupt, Outcome


def text(message: Any) -> str:
    """A message's text, whether it is LangChain's object or its plain form, blocks or a string."""
    content = message.get("content", "") if isinstance(message, dict) else message.content
    if isinstance(content, str):
        return content
    parts = [part if isinstance(part, str) else part.get("text", "") for part in content]
    return "".join(parts)


def excuse(problem: Mapping[str, Any]) -> str:
    fix = f"\n\n{problem['fix']}" if problem.get("fix") else ""
    return f"{problem.get('code', '')} {problem.get('message', '')}{fix}".strip()


def question(interrupts: Sequence[Interrupt]) -> str:
    asked = [request for each in interrupts for request in requests(each)]
    return "\n\n".join(
        f"{each.get('description') or each.get('name', '')}\n{_shown(each.get('args'))}".rstrip()
        for each in asked
    )


def requests(interrupt: Interrupt) -> list[dict[str, Any]]:
    """LangChain's action requests; anything else that a graph asks is one request."""
    value = interrupt.value
    found = value.get("action_requests") if isinstance(value, dict) else None
    return found if isinstance(found, list) else [{"description": str(value)}]


def note(outcome: Outcome) -> str:
    """What stands over the output in a form; empty where the output says it all."""
    if outcome.problem:
        return f"{excuse(outcome.problem)}\n\n"
    if not outcome.interrupts:
        return ""
    how = f"put {outcome.thread} into Thread, add a decision to Decisions, and press Start"
    return f"{question(outcome.interrupts)}\n\nTo answer: {how}.\n\n"


def _shown(args: Any) -> str:
    return json.dumps(args, indent=2, default=str) if args else ""
