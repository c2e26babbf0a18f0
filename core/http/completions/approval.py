"""An approval as a chat sees it: a question in plain text, and the turn that answers it.

An answer counts only for the very question the person saw: the question carries a mark, and either
the last thing the assistant said or the answer itself has to show it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.http.completions.errors import QuestionUnknown
from core.http.front import Interrupt

_APPROVE = re.compile(r"[\s`'\"*]*approved?[\s`'\"*]*([0-9a-f]{8})?[\s`'\"*.!]*", re.IGNORECASE)
_REJECT = re.compile(
    r"[\s`'\"*]*reject(?:ed)?\b[\s`'\"*]*(?:([0-9a-f]{8})\b)?[\s`'\"*.!,:]*(.*)", re.IGNORECASE | re.DOTALL
)
_MARK = re.compile(r"\[question ([0-9a-f]{8}) on thread ([A-Za-z0-9_.:-]{1,200})\]\s*\Z")
_SHOWN = 2000


def mark(interrupts: Sequence[Interrupt]) -> str:
    return hashlib.sha256("\n".join(each.id for each in interrupts).encode()).hexdigest()[:8]


def asked(text: str) -> tuple[str, str]:
    """The mark and the thread of the question that a message ends with, or nothing."""
    found = _MARK.search(text)
    return (found[1], found[2]) if found else ("", "")


def question(interrupts: Sequence[Interrupt], thread: str) -> str:
    """What would be done, and how to answer."""
    lines: list[str] = []
    for request in _requests(interrupts):
        lines.append(str(request.get("description") or request.get("name", "")))
        lines += [f"- {name}: {_plain(value)}" for name, value in dict(request.get("args") or {}).items()]
    lines += [
        "",
        "Nothing has been done yet. Answer `approve`, or `reject: <why>`.",
        f"[question {mark(interrupts)} on thread {thread}]",
    ]
    return "\n".join(lines)


def read(text: str, before: str, interrupts: Sequence[Interrupt]) -> dict[str, Any] | None:
    """The graph's answer, where `text` clearly decides the question that `before` asked."""
    decision, named = _decision(text)
    seen = named or asked(before)[0]
    if decision is None or seen != mark(interrupts):
        return None
    requests = _requests(interrupts)
    allowed = [
        set(config.get("allowed_decisions", ()))
        for each in interrupts
        for config in each.value.get("review_configs", ())
    ]
    if not all(decision["type"] in names for names in allowed):
        return None
    return {"decisions": [decision] * len(requests)}


def decides(text: str) -> bool:
    """Whether a person who says this means to answer a question."""
    return _decision(text)[0] is not None


def _decision(text: str) -> tuple[dict[str, str] | None, str]:
    if found := _APPROVE.fullmatch(text):
        return {"type": "approve"}, (found[1] or "").lower()
    if found := _REJECT.fullmatch(text):
        why = found[2].strip()
        return {"type": "reject", **({"message": why} if why else {})}, (found[1] or "").lower()
    return None, ""


def _requests(interrupts: Sequence[Interrupt]) -> list[Mapping[str, Any]]:
    values = [each.value for each in interrupts]
    if len(values) != 1 or not isinstance(values[0], Mapping) or not values[0].get("action_requests"):
        raise QuestionUnknown("The graph does not ask for an approval, but for something else.")
    return list(values[0]["action_requests"])


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
