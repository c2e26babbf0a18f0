"""What the ledger says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from core.findings import Finding
from tests.tools.validation import samples
from tools import validation
from tools.validation import Entry, Ledger, OptionsInvalid, Row

FILES = {"a.yaml": samples.dumped(samples.workload())}


def test_an_empty_ledger_is_not_a_pass() -> None:
    assert not Ledger("1.34").ok


def test_a_ledger_where_nothing_ran_is_not_a_pass() -> None:
    assert not Ledger("1.34", entries=(Entry("a", "yaml", "skipped"), Entry("a", "schema", "not_run"))).ok


def test_one_failure_fails_the_whole() -> None:
    assert not Ledger("1.34", entries=(Entry("a", "yaml", "pass"), Entry("a", "schema", "fail"))).ok


def test_totals_count_entries_and_findings() -> None:
    finding = Finding("AW422", "warning", "careful")
    ledger = Ledger("1.34", rows=(Row("a", "a"),), entries=(Entry("a", "yaml", "pass", (finding,)),))

    assert ledger.totals["pass"] == ledger.totals["warnings"] == ledger.totals["documents"] == 1


def test_a_note_of_the_caller_is_part_of_the_account() -> None:
    ledger = validation.check(FILES, today=samples.TODAY)

    noted = ledger.with_note("sandbox", "Level: landlock + seccomp.")

    assert noted.digest != ledger.digest
    assert "note     sandbox: Level: landlock + seccomp." in validation.text(noted)
    assert not ledger.with_note("sandbox", "Weaker than wanted.", status="fail").ok


def test_a_warning_counts_where_it_shall() -> None:
    document = samples.changed(
        samples.workload(), lambda d: samples.first(d)["securityContext"].pop("capabilities")
    )
    files = {"a.yaml": samples.dumped(document)}

    assert validation.check(files, today=samples.TODAY).ok
    assert not validation.check(files, today=samples.TODAY, fail_on_warning=True).ok


def test_a_rejected_kind_fails_wherever_it_hides() -> None:
    text = samples.dumped({"apiVersion": "v1", "kind": "List", "items": [samples.config_map()]})

    ledger = validation.check({"a.yaml": text}, today=samples.TODAY, reject=["ConfigMap"])

    assert [(f.rule, f.place) for f in ledger.findings] == [("AW431", "/items/0/kind")]


def test_plain_data_in_and_out_says_the_same() -> None:
    waiver = {"rule": "AW471", "document": "*", "reason": "x", "until": "2026-12-31"}
    options = {"today": samples.TODAY, "waivers": [waiver], "limits": {"depth": 50}, "engines": ["builtin"]}

    data = validation.run(FILES, options)

    assert data["ok"]
    assert Ledger.from_dict(data).digest == data["digest"]


@pytest.mark.parametrize(
    "options",
    [{}, {"today": 1}, {"today": samples.TODAY, "engine": []}, {"today": samples.TODAY, "limits": {"x": 1}}],
)
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionsInvalid):
        validation.run(FILES, options)


def test_an_unknown_engine_is_refused_with_a_hint() -> None:
    with pytest.raises(validation.UnknownEngine, match="did you mean conftest"):
        validation.check(FILES, today=samples.TODAY, engines=["confest"])
