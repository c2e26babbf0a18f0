"""Children that do not stop by themselves: each ends in its typed error, soon, with nothing left."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import AppError
from core.sandbox import (
    ChildDied,
    ChildFailed,
    DeadlinePassed,
    Limits,
    OutOfMemory,
    OutOfTime,
    OutputTooLarge,
    Sandbox,
    ScratchFull,
)
from tests.core.sandbox.conftest import HOSTILE, left_behind

_SLACK_S = 1.0  # half a second when the machine is not busy with other tests
_SHORT = Limits(wall_s=0.5)


def _fails(sandbox: Sandbox, kind: type[AppError], name: str, *args: Any, limits: Limits) -> AppError:
    """The call's error, after the checks that hold for every one of them."""
    begun = time.monotonic()
    with pytest.raises(kind) as caught:
        sandbox.call(f"{HOSTILE}:{name}", *args, limits=limits)
    assert time.monotonic() - begun < limits.wall_s + _SLACK_S
    assert left_behind(sandbox.pid) == []
    assert sandbox.call(f"{HOSTILE}:echo", "next").value == "next"
    return caught.value


@pytest.mark.parametrize("name", ["sleep_unwakeable", "close_everything"])
def test_child_that_never_answers_meets_the_deadline(box: Sandbox, name: str) -> None:
    error = _fails(box, DeadlinePassed, name, limits=_SHORT)

    assert error.retryable


def test_sleeper_meets_the_deadline(open_box: Sandbox) -> None:
    _fails(open_box, DeadlinePassed, "sleep", 600, limits=_SHORT)


@pytest.mark.parametrize("name", ["spin", "spin_unwakeable"])
def test_burner_runs_out_of_time(box: Sandbox, name: str) -> None:
    _fails(box, OutOfTime, name, limits=Limits(cpu_s=1, wall_s=20))


def test_hog_runs_out_of_memory(box: Sandbox) -> None:
    _fails(box, OutOfMemory, "eat_memory", limits=Limits(memory_mb=200, wall_s=10))


def test_memory_stays_under_its_limit(box: Sandbox) -> None:
    outcome = box.call(f"{HOSTILE}:answer_much", 20, limits=Limits(memory_mb=300))

    assert 20 < outcome.peak_mb < 300


def test_endless_printing_is_stopped(box: Sandbox) -> None:
    error = _fails(box, OutputTooLarge, "print_much", 1024, limits=Limits(output_mb=8, wall_s=10))

    assert len(error.printed) < 20_000  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["exit", "abort", "segfault"])
def test_death_without_an_answer_is_told(box: Sandbox, how: str) -> None:
    _fails(box, ChildDied, "die", how, limits=Limits(wall_s=10))


def test_many_files_fill_the_private_folder(box: Sandbox) -> None:
    _fails(box, ScratchFull, "clutter", 20_000, limits=Limits(wall_s=10))


def test_many_megabytes_fill_the_private_folder(box: Sandbox) -> None:
    _fails(box, ScratchFull, "fill", 40, limits=Limits(file_mb=8, wall_s=10))


def test_deep_and_closed_folders_are_removed(box: Sandbox) -> None:
    folder = box.call(f"{HOSTILE}:nest", 900, limits=Limits(files=5000)).value

    assert not Path(folder).exists()


def test_processes_are_refused_by_default(box: Sandbox) -> None:
    _fails(box, ChildFailed, "daemonise", 600, limits=_SHORT)


@pytest.mark.parametrize("walls", ["box", "open_box"])
def test_daemon_ends_with_its_call(walls: str, request: pytest.FixtureRequest) -> None:
    sandbox = request.getfixturevalue(walls)

    outcome = sandbox.call(f"{HOSTILE}:daemonise", 600, limits=Limits(processes=8, wall_s=5))

    assert outcome.value == "left one behind"
    assert left_behind(sandbox.pid) == []


def test_fork_bomb_that_may_not_fork_meets_the_deadline(box: Sandbox) -> None:
    _fails(box, DeadlinePassed, "fork_bomb", limits=_SHORT)


def test_zygote_cannot_be_killed_from_inside(box: Sandbox) -> None:
    before = box.pid

    _fails(box, ChildFailed, "kill_parent", 9, limits=_SHORT)

    assert box.pid == before


def test_zygote_killed_by_a_child_without_walls_is_replaced(open_box: Sandbox) -> None:
    before = open_box.pid

    with pytest.raises(ChildDied):
        open_box.call(f"{HOSTILE}:kill_parent", 9, limits=Limits(wall_s=5))

    assert open_box.call(f"{HOSTILE}:echo", 1).value == 1
    assert open_box.pid != before


def test_zygote_stopped_by_a_child_without_walls_is_replaced(open_box: Sandbox) -> None:
    _fails_at_all(open_box)

    assert open_box.call(f"{HOSTILE}:echo", 1).value == 1


def _fails_at_all(sandbox: Sandbox) -> None:
    with pytest.raises((ChildDied, DeadlinePassed)):
        sandbox.call(f"{HOSTILE}:kill_parent", 19, limits=_SHORT)
