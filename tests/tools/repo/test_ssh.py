"""The real git over a stand-in for `ssh`: what it is told, and what happens when it hangs."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from tests.tools.repo.conftest import World, publication
from tools import repo


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, *last: str) -> Path:
    """An `ssh` first on PATH that writes its arguments and process id down, then does `last`."""
    program = folder / "bin" / "ssh"
    program.parent.mkdir()
    record = folder / "ssh.txt"
    program.write_text("\n".join(["#!/bin/sh", f'echo "$$ $*" >> {record}', *last, ""]))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return record


@pytest.mark.parametrize(
    "address", ["git@git.example.com:acme/shop.git", "ssh://git@git.example.com/acme/shop.git"]
)
def test_a_build_is_published_over_ssh(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    record = stand_in(tmp_path, monkeypatch, "for last; do :; done", f"exec ${{last%% *}} {world.bare}")
    remote = repo.Remote.parse(address, hosts=["git.example.com"])

    receipt = repo.Repository(remote, tmp_path / "clone").publish(publication())

    assert world.commits() == [receipt.commit]
    told = record.read_text()
    assert "BatchMode=yes" in told
    assert "StrictHostKeyChecking=yes" in told
    assert "git@git.example.com git-receive-pack" in told


def test_a_remote_that_hangs_ends_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = stand_in(tmp_path, monkeypatch, "exec tail -f /dev/null")
    remote = repo.Remote.parse("git@git.example.com:acme/shop.git", hosts=["git.example.com"])

    with pytest.raises(repo.GitTimeout) as caught:
        repo.Repository(remote, tmp_path / "clone", timeout_s=1.0).head("main")

    assert caught.value.retryable
    for line in record.read_text().splitlines():
        assert ends(int(line.split()[0]))


def ends(process: int, within_s: float = 5.0) -> bool:
    """Whether the process is gone, or goes within the time: a kill takes effect when it is scheduled."""
    try:
        watch = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watch], [], [], within_s)[0])
    finally:
        os.close(watch)


def test_the_check_for_ended_processes_sees_a_running_one() -> None:
    assert not ends(os.getpid(), within_s=0)
