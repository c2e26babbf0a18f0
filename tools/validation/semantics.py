"""The semantic layer: our own rules over each document and over the set."""

from __future__ import annotations

from collections.abc import Sequence

from core.findings import Finding
from tools.validation.documents import Document
from tools.validation.ledger import SET, Entry, entry
from tools.validation.rules import pods
from tools.validation.rules.model import Rule, SetRule, View

RULES: tuple[Rule, ...] = (*pods.RULES,)
SET_RULES: tuple[SetRule, ...] = ()


def check(document: Document) -> Entry:
    """Every rule over one document."""
    view = View(document)
    findings = tuple(
        document.finding(rule.id, message, place=place, severity=rule.severity)
        for rule in RULES
        for place, message in rule.check(view)
    )
    return entry(document.id, "semantics", findings, tests=len(RULES))


def across(documents: Sequence[Document]) -> Entry:
    """Every rule about how the documents fit together."""
    views = [View(document) for document in documents]
    findings: list[Finding] = []
    for rule in SET_RULES:
        for view, place, message in rule.check(views):
            findings.append(view.document.finding(rule.id, message, place=place, severity=rule.severity))
    return entry(SET, "together", tuple(findings), tests=len(SET_RULES))
