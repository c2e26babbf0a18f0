"""Policy verdicts as findings: conftest's conventions over the hardened Rego engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.findings import Finding
from tools.validation import rego
from tools.validation.documents import Document
from tools.validation.ledger import Entry, Waived, entry

_ID = re.compile(r"([A-Z]{1,5}-?[0-9]{2,5})\b[:\s]*(.*)", re.DOTALL)
FOLDER = Path(__file__).resolve().parents[2] / "templates" / "policy"


@lru_cache(1)
def bundled() -> dict[str, str]:
    """The policies that come with AutoWeave."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.rego"))}


def with_registries(data: Mapping[str, Any], registries: Sequence[str]) -> dict[str, Any]:
    """The policies' data with the allowed registries where the policies look for them."""
    return {**data, "autoweave": {**data.get("autoweave", {}), "registries": list(registries)}}


def load(sources: Mapping[str, str], data: Mapping[str, Any]) -> rego.Policies:
    """The compiled policies; the same sources and data are compiled once per process."""
    return _loaded(tuple(sorted(sources.items())), json.dumps(data, sort_keys=True))


def admit(sources: Mapping[str, str], file: str) -> tuple[Finding, ...]:
    """Whether Rego files that stand together would be accepted as policies; the findings name one of them."""
    if sorted(sources.values()) == sorted(bundled().values()):
        sources = bundled()  # the same text under other paths: compiled once
    try:
        load(sources, with_registries({}, ()))
    except rego.PolicyRefused as error:
        return (Finding(error.code, "error", error.message, file, fix=error.fix),)
    return ()


@lru_cache(4)
def _loaded(sources: tuple[tuple[str, str], ...], data: str) -> rego.Policies:
    return rego.Policies(dict(sources), json.loads(data))


def judge(policies: rego.Policies, document: Document) -> Entry:
    """Every rule over one document. An evaluation that fails is a failure of the document."""
    tests = len(policies.heads)
    try:
        results = policies.evaluate(document.value)
        excepted = _exceptions(results.get("exception"))
        findings, waived = _findings(policies.heads, results, excepted, document)
    except rego.EvaluationFailed as error:
        problem = document.finding(rego.EvaluationFailed.code, error.message, fix=error.fix)
        return Entry(document.id, "policy", "fail", (problem,), tests=tests)
    done = entry(document.id, "policy", findings, tests=tests)
    return Entry(done.document, done.check, done.status, findings, waived, tests=tests)


def _findings(
    heads: Sequence[str], results: Mapping[str, Any], excepted: set[str], document: Document
) -> tuple[tuple[Finding, ...], tuple[Waived, ...]]:
    findings: list[Finding] = []
    waived: list[Waived] = []
    for head in heads:
        severity = "error" if rego.FAILURE.fullmatch(head) else "warning"
        for message, place in _messages(results.get(head)):
            rule, text = named(message, f"main.{head}")
            finding = document.finding(rule, text, place=place, severity=severity)
            if _short_name(head) in excepted:
                waived.append(Waived(finding, "an `exception` of the policy itself", ""))
            else:
                findings.append(finding)
    return tuple(sorted(findings, key=order)), tuple(waived)


def named(message: str, otherwise: str) -> tuple[str, str]:
    """The rule id a message starts with, and the rest."""
    match = _ID.match(message)
    return (match.group(1), match.group(2)) if match else (otherwise, message)


def order(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.place, finding.message


def _short_name(head: str) -> str:
    """conftest names a rule in `exception` without its prefix."""
    return re.sub(r"^(?:deny|violation|warn)_?", "", head)


def _messages(value: Any) -> Iterator[tuple[str, str]]:
    """Rego 1 gives a set, Rego 0 an object of message → true, a plain rule a boolean."""
    if value is None or value is False:
        return
    if value is True:
        yield "The rule is true.", ""
        return
    items = [key for key, held in value.items() if held] if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise rego.EvaluationFailed("A rule gave neither a set of messages nor true or false.")
    for item in items:
        yield _message(item)


def _message(item: Any) -> tuple[str, str]:
    if isinstance(item, str) and item.startswith("{"):
        try:
            item = json.loads(item)
        except ValueError:
            return str(item), ""
    if isinstance(item, str):
        return item, ""
    message = item.get("msg") if isinstance(item, dict) else None
    if not isinstance(message, str):
        raise rego.EvaluationFailed("A rule's result is neither a string nor an object with `msg`.")
    place = item.get("place")
    return message, place if isinstance(place, str) else ""


def _exceptions(value: Any) -> set[str]:
    names: set[str] = set()
    for item in value if isinstance(value, list) else []:
        names |= {name for name in (item if isinstance(item, list) else []) if isinstance(name, str)}
    return names
