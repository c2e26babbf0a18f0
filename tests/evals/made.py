"""Cases and trials as the tests need them, with nothing played."""

from __future__ import annotations

from typing import Any

from evals.cases import Case
from evals.measured import Played
from evals.scorers import scored
from evals.stage import Trial


def case(name: str = "assistant-one", **expected: Any) -> Case:
    given = {"outcome": "done", **expected}
    return Case.model_validate({"id": name, "messages": ["hello"], "expected": given})


def trial(**happened: Any) -> Trial:
    return Trial("assistant-one", **{"state": "done", **happened})


def played(of: Case, *trials: Trial) -> Played:
    return Played(of, trials, [scored(of, each) for each in trials])
