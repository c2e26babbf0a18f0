"""The four layers together: what ends in the ledger, and that an empty pass is a failure."""

from __future__ import annotations

import json

import pytest

from tests.tools.validation import samples
from tools import validation
from tools.validation import Ledger


def check(*documents: dict, **options: object) -> Ledger:
    files = {f"{n}.yaml": samples.dumped(document) for n, document in enumerate(documents)}
    return validation.check(files, today=samples.TODAY, **options)


def rules(ledger: Ledger, severity: str = "error") -> set[str]:
    return {finding.rule for finding in ledger.findings if finding.severity == severity}


@pytest.mark.parametrize(
    "document",
    [
        samples.workload(),
        samples.workload("StatefulSet"),
        samples.workload("DaemonSet"),
        samples.job(),
        samples.cron_job(),
        samples.bare_pod(),
        samples.config_map(),
    ],
    ids=lambda d: d["kind"],
)
def test_good_manifest_passes_without_a_finding(document: dict) -> None:
    ledger = check(document)

    assert ledger.findings == ()
    assert ledger.ok


def test_ledger_has_one_entry_per_document_and_check() -> None:
    ledger = check(samples.workload(), samples.service())

    pairs = [(e.document, e.check) for e in ledger.entries if e.document != "(set)"]
    assert pairs == [(f"{n}.yaml#1", name) for n in (0, 1) for name in validation.CHECKS]


def test_no_files_fail_with_their_own_code() -> None:
    ledger = validation.check({}, today=samples.TODAY)

    assert not ledger.ok
    assert rules(ledger) == {"AW401"}


def test_no_policies_fail_with_their_own_code() -> None:
    ledger = check(samples.workload(), policies={})

    assert not ledger.ok
    assert rules(ledger) == {"AW402"}


def test_unknown_version_lists_the_known_ones() -> None:
    with pytest.raises(validation.UnknownVersion, match=r"1\.24.*1\.25.*1\.34") as caught:
        check(samples.workload(), kubernetes="1.24")

    assert caught.value.code == "AW403"


def test_ledger_survives_json() -> None:
    ledger = check(samples.changed(samples.workload(), lambda d: samples.first(d).pop("image")))

    assert Ledger.from_dict(json.loads(json.dumps(ledger.to_dict()))) == ledger
