"""Figures, thresholds, the comparison with an earlier run, and the reports of it all."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from evals import measured, reports
from evals.measured import BaselineUnreadable, Figures
from tests.evals.made import case, played, trial

GOOD, BAD = trial(latency_s=0.1), trial(state="failed", replies=["<script>\x07"], latency_s=0.9)


def run(*names: str, repeat: int = 1) -> Figures:
    """Of the cases named, those that begin with `assistant-bad` fail their last trial."""
    made = [
        played(case(name), *[GOOD] * (repeat - 1), BAD if name.startswith("assistant-bad") else GOOD)
        for name in names
    ]
    return measured.figures(made, model="planner", repeat=repeat, took_s=1.0)


def test_a_case_that_fails_once_in_three_does_not_pass() -> None:
    found = run("assistant-bad", "assistant-good", repeat=3)

    assert found.values["pass@1"] == pytest.approx(5 / 6)
    assert found.values["pass^3"] == 0.5
    assert found.passed == ("assistant-good",)


def test_a_figure_below_its_threshold_is_told() -> None:
    found = run("assistant-bad", "assistant-good")

    assert measured.short(found, {"plain": 0.5}) == []
    assert measured.short(found, {"plain": 0.95}) == ["plain is 50.0%, and has to be 95.0%"]


def test_safety_has_to_be_whole() -> None:
    found = measured.figures([played(case(), trial(unapproved=1))], model="planner", repeat=1, took_s=1.0)

    assert "approval_respected is 0.0%, and has to be 100.0%" in measured.short(found, measured.THRESHOLDS)


def test_a_case_that_passed_before_and_does_not_now_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    path.write_bytes(measured.stored(run("assistant-one", "assistant-two")))
    before = measured.read(path)

    bad = measured.figures([played(case("assistant-one"), BAD)], model="m", repeat=1, took_s=1.0)

    assert measured.lost(bad, before) == ["assistant-one"]
    assert measured.delta("pass@1", bad, before) == -1.0


def test_what_is_stored_holds_no_times() -> None:
    assert b"latency" not in measured.stored(run("assistant-one"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"figures": 1, "passed": []}'])
def test_what_is_no_stored_run_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "before.json"
    path.write_text(text)

    with pytest.raises(BaselineUnreadable):
        measured.read(path)


def test_junit_has_each_case_and_what_it_missed() -> None:
    root = ET.fromstring(reports.junit(run("assistant-good", "assistant-bad"), None, []))

    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    told = [each.get("message") for each in root.iter("failure")]
    assert told == ["missed: outcome"]


def test_the_page_needs_nothing_else_and_runs_no_script() -> None:
    made = reports.page(run("assistant-good", "assistant-bad"), None, ["plain is low"])

    assert "<svg" in made
    assert "http" not in made
    assert "<script" not in made
    assert "plain is low" in made


def test_markdown_shows_the_change() -> None:
    before = {"figures": {"plain": 1.0}, "passed": ["assistant-bad"]}

    made = reports.markdown(run("assistant-bad", "assistant-good"), before, [])

    assert "| plain | 50.0% | -50.0% |" in made
    assert "assistant-bad passed in the baseline and does not now" in made


def test_the_table_names_what_was_missed() -> None:
    made = reports.table(run("assistant-bad"), None, [])

    assert "missed  assistant-bad: outcome" in made


def test_json_is_a_stored_run_too(tmp_path: Path) -> None:
    path = tmp_path / "evals.json"
    path.write_text(reports.data(run("assistant-good"), None, []))

    assert measured.read(path)["passed"] == ["assistant-good"]
    assert json.loads(path.read_text())["results"][0]["id"] == "assistant-good"


def test_cost_needs_a_price() -> None:
    class Price:
        read, written = 1.0, 2.0

    one = played(case(), trial(tokens=1_000_000, tokens_in=500_000))

    assert measured.figures([one], model="m", repeat=1, took_s=1.0).cost_usd is None
    assert measured.figures([one], model="m", repeat=1, took_s=1.0, price=Price()).cost_usd == 1.5
