"""The account of a validation: document × check → pass, fail, skipped or not run. Plain and frozen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from core.findings import Finding

Status = Literal["pass", "fail", "skipped", "not_run"]
STATUSES: tuple[Status, ...] = ("pass", "fail", "skipped", "not_run")
SET = "(set)"  # the row of checks that concern all documents together


@dataclass(frozen=True, slots=True)
class Row:
    """One document. `id` is unique in the ledger; `line` is where the document starts in its file."""

    id: str
    file: str
    line: int = 1
    role: str = "kubernetes"
    api_version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""

    @property
    def title(self) -> str:
        return "/".join(part for part in (self.kind, self.name) if part) or self.role


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that someone answers for until a date."""

    finding: Finding
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Entry:
    """`tests` is how many rules were put to the document; `reason` says why it was not checked."""

    document: str
    check: str
    status: Status
    findings: tuple[Finding, ...] = ()
    waived: tuple[Waived, ...] = ()
    reason: str = ""
    tests: int = 1


@dataclass(frozen=True, slots=True)
class Ledger:
    kubernetes: str
    engines: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def ok(self) -> bool:
        """No check failed, and something was checked: an empty ledger is not a pass."""
        ran = any(entry.status == "pass" for entry in self.entries)
        return ran and not any(entry.status == "fail" for entry in self.entries)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for entry in self.entries for finding in entry.findings)

    @property
    def waived(self) -> tuple[Waived, ...]:
        return tuple(waived for entry in self.entries for waived in entry.waived)

    @property
    def totals(self) -> dict[str, int]:
        """How many entries of each status, and findings of each severity."""
        statuses = Counter(entry.status for entry in self.entries)
        severities = Counter(finding.severity for finding in self.findings)
        return {
            "documents": len(self.rows),
            "entries": len(self.entries),
            **{status: statuses[status] for status in STATUSES},
            "errors": severities["error"],
            "warnings": severities["warning"],
            "notes": severities["note"],
            "waived": len(self.waived),
        }

    @property
    def digest(self) -> str:
        """SHA-256 over everything the ledger says."""
        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def with_note(self, check: str, text: str, *, status: Status = "pass") -> Ledger:
        """The ledger with one more line about the whole set, such as the sandbox's level."""
        return replace(self, entries=(*self.entries, Entry(SET, check, status, reason=text)))

    def to_dict(self) -> dict[str, Any]:
        return {**self._content(), "ok": self.ok, "totals": self.totals, "digest": self.digest}

    def _content(self) -> dict[str, Any]:
        return {
            "kubernetes": self.kubernetes,
            "engines": list(self.engines),
            "rows": [asdict(row) for row in self.rows],
            "entries": [_plain(entry) for entry in self.entries],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ledger:
        return cls(
            kubernetes=data["kubernetes"],
            engines=tuple(data["engines"]),
            rows=tuple(Row(**row) for row in data["rows"]),
            entries=tuple(_entry(entry) for entry in data["entries"]),
        )


def _plain(entry: Entry) -> dict[str, Any]:
    return {
        "document": entry.document,
        "check": entry.check,
        "status": entry.status,
        "findings": [finding.to_dict() for finding in entry.findings],
        "waived": [asdict(waived) for waived in entry.waived],
        "reason": entry.reason,
        "tests": entry.tests,
    }


def _entry(data: Mapping[str, Any]) -> Entry:
    waived = tuple(Waived(Finding(**w["finding"]), w["reason"], w["until"]) for w in data["waived"])
    findings = tuple(Finding(**finding) for finding in data["findings"])
    return Entry(**{**data, "findings": findings, "waived": waived})


def entry(document: str, check: str, findings: tuple[Finding, ...] = (), *, tests: int = 1) -> Entry:
    """An entry that ran: it fails on an error and passes with warnings and notes."""
    failed = any(finding.severity == "error" for finding in findings)
    return Entry(document, check, "fail" if failed else "pass", findings, tests=tests)
