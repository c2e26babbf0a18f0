"""Puts a run into Phoenix by its REST API: each set a dataset, each run an experiment over it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.errors import Unavailable
from evals import cases
from evals.cases import Case
from evals.measured import Figures, Played

if TYPE_CHECKING:
    import httpx


class PhoenixRefused(Unavailable):
    """The run was played and scored, and Phoenix does not have it."""

    code = "AW386"
    fix = "Look whether Phoenix is at that address: ./autoweave phoenix starts one."


def upload(found: Figures, url: str, now: datetime) -> dict[str, str]:
    """The experiment of each set that was played, by the set's name. `now` is when the run ended."""
    import httpx  # noqa: PLC0415  # 0.2 CPU s, and only --phoenix needs it

    made: dict[str, str] = {}
    try:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            for name in cases.SETS:
                played = [each for each in found.played if each.case.group == name]
                if played:
                    made[name] = _experiment(client, found, name, played, now)
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, TypeError, ValueError) as error:
        raise PhoenixRefused(f"Phoenix did not take the run: {error!r}"[:400], place=url) from error
    return made


def _experiment(client: httpx.Client, found: Figures, name: str, played: list[Played], now: datetime) -> str:
    dataset, examples = _dataset(client, name)
    asked = {
        "name": f"{found.model} {now:%Y-%m-%d %H:%M}",
        "metadata": {"model": found.model},
        "repetitions": found.repeat,
    }
    experiment = str(_post(client, f"/v1/datasets/{dataset}/experiments", asked)["id"])
    for each in played:
        for number, trial in enumerate(each.trials):
            begun = (now - timedelta(seconds=trial.latency_s)).isoformat()
            run = {
                "dataset_example_id": examples[each.case.id],
                "output": {"state": trial.state, "calls": trial.calls, "reply": trial.reply},
                "repetition_number": number + 1,
                "start_time": begun,
                "end_time": now.isoformat(),
            }
            kept = _post(client, f"/v1/experiments/{experiment}/runs", run)["id"]
            for score, value in each.scores[number].items():
                result = {"score": value, "label": "right" if value == 1 else "wrong"}
                told = {
                    "experiment_run_id": kept,
                    "name": score,
                    "annotator_kind": "CODE",
                    "start_time": now.isoformat(),
                    "end_time": now.isoformat(),
                    "result": result,
                }
                _post(client, "/v1/experiment_evaluations", told)
    return experiment


def _dataset(client: httpx.Client, name: str) -> tuple[str, Mapping[str, str]]:
    """All of the set, so that runs of parts of it can be compared; and each case's example."""
    every = cases.load(name)
    given = {
        "action": "update",
        "name": f"autoweave-{name}",
        "description": f"AutoWeave's evals: {name}.",
        "inputs": [_input(each) for each in every],
        "outputs": [each.expected.model_dump(mode="json", exclude_defaults=True) for each in every],
        "metadata": [{"case": each.id, "tags": list(each.tags)} for each in every],
        "example_ids": [each.id for each in every],
    }
    made = client.post("/v1/datasets/upload", params={"sync": "true"}, json=given).raise_for_status()
    dataset = str(made.json()["data"]["dataset_id"])
    listed = client.get(f"/v1/datasets/{dataset}/examples").raise_for_status().json()["data"]["examples"]
    return dataset, {each["metadata"]["case"]: each["node_id"] for each in listed}


def _input(case: Case) -> dict[str, Any]:
    kept = {"input", "messages", "scripted", "inject", "where"}
    return case.model_dump(mode="json", include=kept, exclude_defaults=True)


def _post(client: httpx.Client, path: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    made: Mapping[str, Any] = client.post(path, json=given).raise_for_status().json()["data"]
    return made
