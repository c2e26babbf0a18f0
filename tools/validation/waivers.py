"""A waiver lets one finding pass: which rule, where, why, and until when. A late one is itself a failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from core.errors import Invalid
from core.findings import Finding
from tools.validation.ledger import SET, Entry, Row, Waived, entry


class WaiverInvalid(Invalid):
    """A waiver does not say what it covers, why, or until when."""

    code = "AW418"
    fix = "Give `rule`, `document`, `reason` and `until` (a date such as 2027-01-31)."


@dataclass(frozen=True, slots=True)
class Waiver:
    """`document` is `Kind/name`, or a file path, each with `*` for any part; `until` is the last good day."""

    rule: str
    document: str
    reason: str
    until: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Waiver:
        wanted = ("rule", "document", "reason", "until")
        if set(data) != set(wanted) or not all(isinstance(data[k], str) and data[k].strip() for k in wanted):
            raise WaiverInvalid("A waiver has exactly rule, document, reason and until.", given=sorted(data))
        return cls(**{key: data[key] for key in wanted})

    def covers(self, finding: Finding, row: Row) -> bool:
        if finding.rule != self.rule:
            return False
        return fnmatchcase(row.title, self.document) or fnmatchcase(row.file, self.document)


# What a waiver cannot lift: without these nothing was checked at all.
_FIRM = frozenset(f"AW{number}" for number in (*range(401, 420), *range(420, 430)))


def day(text: str, what: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WaiverInvalid(f"{what} must be a date such as 2027-01-31, not {text!r}.") from error


def apply(
    entries: Sequence[Entry], rows: Sequence[Row], waivers: Sequence[Waiver], *, today: str
) -> tuple[Entry, ...]:
    """The entries with waived findings set aside, and one entry that accounts for the waivers."""
    if not waivers:
        return tuple(entries)
    now = day(today, "today")
    by_id = {row.id: row for row in rows}
    late = [waiver for waiver in waivers if day(waiver.until, "`until`") < now]
    good = [waiver for waiver in waivers if waiver not in late]
    for waiver in good:
        if waiver.rule in _FIRM:
            raise WaiverInvalid(f"{waiver.rule} cannot be waived: without it nothing was checked.")
    used: set[Waiver] = set()
    result = tuple(_applied(item, by_id.get(item.document), good, used) for item in entries)
    findings = [_expired(waiver) for waiver in late]
    findings += [_unused(waiver) for waiver in good if waiver not in used]
    return (*result, entry(SET, "waivers", tuple(findings), tests=len(waivers)))


def _applied(item: Entry, row: Row | None, waivers: Sequence[Waiver], used: set[Waiver]) -> Entry:
    if row is None or not item.findings:
        return item
    kept: list[Finding] = []
    waived: list[Waived] = []
    for finding in item.findings:
        waiver = next((w for w in waivers if w.covers(finding, row)), None)
        if waiver is None:
            kept.append(finding)
        else:
            used.add(waiver)
            waived.append(Waived(finding, waiver.reason, waiver.until))
    if not waived:
        return item
    status = entry(item.document, item.check, tuple(kept)).status
    return replace(item, findings=tuple(kept), waived=tuple(waived), status=status)


def _expired(waiver: Waiver) -> Finding:
    message = f"The waiver of {waiver.rule} for {waiver.document} ended on {waiver.until}: {waiver.reason}"
    return Finding("AW408", "error", message, fix="Mend what it covered, or decide again with a new date.")


def _unused(waiver: Waiver) -> Finding:
    message = f"The waiver of {waiver.rule} for {waiver.document} covers nothing."
    return Finding("AW410", "warning", message, fix="Delete it.")
