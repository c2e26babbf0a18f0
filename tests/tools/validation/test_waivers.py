"""Waivers: explicit, with a reason and an end, and never out of sight."""

from __future__ import annotations

import pytest

from tests.tools.validation import samples
from tests.tools.validation.cases import security
from tools import validation
from tools.validation import Ledger, Waiver, WaiverInvalid

FILES = {"apps/demo.yaml": samples.dumped(security(privileged=True))}
GOOD = Waiver("AW475", "Deployment/demo", "It talks to the device.", "2026-12-31")


def check(*waivers: Waiver, today: str = samples.TODAY) -> Ledger:
    return validation.check(FILES, today=today, waivers=waivers)


def rules(ledger: Ledger) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity) for finding in ledger.findings]


@pytest.mark.parametrize("document", ["Deployment/demo", "Deployment/*", "apps/*.yaml", "*"])
def test_a_waived_finding_passes_and_stays_in_the_ledger(document: str) -> None:
    ledger = check(Waiver("AW475", document, "why", "2026-12-31"))

    assert ledger.ok
    assert [(w.finding.rule, w.reason, w.until) for w in ledger.waived] == [("AW475", "why", "2026-12-31")]


def test_the_last_day_still_counts() -> None:
    assert check(GOOD, today="2026-12-31").ok


def test_an_expired_waiver_is_a_failure_and_lifts_nothing() -> None:
    ledger = check(GOOD, today="2027-01-01")

    assert not ledger.ok
    assert rules(ledger) == [("AW475", "error"), ("AW408", "error")]


def test_a_waiver_that_covers_nothing_is_a_warning() -> None:
    ledger = check(GOOD, Waiver("AW480", "*", "old", "2026-12-31"))

    assert ledger.ok
    assert rules(ledger) == [("AW410", "warning")]


@pytest.mark.parametrize("document", ["Deployment/other", "StatefulSet/demo", "other/*"])
def test_a_waiver_holds_for_its_document_only(document: str) -> None:
    assert not check(Waiver("AW475", document, "why", "2026-12-31")).ok


@pytest.mark.parametrize(
    "given",
    [
        {"rule": "AW475", "document": "*", "until": "2026-12-31"},
        {"rule": "AW475", "document": "*", "reason": " ", "until": "2026-12-31"},
        {"rule": "AW475", "document": "*", "reason": "x", "until": "2026-12-31", "also": "y"},
    ],
)
def test_an_incomplete_waiver_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(WaiverInvalid):
        Waiver.from_dict(given)


@pytest.mark.parametrize(
    ("rule", "until"), [("AW475", "soon"), ("AW421", "2026-12-31"), ("AW405", "2026-12-31")]
)
def test_what_cannot_be_waived_is_refused(rule: str, until: str) -> None:
    with pytest.raises(WaiverInvalid):
        check(Waiver(rule, "*", "why", until))


def test_an_annotation_of_the_manifest_waives_nothing() -> None:
    note = {"autoweave.io/policy-exempt": "privileged"}
    document = samples.changed(security(privileged=True), lambda d: d["metadata"].update(annotations=note))

    assert not validation.check({"a.yaml": samples.dumped(document)}, today=samples.TODAY).ok
