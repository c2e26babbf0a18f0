"""Plays sets of cases, several times each, and scores every trial."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from core.errors import NotFound, revive
from evals import cases, measured, scorers
from evals.cases import Case
from evals.measured import Figures, Played
from evals.seats import Playing, Recording, RecordingMissing, Tape
from evals.stage import Stage, Trial, set_up


class NothingChosen(NotFound):
    """No case is left to be played."""

    code = "AW389"
    fix = "Say less with -k; ./autoweave eval list shows the cases."


@dataclass(frozen=True)
class Wanted:
    """Which cases, how often, and by whom."""

    sets: Sequence[str] = cases.SETS
    only: str = ""
    tag: str = ""
    repeat: int = 1
    label: str = "planner"
    price: Any = None
    recorded: Path | None = None
    """Folder of recordings to answer from."""
    record: Path | None = None
    """Folder to put recordings into."""
    datasets: Path = field(default_factory=lambda: cases.HERE / "datasets")


def chosen(wanted: Wanted) -> list[Case]:
    found = [
        each
        for name in wanted.sets
        for each in cases.load(name, wanted.datasets)
        if wanted.only in each.id and (not wanted.tag or wanted.tag in each.tags)
    ]
    if wanted.recorded or wanted.record:
        found = [each for each in found if each.messages and not each.scripted]
    if not found:
        raise NothingChosen("No case fits what was asked for.")
    return found


async def run(wanted: Wanted, home: Path, model: BaseChatModel, tell: Callable[[Played], None]) -> Figures:
    todo = chosen(wanted)
    begun = time.monotonic()
    played: list[Played] = []
    for name in wanted.sets:
        mine = [each for each in todo if each.group == name]
        if not mine:
            continue
        tape = Tape.read(wanted.recorded / f"{name}.jsonl") if wanted.recorded else Tape()
        async with set_up(home / name, _seated(wanted, model, tape)) as stage:
            for case in mine:
                played.append(await _played(stage, case, wanted.repeat))
                tell(played[-1])
        if wanted.record:
            tape.write(wanted.record / f"{name}.jsonl")
    took = time.monotonic() - begun
    return measured.figures(played, model=wanted.label, repeat=wanted.repeat, took_s=took, price=wanted.price)


async def _played(stage: Stage, case: Case, repeat: int) -> Played:
    trials: list[Trial] = []
    for _ in range(repeat):
        trial = await stage.play(case)
        if trial.problem.get("code") == RecordingMissing.code:
            raise revive(dict(trial.problem))
        trials.append(trial)
    return Played(case, trials, [scorers.scored(case, each) for each in trials])


def _seated(wanted: Wanted, model: BaseChatModel, tape: Tape) -> BaseChatModel:
    if wanted.recorded:
        return Playing(case="", tape=tape)
    return Recording(model=model, tape=tape) if wanted.record else model


def listed(sets: Sequence[str]) -> list[tuple[str, str]]:
    """Each case's name and tags."""
    return [(each.id, " ".join(each.tags)) for name in sets for each in cases.load(name)]
