"""The semantic layer: our own rules over each document and over the set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.findings import Finding
from tools.validation.documents import Document
from tools.validation.ledger import SET, Entry, entry
from tools.validation.rules import kustomize, metadata, network, objects, pods, together
from tools.validation.rules.model import Rule, SetRule, View, Whole

RULES: tuple[Rule, ...] = (*metadata.RULES, *pods.RULES, *objects.RULES, *network.RULES)
SET_RULES: tuple[SetRule, ...] = (*together.RULES, *kustomize.RULES)
TITLES: dict[str, str] = {rule.id: rule.title for rule in RULES} | {r.id: r.title for r in SET_RULES}


def check(document: Document) -> Entry:
    """Every rule over one document. A kustomization is only looked at with its neighbours."""
    if document.role != "kubernetes":
        return Entry(document.id, "semantics", "pass", reason="Checked together with its files.", tests=0)
    view = View(document)
    findings = tuple(
        document.finding(rule.id, message, place=place, severity=rule.severity)
        for rule in RULES
        for place, message in rule.check(view)
    )
    return entry(document.id, "semantics", findings, tests=len(RULES))


def across(documents: Sequence[Document], paths: Iterable[str]) -> Entry:
    """Every rule about how the documents fit together."""
    whole = Whole([View(document) for document in documents], frozenset(paths))
    findings: list[Finding] = []
    for rule in SET_RULES:
        for view, place, message in rule.check(whole):
            findings.append(view.document.finding(rule.id, message, place=place, severity=rule.severity))
    return entry(SET, "together", tuple(findings), tests=len(SET_RULES))
