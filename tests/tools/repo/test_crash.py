from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.repo import forks
from tests.tools.repo.conftest import CLEAN, World
from tools import repo

KILLS = 40
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def publisher() -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-W", "error", str(ROOT / "tests" / "tools" / "repo" / "forks.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**CLEAN, "PYTHONPATH": str(ROOT)},
    )
    yield child
    assert child.stdin is not None
    child.stdin.close()
    child.wait(30)
    assert child.stdout is not None
    child.stdout.close()


def killed(child: subprocess.Popen[str], line: str, after_s: float) -> bool:
    """Start a publishing and kill it after that time; False when it was quicker."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(line + "\n")
    number = int(child.stdout.readline())
    is_done = bool(select.select([child.stdout], [], [], after_s)[0])
    if not is_done:
        os.kill(number, signal.SIGKILL)
    assert child.stdout.readline() == "ended\n"
    return not is_done


def assert_whole(world: World, builds: int) -> None:
    keys = world.git("log", "--format=%(trailers:key=Build-Key,valueonly,separator=)", "main").split()
    assert sorted(keys) == sorted(f"{number:08x}" * 8 for number in range(builds))
    tags = dict(
        line.split()
        for line in world.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/tags").split("\n")
    )
    assert len(tags) == builds
    assert set(tags.values()) <= set(world.commits())
    world.git("fsck", "--strict")


def test_a_kill_at_any_moment_loses_and_doubles_nothing(
    world: World, publisher: subprocess.Popen[str]
) -> None:
    rng = random.Random(7)
    hit = 0

    for number in range(KILLS):
        cache = world.folder / "cache"
        line = f"{world.bare}\t{cache}\t{number}"
        hit += killed(publisher, line, rng.uniform(0.0, 0.12))
        receipt = forks.publish(str(world.bare), str(cache), number)
        assert world.git("rev-parse", f"refs/tags/{receipt.tag}") == receipt.commit

    assert hit >= KILLS // 3
    assert_whole(world, KILLS)


def test_a_kill_in_the_first_clone_leaves_nothing_in_the_way(
    world: World, publisher: subprocess.Popen[str]
) -> None:
    for number in range(6):
        cache = world.folder / f"cache{number}"
        killed(publisher, f"{world.bare}\t{cache}\t{number}", 0.004 * number)
        forks.publish(str(world.bare), str(cache), number)

    assert_whole(world, 6)


def test_a_writer_that_was_stopped_for_long_doubles_nothing(
    world: World, publisher: subprocess.Popen[str]
) -> None:
    """A stopped holder keeps its lock: others are told so, and go on when it ends."""
    assert publisher.stdin is not None
    assert publisher.stdout is not None
    told = 0

    for number in range(12):
        publisher.stdin.write(f"{world.bare}\t{world.folder / 'stopped'}\t{number}\n")
        child = int(publisher.stdout.readline())
        select.select([publisher.stdout], [], [], 0.01 * number)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGSTOP)
        other = repo.Repository(world.remote, world.folder / "other", lock_s=0.05)
        try:
            other.publish(forks.numbered(number))
        except repo.Busy:
            told += 1
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGCONT)
        assert publisher.stdout.readline() == "ended\n"
        other.publish(forks.numbered(number))

    assert told > 0
    assert_whole(world, 12)


def test_writers_of_one_branch_lose_nothing_and_rarely_retry(world: World) -> None:
    """Four writers with clones of their own, six builds each, in one process."""
    receipts = []

    def write(writer: int) -> None:
        clone = str(world.folder / f"clone{writer}")
        receipts.extend(forks.publish(str(world.bare), clone, number) for number in range(writer, 24, 4))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert_whole(world, 24)
    assert sum(receipt.attempts for receipt in receipts) <= 24 * 1.2


def test_writers_on_many_branches_share_a_clone(world: World) -> None:
    repository = world.open()
    done = []

    def write(number: int) -> None:
        done.append(repository.publish(replace(forks.numbered(number), branch=f"tenant/t{number}")))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(receipt.branch for receipt in done) == [f"tenant/t{number}" for number in range(6)]
    assert all(len(world.commits(receipt.branch)) == 1 for receipt in done)
