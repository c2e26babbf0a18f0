"""Killed at every boundary of the graph, the same command afterwards ends with exactly one commit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphs.integrate import session
from tests.graphs.integrate import trials

# One call of each kind; the soak kills at every single one, and at random moments.
POINTS = [
    ("runs.admit<", 1),
    ("runs.admit>", 1),
    ("runs.claim>", 1),
    ("child.call>", 1),
    ("child.call<", 4),
    ("saver.put>", 1),
    ("saver.put<", 4),
    ("saver.put_writes>", 5),
    ("remote.head>", 2),
    ("runs.wait<", 1),
    ("runs.wait>", 1),
    ("approvals.add<", 1),
    ("approvals.add>", 1),
    ("runs.claim>", 2),
    ("effects.intend<", 1),
    ("effects.intend>", 1),
    ("remote.publish<", 1),
    ("remote.publish>", 1),
    ("effects.record>", 1),
    ("runs.finish<", 1),
    ("runs.finish>", 1),
]


@pytest.fixture(scope="module")
def nursery() -> Iterator[trials.Nursery]:
    with trials.nursery() as found:
        yield found


@pytest.mark.parametrize(("point", "count"), POINTS, ids=str)
def test_a_killed_run_is_finished_by_the_same_command(
    nursery: trials.Nursery, tmp_path: Path, point: str, count: int
) -> None:
    first = nursery.integrate(tmp_path / "home", point, count)
    assert first["killed"], "the point was never reached"

    again = nursery.integrate(tmp_path / "home")

    assert trials.verdict(tmp_path / "home", again) == ""


def test_a_killed_run_is_finished_without_its_input(nursery: trials.Nursery, tmp_path: Path) -> None:
    home = tmp_path / "home"
    nursery.integrate(home, "approvals.add>", 1)
    means = session.Means(home=home, store_url=f"sqlite:///{home}/store.db", remote=f"{home}/remote.git")

    with session.opened(means, lambda _: None) as work:
        ended = [run for run, _ in work.resume()]

        assert [run.state for run in ended] == ["done"]
        assert work.left() == ()
