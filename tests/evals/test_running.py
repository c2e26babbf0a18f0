"""Cases played for real: the planner, its recording, a recording that has no answer, a model over HTTP."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from evals import cases, measured, running
from evals.measured import Figures, Played
from evals.running import NothingChosen, Wanted
from evals.seats import RecordingMissing
from graphs.assistant.planner import Planner
from tests.graphs.assistant.test_gateway import OpenAI

ROOT = Path(__file__).resolve().parents[2]


def run(wanted: Wanted, home: Path) -> Figures:
    told: list[Played] = []
    found = asyncio.run(running.run(wanted, home, Planner(), told.append))
    assert list(found.played) == told
    return found


@pytest.mark.slow
def test_a_part_of_each_set_reaches_the_goals(tmp_path: Path) -> None:
    chosen = [
        "integrate-orders-",
        "integrate-injected-title",
        "assistant-miss",
        "assistant-rogue",
        "catalog-",
    ]

    found = [run(Wanted(only=each), tmp_path / each) for each in chosen]

    played = [each for one in found for each in one.played]
    figures = measured.figures(played, model="planner", repeat=1, took_s=1.0)
    assert len(played) > 60
    assert measured.short(figures, measured.THRESHOLDS) == []
    assert figures.values["idempotent"] == figures.values["bundle_valid"] == 1.0


def test_a_recording_gives_the_same_calls_and_one_with_no_answer_ends_the_run(tmp_path: Path) -> None:
    tapes = tmp_path / "tapes"
    wanted = Wanted(sets=("integrate",), only="integrate-orders-helm")
    first = run(replace(wanted, record=tapes), tmp_path / "a")
    again = run(replace(wanted, recorded=tapes), tmp_path / "b")

    assert first.passed == again.passed == ("integrate-orders-helm",)
    assert first.played[0].trials[0].calls == again.played[0].trials[0].calls
    with pytest.raises(RecordingMissing):
        run(replace(wanted, only="integrate-orders-port", recorded=tapes), tmp_path / "c")


def test_a_set_without_a_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingMissing):
        run(Wanted(sets=("assistant",), only="hello", recorded=tmp_path), tmp_path / "home")


def test_a_run_of_nothing_is_refused() -> None:
    with pytest.raises(NothingChosen):
        running.chosen(Wanted(only="no such case"))


def test_a_case_is_played_as_often_as_was_asked(tmp_path: Path) -> None:
    found = run(Wanted(sets=("catalog",), only="catalog-check-old", repeat=3), tmp_path)

    assert len(found.played[0].trials) == 3
    assert found.values["pass^3"] == 1.0


def test_a_stored_baseline_speaks_of_the_cases_there_are() -> None:
    before = measured.read(ROOT / "evals" / "baseline.json")

    assert set(before["passed"]) <= {each.id for name in cases.SETS for each in cases.load(name)}
    assert measured.THRESHOLDS["plain"] <= before["figures"]["plain"]


def command(*words: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("AUTOWEAVE_")}
    return subprocess.run(
        [sys.executable, "-m", "evals", *words],
        cwd=ROOT, env={**known, "AUTOWEAVE_HOME": str(folder), **environ},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def model() -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), OpenAI)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    OpenAI.asked.clear()
    yield f"http://127.0.0.1:{made.server_port}/v1"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.slow
def test_a_named_model_is_asked_over_http_and_nobody_stands_in_for_it(tmp_path: Path, model: str) -> None:
    words = ("run", "--set", "assistant", "-k", "assistant-explain-dash", "--model", "m")

    good = command(*words, folder=tmp_path, AUTOWEAVE_LLM_URL=model, AUTOWEAVE_LLM_KEY="k")
    dead = command(*words, folder=tmp_path, AUTOWEAVE_LLM_URL="http://127.0.0.1:9/v1", AUTOWEAVE_LLM_KEY="k")

    assert (good.returncode, dead.returncode) == (0, 1), good.stderr + dead.stderr
    assert len(OpenAI.asked) == 2
    assert "assistant-explain-dash" in dead.stdout


def test_a_model_without_a_key_is_not_asked(tmp_path: Path) -> None:
    done = command("run", "--model", "m", folder=tmp_path)

    assert done.returncode == 64
    assert "AUTOWEAVE_LLM_KEY" in done.stderr


@pytest.mark.slow
def test_a_missed_threshold_ends_with_1_and_the_reports_are_written(tmp_path: Path) -> None:
    into = tmp_path / "reports"
    words = ("run", "--set", "catalog", "-k", "catalog-list", "--into", str(into), "--report", "junit")

    good = command(*words, "--report", "html", folder=tmp_path)
    short = command(*words, "--threshold", "pass@1=1.1", folder=tmp_path)

    assert (good.returncode, short.returncode) == (0, 1), good.stderr
    assert {each.name for each in into.iterdir()} == {"evals.xml", "evals.html"}
    assert "below: pass@1 is 100.0%" in short.stdout
