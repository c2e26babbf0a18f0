"""Killed in the middle of a turn, the next process goes on with it: one plan, one commit, nothing twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from graphs.integrate import session
from tests.graphs.assistant.conftest import ACME, YES, Chat, hall, means, reply
from tests.graphs.assistant.test_served import commits

pytestmark = pytest.mark.anyio
DYING = Path(__file__).with_name("dying.py")


def killed(home: Path, step: str, count: int, answer: str = "") -> None:
    words = [sys.executable, str(DYING), str(home), "t", step, str(count), *([answer] if answer else [])]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize(("step", "count"), [pytest.param("model", 1, marks=pytest.mark.slow), ("tools", 1)])
async def test_a_turn_that_was_killed_is_finished_by_the_next_process(
    tmp_path: Path, step: str, count: int
) -> None:
    killed(tmp_path, step, count)
    with session.opened(means(tmp_path), lambda _: None) as work:
        async with hall(work) as opened:
            left = work.store.threads.get("acme", "t").runs[-1]
            asked = await (await opened.front.runs.find(ACME, left)).outcome()
            ended = await Chat(opened, ACME, "t").answer(YES)

    assert asked.state == "waiting"
    assert list(asked.values["plans"]) == ["plan-1"]
    assert reply(ended).startswith("Done: plan-1 is committed as ")
    assert len(commits(tmp_path / "remotes" / "acme.git")) == 1


async def test_an_approved_plan_is_committed_once_however_often_it_is_begun(tmp_path: Path) -> None:
    killed(tmp_path, "tools", 2, "approve")
    with session.opened(means(tmp_path), lambda _: None) as work:
        async with hall(work) as opened:
            left = work.store.threads.get("acme", "t").runs[-1]
            ended = await (await opened.front.runs.find(ACME, left)).outcome()

    assert reply(ended).startswith("Done: plan-1 is committed as ")
    assert len(commits(tmp_path / "remotes" / "acme.git")) == 1
