"""A plan for people: a tree of files, the ledger, the diffs. Safe to print, readable at 60 columns."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.plans.changes import Change
from tools.plans.plan import Plan

Styles = Mapping[str, str]

_COLORS: Styles = {"add": "32", "change": "33", "delete": "31", "head": "1", "dim": "2", "hunk": "36"}
_SIGNS = {"add": "+", "change": "~", "delete": "-"}
_RISKS = {"low": "add", "medium": "change", "high": "delete"}
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Documents and generated code whose diff nobody reads line by line.
_BULK = re.compile(r"(^|/)(openapi|swagger)\.(ya?ml|json)$|/models/|\.schema\.json$|\.lock$")
_DIFF_LINES = 200
_LEDGER_LINES = 40


def summary(plan: Plan) -> str:
    """`Plan: 3 to add, 1 to change, 0 to destroy.`"""
    if plan.is_empty:
        return "No changes. The repository already holds this module."
    count = Counter(change.action for change in plan.changes)
    return f"Plan: {count['add']} to add, {count['change']} to change, {count['delete']} to destroy."


def tree(plan: Plan, *, color: bool = False, width: int = 80) -> str:
    """The changed files as a tree, with lines added and removed."""
    nested: dict[str, Any] = {}
    for change in plan.changes:
        *folders, name = change.path.split("/")
        here = nested
        for folder in folders:
            here = here.setdefault(folder + "/", {})
        here[name] = change
    return "".join(line + "\n" for line in _branches(nested, "", color, width))


def text(plan: Plan, *, color: bool = False, width: int = 80, full: bool = False) -> str:
    """All there is to approve. `full` also shows long diffs and those of models and documents."""
    parts = [_header(plan, color, width)]
    if plan.changes:
        parts += [tree(plan, color=color, width=width)]
        parts += [diffs(plan, color=color, full=full)]
    parts += [_ledger(plan.ledger, color, width), _footer(plan, color, width)]
    return "\n".join(part for part in parts if part)


def diffs(plan: Plan, *, color: bool = False, full: bool = False) -> str:
    """The diffs alone; those of models and documents only with `full`."""
    return "\n".join(_diff(change, color, full) for change in plan.changes if full or _is_read(change))


def printable(value: str) -> str:
    """Control, invisible and direction-turning characters spelled out: a name cannot drive a terminal."""
    return "".join(_escaped(char) for char in value)


def _escaped(char: str) -> str:
    if char == "\t":
        return "    "
    return ascii(char)[1:-1] if unicodedata.category(char) in _HIDDEN else char


def _header(plan: Plan, color: bool, width: int) -> str:
    base = plan.base_commit[:12] if plan.base_commit else "a new branch"
    rows = [("Module", plan.module), ("Tenant", plan.tenant), ("Branch", plan.branch), ("Base", base)]
    return "".join(_row(name, value, color, width) for name, value in rows)


def _row(name: str, value: str, color: bool, width: int) -> str:
    lines = textwrap.wrap(printable(value), max(20, width - 8), break_long_words=True) or [""]
    return f"{_paint(f'{name:<7}', 'dim', color)} " + ("\n" + " " * 8).join(lines) + "\n"


def _branches(nested: dict[str, Any], lead: str, color: bool, width: int) -> Iterator[str]:
    for position, (name, below) in enumerate(nested.items(), start=1):
        is_last = position == len(nested)
        joint, deeper = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        if isinstance(below, Change):
            yield lead + joint + _leaf(name, below, color, width - len(lead) - 3)
        else:
            label, inner = _joined(name, below)
            yield lead + joint + _paint(_cut(label, width - len(lead) - 3), "head", color)
            yield from _branches(inner, lead + deeper, color, width)


def _joined(name: str, below: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A folder with a single folder inside shares its line, to stay narrow."""
    while len(below) == 1 and isinstance(only := next(iter(below.values())), dict):
        name, below = name + next(iter(below)), only
    return name, below


def _leaf(name: str, change: Change, color: bool, room: int) -> str:
    added, removed = change.counts
    marks = " ".join(
        mark for mark in (f"+{added}" if added else "", f"-{removed}" if removed else "") if mark
    )
    label = _cut(name, room - len(marks) - 3)
    painted = _paint(f"{_SIGNS[change.action]} {label}", change.action, color)
    return f"{painted} {_paint(marks, 'dim', color)}" if marks else painted


def _is_read(change: Change) -> bool:
    is_constant = change.action == "add" and change.path.endswith(".rego")
    return change.action != "delete" and not is_constant and not _BULK.search(change.path)


def _diff(change: Change, color: bool, full: bool) -> str:
    lines = change.diff.split("\n")[:-1]
    limit = len(lines) if full else _DIFF_LINES
    shown = [_diff_line(line, color) for line in lines[:limit]]
    if len(lines) > limit:
        shown.append(_paint(f"… {len(lines) - limit} more lines of {printable(change.path)}", "dim", color))
    return "\n".join(shown) + "\n"


def _diff_line(line: str, color: bool) -> str:
    style = {"+": "add", "-": "delete", "@": "hunk"}.get(line[:1], "")
    if line.startswith(("+++ ", "--- ")):
        style = "head"
    return _paint(printable(line), style, color)


def _ledger(ledger: Mapping[str, Any], color: bool, width: int) -> str:
    entries = [entry for entry in ledger.get("entries", ()) if isinstance(entry, Mapping)]
    if not entries:
        return "Checks  none were made\n"
    counts: dict[str, Counter[str]] = {}
    for entry in entries:
        counts.setdefault(str(entry.get("check", "")), Counter())[str(entry.get("status", ""))] += 1
    lines = [_check_line(check, count, color, width) for check, count in counts.items()]
    notes = [line for note in _notes(entries) for line in _wrapped(note, width)]
    lines += [_paint(note, "change", color) for note in notes[:_LEDGER_LINES]]
    if len(notes) > _LEDGER_LINES:
        lines.append(f"  … {len(notes) - _LEDGER_LINES} more lines")
    return _paint("Checks", "head", color) + "\n" + "\n".join(lines) + "\n"


def _check_line(check: str, count: Counter[str], color: bool, width: int) -> str:
    failed = bool(count["fail"])
    told = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in sorted(count.items()))
    sign = "✘" if failed else "✔" if count["pass"] else "·"
    label = _cut(check, max(10, width - len(told) - 6))
    return "  " + _paint(f"{sign} {label}: {printable(told)}", "delete" if failed else "add", color)


def _notes(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each remark on a check; each finding; and, once for all documents, why something was not checked."""
    found = [finding for entry in entries for finding in entry.get("findings", ())]
    told = [
        " ".join(
            str(finding[key]) for key in ("severity", "rule", "file", "place", "message") if finding.get(key)
        )
        for finding in found
        if isinstance(finding, Mapping)
    ]
    unmade: Counter[tuple[str, str]] = Counter()
    remarks = []
    for entry in entries:
        status, reason = str(entry.get("status", "")), str(entry.get("reason", ""))
        if status in {"skipped", "not_run"}:
            unmade[status.replace("_", " "), reason or "no reason given"] += 1
        elif reason:
            remarks.append(f"{entry.get('check', '')}: {reason}")
    why = [f"{count} {status}: {reason}" for (status, reason), count in unmade.items()]
    return [*dict.fromkeys([*remarks, *told]), *why]


def _wrapped(note: str, width: int) -> list[str]:
    return textwrap.wrap(printable(note), width, initial_indent="    ", subsequent_indent="      ")


def _footer(plan: Plan, color: bool, width: int) -> str:
    lines = [_paint(f"Risk: {plan.risk.level}", _RISKS[plan.risk.level], color)]
    for reason in plan.risk.reasons:
        lines += textwrap.wrap(printable(reason), width, initial_indent="  - ", subsequent_indent="    ")
    lines += [_paint(f"Digest: {plan.digest.removeprefix('sha256:')[:16]}", "dim", color), summary(plan)]
    return "\n".join(lines) + "\n"


def _cut(value: str, room: int) -> str:
    value = printable(value)
    return value if len(value) <= room else value[: max(1, room - 1)] + "…"


def _paint(value: str, style: str, color: bool) -> str:
    return f"\x1b[{_COLORS[style]}m{value}\x1b[0m" if color and style else value
