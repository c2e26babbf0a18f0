"""A ledger for people: one line a finding, then a summary like kubeconform's and one like conftest's."""

from __future__ import annotations

import json
from collections import Counter

from core.findings import Finding
from tools.validation.ledger import SET, Entry, Ledger, Row

_NO_VERDICT = frozenset({"AW404", "AW433"})


def text(ledger: Ledger) -> str:
    """Findings in the order of the ledger, what was waived or not run, and the sums."""
    lines = [_finding(finding) for finding in ledger.findings]
    lines += [
        f"waived   {w.finding.rule} {w.finding.where or SET}: {w.reason}"
        + (f" (until {w.until})" if w.until else "")
        for w in ledger.waived
    ]
    lines += [f"note     {e.check}: {e.reason}" for e in ledger.entries if e.document == SET and e.reason]
    lines += _left_out(ledger)
    return "\n".join([*lines, schema_summary(ledger), policy_summary(ledger), _verdict(ledger)]) + "\n"


def to_json(ledger: Ledger) -> str:
    return json.dumps(ledger.to_dict(), indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> str:
    where = finding.where or SET
    fix = f" {finding.fix}" if finding.fix else ""
    return f"{finding.severity:8} {finding.rule} {where}: {finding.message}{fix}"


def _left_out(ledger: Ledger) -> list[str]:
    """Why documents were skipped or could not be checked, counted by reason."""
    reasons: Counter[tuple[str, str, str]] = Counter()
    for item in ledger.entries:
        if item.status in ("skipped", "not_run") and item.document != SET:
            reasons[item.status.replace("_", " "), item.check, item.reason] += 1
    return [f"{status:8} {check} × {n}: {reason}" for (status, check, reason), n in sorted(reasons.items())]


def schema_summary(ledger: Ledger) -> str:
    """The line kubeconform prints."""
    rows = [row for row in ledger.rows if row.role == "kubernetes"]
    by_row = {(item.document, item.check): item for item in ledger.entries}
    verdicts = Counter(_shape(row, by_row) for row in rows)
    files = len({row.file for row in rows})
    return (
        f"Summary: {len(rows)} resources found in {files} files - Valid: {verdicts['valid']}, "
        f"Invalid: {verdicts['invalid']}, Errors: {verdicts['error']}, Skipped: {verdicts['skipped']}"
    )


def _shape(row: Row, by_row: dict[tuple[str, str], Entry]) -> str:
    item = by_row.get((row.id, "schema"))
    if item is None or item.status == "not_run":
        return "error"
    if item.status == "fail":
        return "error" if any(finding.rule in _NO_VERDICT for finding in item.findings) else "invalid"
    return "valid" if item.status == "pass" else "skipped"


def policy_summary(ledger: Ledger) -> str:
    """The line conftest prints."""
    entries = [item for item in ledger.entries if item.check == "policy" and item.status in ("pass", "fail")]
    severities = Counter(finding.severity for item in entries for finding in item.findings)
    exceptions = sum(len(item.waived) for item in entries)
    found = severities["error"] + severities["warning"] + exceptions
    tests = sum(max(item.tests, len(item.findings) + len(item.waived)) for item in entries)
    return (
        f"{tests} tests, {tests - found} passed, {severities['warning']} warnings, "
        f"{severities['error']} failures, {exceptions} exceptions"
    )


def _verdict(ledger: Ledger) -> str:
    totals = ledger.totals
    word = "passed" if ledger.ok else "failed"
    counts = f"{totals['errors']} errors, {totals['warnings']} warnings, {totals['waived']} waived"
    engines = ", ".join(ledger.engines)
    return f"Validation {word}: {counts} · Kubernetes {ledger.kubernetes} · {engines} · {ledger.digest[:19]}"
