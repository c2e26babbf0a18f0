"""Commit messages: text that cannot act, and trailers that only we write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from core.errors import Invalid

TRAILERS = ("Build-Key", "Plan-Digest", "Spec-Digest", "Trace-Id")

_VALUES = {
    "Build-Key": re.compile(r"[0-9a-f]{16,64}"),
    "Plan-Digest": re.compile(r"(sha256:)?[0-9a-f]{64}"),
    "Spec-Digest": re.compile(r"(sha256:)?[0-9a-f]{64}"),
    "Trace-Id": re.compile(r"[0-9a-f]{32}"),
}
_SUBJECT = 72
_BODY = 20_000
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# What hosts act on: mentions, issue numbers and links after "closes", directives to CI, quick actions.
_MENTION = re.compile(r"@(?=[\w.-])")
_ISSUE = re.compile(r"(?i)#(?=\w)|\b(GH)-(?=\d)")
_LINK = re.compile(r"(?i)\b(https?|ssh|git|file):(?=//)")
_DIRECTIVE = re.compile(r"\[(?=[\w\s-]*\b(skip|ci)\b)|\*\*\*(?=\s*NO_CI)", re.IGNORECASE)
_LEADS = re.compile(r"\s*([\w-]+\s*:|/|#|---|diff |Index: )")


class FieldRefused(Invalid):
    """A value that would not survive as one plain line of a commit."""

    code = "AW512"
    fix = "Give digests as lower-case hex, names and addresses as one plain line."


def compose(text: str, trailers: Mapping[str, str]) -> str:
    """A whole commit message: the text made harmless, then our trailers as the last paragraph."""
    subject, _, body = text.strip().partition("\n")
    parts = [_line(subject)[:_SUBJECT].rstrip() or "Update module"]
    if lines := [_quoted(_line(line)) for line in body[:_BODY].strip().split("\n") if body.strip()]:
        parts.append("\n".join(lines))
    if tail := [f"{name}: {_value(name, trailers[name])}" for name in TRAILERS if trailers.get(name)]:
        parts.append("\n".join(tail))
    return "\n\n".join(parts) + "\n"


def trailers(message: str) -> dict[str, str]:
    """Our trailers from the last paragraph. A name that stands twice counts as forged and is left out."""
    last = message.rstrip("\n").rpartition("\n\n")[2]
    found: dict[str, list[str]] = {}
    for line in last.split("\n"):
        name, colon, value = line.partition(": ")
        if colon and name in _VALUES and _VALUES[name].fullmatch(value):
            found.setdefault(name, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _value(name: str, value: str) -> str:
    if not _VALUES[name].fullmatch(value):
        raise FieldRefused(f"{name} is not plain hex: {value[:80]!a}.", place=name)
    return value


def _line(line: str) -> str:
    # One line stays one line: every other line end, escape and invisible mark becomes a space.
    line = "".join(" " if unicodedata.category(char) in _UNSAFE else char for char in line).rstrip()
    line = _MENTION.sub("@ ", line)
    line = _ISSUE.sub(lambda hit: f"{hit[1]} " if hit[1] else "# ", line)
    return _DIRECTIVE.sub("(", _LINK.sub(r"\1: ", line))


def _quoted(line: str) -> str:
    return f"| {line}" if _LEADS.match(line) else line
