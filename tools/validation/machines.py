"""A ledger for machines: JUnit XML for build servers, SARIF 2.1.0 for code review. No clock, no host."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

from core.findings import Finding
from tools.validation import semantics
from tools.validation.ledger import Entry, Ledger, Row, Waived

# XML 1.0 has no way to write these at all.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(ledger: Ledger) -> str:
    """One suite per file, one case per document × check."""
    rows = {row.id: row for row in ledger.rows}
    suites: dict[str, list[Entry]] = {}
    for item in ledger.entries:
        row = rows.get(item.document)
        suites.setdefault(row.file if row else item.document, []).append(item)
    body = "".join(_suite(name, entries, rows) for name, entries in suites.items())
    counted = _counted(list(ledger.entries))
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="autoweave" {counted}>'
    return f"{head}\n{body}</testsuites>\n"


def _counted(entries: list[Entry]) -> str:
    failures = sum(item.status == "fail" for item in entries)
    skipped = sum(item.status in ("skipped", "not_run") for item in entries)
    return f'tests="{len(entries)}" failures="{failures}" errors="0" skipped="{skipped}"'


def _suite(name: str, entries: list[Entry], rows: dict[str, Row]) -> str:
    cases = "".join(_case(item, rows.get(item.document), name) for item in entries)
    return f"  <testsuite name={_attribute(name)} {_counted(entries)}>\n{cases}  </testsuite>\n"


def _case(item: Entry, row: Row | None, file: str) -> str:
    title = f"{row.title} {item.check}" if row else item.check
    head = f"    <testcase name={_attribute(title)} classname={_attribute(file)}"
    inside = _outcome(item)
    return f"{head}>\n{inside}    </testcase>\n" if inside else f"{head}/>\n"


def _outcome(item: Entry) -> str:
    lines = "\n".join(f"{f.severity} {f.rule} {f.where}: {f.message}" for f in item.findings)
    if item.status == "fail":
        first = next((f for f in item.findings if f.severity == "error"), None)
        kind = first.rule if first else "warning"
        message = first.message if first else "A warning counts as a failure here."
        return (
            f"      <failure type={_attribute(kind)} message={_attribute(message)}>{_xml(lines)}</failure>\n"
        )
    if item.status in ("skipped", "not_run"):
        return f"      <skipped message={_attribute(item.reason)}/>\n"
    waived = "\n".join(f"waived {w.finding.rule}: {w.reason} (until {w.until})" for w in item.waived)
    said = "\n".join(part for part in (lines, waived, item.reason) if part)
    return f"      <system-out>{_xml(said)}</system-out>\n" if said else ""


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), quote=False)


def _attribute(text: str) -> str:
    escaped = escape(_NOT_XML.sub("\ufffd", text)).replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{escaped}"'


def sarif(ledger: Ledger) -> str:
    """One run, one result per finding; a waived one is there, suppressed with its reason."""
    pairs: list[tuple[Finding, Waived | None]] = [(finding, None) for finding in ledger.findings]
    pairs += [(waived.finding, waived) for waived in ledger.waived]
    rules = sorted({finding.rule for finding, _ in pairs})
    driver = {"name": "AutoWeave", "rules": [_rule(rule) for rule in rules]}
    results = [_result(finding, waived, rules.index(finding.rule)) for finding, waived in pairs]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"kubernetes": ledger.kubernetes, "digest": ledger.digest, "ok": ledger.ok},
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def _rule(rule: str) -> dict[str, Any]:
    title = semantics.TITLES.get(rule, rule)
    return {
        "id": rule,
        "shortDescription": {"text": title},
        "help": {"text": f"./autoweave explain {rule}"},
    }


def _result(finding: Finding, waived: Waived | None, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": " ".join(part for part in (finding.message, finding.fix) if part)},
    }
    if finding.file:
        result["locations"] = [_location(finding)]
    if waived is not None:
        result["suppressions"] = [
            {"kind": "external", "justification": f"{waived.reason} (until {waived.until})"}
        ]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    from urllib.parse import quote  # noqa: PLC0415  # every run imports this module, few write SARIF

    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.file)}}
    if finding.line > 0:
        physical["region"] = {"startLine": finding.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.place:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.place}]
    return location
