"""Cron schedules as Kubernetes reads them (robfig/cron's standard parser)."""

from __future__ import annotations

import re

_MONTHS = {
    name: n
    for n, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS = {name: n for n, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_EVERY = re.compile(r"@every (?:[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|ms|s|m|h))+")


def problem(schedule: str) -> str:
    """What is wrong with a schedule; "" where nothing is."""
    text = schedule.strip()
    if text.startswith("@"):
        return "" if text in _MACROS or _EVERY.fullmatch(text) else f"`{text}` is not a known schedule."
    if text.startswith(("TZ=", "CRON_TZ=")):
        return "A time zone belongs into `timeZone`, not into the schedule."
    parts = text.split()
    if len(parts) != len(_FIELDS):
        return f"A schedule has five fields; `{schedule}` has {len(parts)}."
    for part, (name, low, high, names) in zip(parts, _FIELDS, strict=True):
        if not all(_fits(piece, low, high, names) for piece in part.split(",")):
            return f"`{part}` is not a {name} ({low} to {high})."
    return ""


def _fits(piece: str, low: int, high: int, names: dict[str, int]) -> bool:
    span, slash, step = piece.partition("/")
    if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
        return False
    if span in ("*", "?"):
        return True
    first, dash, last = span.partition("-")
    start = _number(first, names)
    end = _number(last, names) if dash else start
    return start is not None and end is not None and low <= start <= end <= high


def _number(text: str, names: dict[str, int]) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= 4:
        return int(text)
    return names.get(text.lower())
