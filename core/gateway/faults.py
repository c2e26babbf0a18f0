"""Say in our own words what went wrong with a call. A provider's words may quote the key: none are kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from core.breaker import Verdict

Why = Literal[
    "timeout",  # not done within its time
    "broken",  # no connection, or what came is no answer
    "malformed",  # an answer that is not whole or not usable
    "rate",
    "server",
    "key",
    "money",
    "missing",  # no such model
    "long",  # beyond the model's context
    "request",
    "resting",  # not asked: its breaker is open
    "spent",  # not asked: the tenant's budget is used up
]
_VERDICTS: Mapping[str, Verdict] = {
    "key": "fatal", "money": "fatal", "missing": "fatal", "long": "none", "request": "none",
    "spent": "none",
}  # fmt: skip
_BILLED = frozenset({"timeout", "malformed"})


@dataclass(frozen=True, slots=True)
class Fault:
    why: Why
    detail: str = ""  # ours, never the provider's
    retry_after_s: float | None = None
    is_mendable: bool = False  # the model may do better when it is told

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS.get(self.why, "bad")

    @property
    def is_alarm(self) -> bool:
        """Somebody has to do something: it will not pass by itself."""
        return self.verdict == "fatal"

    @property
    def was_asked(self) -> bool:
        return self.why not in {"resting", "spent"}

    @property
    def is_billed(self) -> bool:
        """The provider may have worked, and may want money for it."""
        return self.why in _BILLED


def read(error: BaseException, *, now: Callable[[], float]) -> Fault:
    """By what openai's and litellm's errors have in common: a status, a code, the answer's headers."""
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return Fault("timeout")
    status = getattr(error, "status_code", None)
    status = int(status) if isinstance(status, int | str) and str(status).isdigit() else 0
    named = _named(error)
    if named & _NO_MONEY or status == 402:
        return Fault("money", f"answered {status or 402}")
    if named & _TOO_LONG or "ContextWindow" in type(error).__name__ or status == 413:
        return Fault("long", f"answered {status or 400}")
    why = _by_status(status)
    if not status or (status < 400 and why == "broken"):
        return Fault("broken", type(error).__name__)
    return Fault(why, f"answered {status}", _retry_after(error, now))


_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TOO_LONG = frozenset({"context_length_exceeded"})


def _by_status(status: int) -> Why:
    if status in (401, 403):
        return "key"
    if status == 404:
        return "missing"
    if status in (408, 409, 425, 429):
        return "rate" if status == 429 else "server"
    if status >= 500:
        return "server"
    return "request" if status >= 400 else "broken"


def _named(error: BaseException) -> set[str]:
    """The error's code and type, from the answer's body where the library left them there."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    inner = inner if isinstance(inner, dict) else {}
    found = (getattr(error, "code", None), inner.get("code"), inner.get("type"))
    words = {one for one in found if isinstance(one, str)}
    # litellm keeps no body: its text holds the provider's
    return words | {word for word in _NO_MONEY | _TOO_LONG if word in str(error)[:4000]}


def _retry_after(error: BaseException, now: Callable[[], float]) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None)
    text = str(headers.get("retry-after", "")).strip() if isinstance(headers, Mapping) else ""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now)
    return seconds if math.isfinite(seconds) else None


def _until(date: str, now: Callable[[], float]) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now()
    except (ValueError, OverflowError):
        return None


def as_fact(seat: str, fault: Fault) -> dict[str, Any]:
    return {"seat": seat, "why": fault.why, **({"detail": fault.detail} if fault.detail else {})}
