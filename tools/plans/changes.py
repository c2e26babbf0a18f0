"""One file's change, and its unified diff."""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Action = Literal["add", "change", "delete"]

# difflib's time grows with the square of the changed lines: larger files get counts, not a diff.
DIFF_BYTES = 256 * 1024
DIFF_LINES = 4000


@dataclass(frozen=True)
class Change:
    """`before` is None for a new file, `after` is None for a deleted one."""

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def action(self) -> Action:
        if self.before is None:
            return "add"
        return "delete" if self.after is None else "change"

    @cached_property
    def diff(self) -> str:
        """The unified diff, or one line saying why there is none."""
        old, new = _lines(self.before), _lines(self.after)
        if old is None or new is None:
            return f"Binary file, {len(self.before or b'')} -> {len(self.after or b'')} bytes.\n"
        if self.is_large:
            return f"Large file, {self.counts[0]} lines added, {self.counts[1]} removed.\n"
        name_old = f"a/{self.path}" if self.before is not None else "/dev/null"
        name_new = f"b/{self.path}" if self.after is not None else "/dev/null"
        return "".join(_ended(line) for line in difflib.unified_diff(old, new, name_old, name_new))

    @cached_property
    def counts(self) -> tuple[int, int]:
        """Lines added and removed, a moved line counted as neither. Zero for binary files."""
        old, new = _lines(self.before), _lines(self.after)
        if old is None or new is None:
            return (0, 0)
        have, want = Counter(old), Counter(new)
        return ((want - have).total(), (have - want).total())

    @property
    def is_large(self) -> bool:
        both = (self.before or b"", self.after or b"")
        return any(len(data) > DIFF_BYTES or data.count(b"\n") > DIFF_LINES for data in both)


def fingerprint(data: bytes | None) -> str | None:
    """SHA-256 of a content; None for a file that is not there."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def _lines(data: bytes | None) -> list[str] | None:
    if data is None:
        return []
    if b"\0" in data:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # Only "\n" ends a line, as in git: splitlines would also cut at U+2028 and form feed.
    lines = text.split("\n")
    if not lines.pop():
        return lines
    return [*lines, text.rpartition("\n")[2] + "\n\\ No newline at end of file"]


def _ended(line: str) -> str:
    return line if line.endswith("\n") else line + "\n"
