"""The level that puts the zygote into bubblewrap; only where bubblewrap works."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.sandbox import (
    CallRefused,
    DeadlinePassed,
    Level,
    Limits,
    Sandbox,
    bubble,
    probe,
)
from tests.core.sandbox.conftest import HOSTILE, PROBES


@pytest.fixture
def isolated(tmp_path: Path, outside: dict[str, Any]) -> Iterator[Sandbox]:
    if probe().level < Level.ISOLATED:
        pytest.skip(f"no isolated level here: {'; '.join(probe().reasons)}")
    read, folder = [Path(outside["readable"])], tmp_path / "scratch"
    folder.mkdir()
    with Sandbox(
        [HOSTILE, PROBES], level=Level.ISOLATED, code=["core", "tests"], read=read, scratch_root=folder
    ) as sandbox:
        yield sandbox
    assert list(folder.iterdir()) == []


def _session(leader: int) -> list[int]:
    """Every process of the session that the starting process leads."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == leader:
                found.append(int(entry.name))
    return found


def test_nothing_outside_even_exists(isolated: Sandbox, outside: dict[str, Any]) -> None:
    found = isolated.call(f"{PROBES}:run", outside, read=[Path(outside["readable"])]).value

    assert [name for name, result in found.items() if result.startswith("open")] == []


def test_outcome_names_the_isolated_level(isolated: Sandbox) -> None:
    assert isolated.call(f"{HOSTILE}:echo", 1).level is Level.ISOLATED


def test_deadline_holds_inside(isolated: Sandbox) -> None:
    with pytest.raises(DeadlinePassed):
        isolated.call(f"{HOSTILE}:sleep", 600, limits=Limits(wall_s=0.5))

    assert isolated.call(f"{HOSTILE}:echo", 1).value == 1


def test_close_empties_the_session(isolated: Sandbox) -> None:
    ends = [os.pidfd_open(pid) for pid in _session(isolated.pid)]
    assert len(ends) >= 2

    isolated.close()

    for end in ends:
        assert select.select([end], [], [], 5)[0]
        os.close(end)


def test_path_unknown_at_the_start_is_refused(isolated: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(CallRefused, match="inside the sandbox's own `read`"):
        isolated.call(f"{HOSTILE}:echo", 1, read=[tmp_path])


def test_links_of_the_system_stay_links(tmp_path: Path) -> None:
    line = bubble.wrap(["python"], read=["/opt/a"], write=[str(tmp_path)])

    assert line[-2:] == ["--", "python"]
    at = line.index("/opt/a")
    assert line[at - 1 : at + 2] == ["--ro-bind-try", "/opt/a", "/opt/a"]
    if os.path.islink("/lib"):
        at = line.index("/lib")
        assert line[at - 2 : at] == ["--symlink", os.readlink("/lib")]
