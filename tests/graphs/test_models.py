"""Which model sits where, by the settings; nothing is reached until somebody asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core import settings
from graphs import means, models
from graphs.assistant.planner import Planner


def wanted(folder: Path, **environ: str) -> models.Wanted:
    return means.wanted(settings.load(environ={"HOME": str(folder), **environ}, folder=folder))


def test_without_a_key_or_an_address_the_planner_works_alone(tmp_path: Path) -> None:
    seated = models.seated(wanted(tmp_path, AUTOWEAVE_LLM_MODEL="gpt-4.1"))

    assert isinstance(seated.model, Planner)
    assert seated.states == {}


@pytest.mark.parametrize(
    "environ", [{"OPENAI_API_KEY": "k" * 20}, {"AUTOWEAVE_LLM_URL": "http://127.0.0.1:9/v1"}]
)
def test_a_key_or_an_address_puts_a_model_before_the_planner(tmp_path: Path, environ: dict[str, Any]) -> None:
    seated = models.seated(wanted(tmp_path, **environ, AUTOWEAVE_LLM_FALLBACK="gpt-4.1-nano"))

    assert seated.states == {"primary": "closed", "fallback": "closed", "planner": "closed"}
    assert seated.gateway is not None
    seated.gateway.close()


def test_a_model_that_does_not_answer_leaves_the_seat_to_the_planner(tmp_path: Path) -> None:
    seated = models.seated(wanted(tmp_path, AUTOWEAVE_LLM_URL="http://127.0.0.1:9/v1"))
    assert seated.of_tenant is not None

    said = seated.of_tenant("acme").invoke("what can you do?")

    assert said.response_metadata["gateway"]["seat"] == "planner"
    assert seated.gateway is not None
    seated.gateway.close()


def test_a_key_is_a_secret_that_traces_leave_out(tmp_path: Path) -> None:
    known = settings.load(
        environ={"HOME": str(tmp_path), "OPENAI_API_KEY": "sk-canary-0123456789"}, folder=tmp_path
    )

    assert "sk-canary-0123456789" in set(means.secrets(known))
    assert "canary" not in repr(known)
