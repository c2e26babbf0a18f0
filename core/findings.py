"""A finding is one result of one check: which rule, how grave, where, what, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`place` is a JSON pointer (`/paths/~1pets/get`) or empty; `line` is 1-based, 0 when unknown."""

    rule: str
    severity: Severity
    message: str
    file: str = ""
    place: str = ""
    line: int = 0
    fix: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def where(self) -> str:
        """`file:line pointer`, as far as known."""
        at = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return " ".join(part for part in (at, self.place) if part)
