"""A run as the real Phoenix shows it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from core.telemetry import phoenix as served
from evals import cases, measured, phoenix
from evals.measured import Figures
from evals.phoenix import PhoenixRefused
from tests.evals.made import played, trial

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)


def run() -> Figures:
    """Two cases of a real set, the second of them missed."""
    first, second, *_ = cases.load("catalog")
    made = [played(first, trial(latency_s=0.1)), played(second, trial(state="failed"))]
    return measured.figures(made, model="planner", repeat=1, took_s=1.0)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        environment = served.installed(ROOT)
    except served.PhoenixMissing as error:
        pytest.skip(f"group phoenix: {error.message}")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    started = served.start(tmp_path_factory.mktemp("phoenix"), port, environment=environment)
    try:
        started.wait(240)
        yield started.url
    finally:
        started.stop()


@pytest.mark.phoenix
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_set_is_a_dataset_and_each_run_an_experiment_with_its_scores(url: str) -> None:
    first, again = phoenix.upload(run(), url, NOW), phoenix.upload(run(), url, NOW)

    shown = httpx.get(f"{url}/v1/datasets", trust_env=False).json()["data"]
    runs = httpx.get(f"{url}/v1/experiments/{first['catalog']}/json", trust_env=False).json()
    assert [(each["name"], each["example_count"]) for each in shown] == [
        ("autoweave-catalog", len(cases.load("catalog")))
    ]
    assert first.keys() == again.keys() == {"catalog"}
    assert first != again
    outcomes = [
        score["score"] for each in runs for score in each["annotations"] if score["name"] == "outcome"
    ]
    assert sorted(outcomes) == [0.0, 1.0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "no address"])
def test_an_address_without_phoenix_is_told(url: str) -> None:
    with pytest.raises(PhoenixRefused):
        phoenix.upload(run(), url, NOW)
