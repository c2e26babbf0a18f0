from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.sandbox import CallRefused, DeadlinePassed, Limits, Sandbox, StartFailed
from tests.core.sandbox.conftest import HOSTILE, in_threads, left_behind

PROJECT = Path(__file__).resolve().parents[3]


def test_killed_zygote_is_replaced_at_the_next_call() -> None:
    with Sandbox(preload=[HOSTILE]) as box:
        before = box.pid
        os.kill(before, signal.SIGKILL)

        assert box.call(f"{HOSTILE}:echo", 1).value == 1
        assert box.pid != before


def test_close_leaves_no_process() -> None:
    box = Sandbox(preload=[HOSTILE]).__enter__()
    pid = box.pid

    box.close()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_close_ends_calls_under_way() -> None:
    box = Sandbox(preload=[HOSTILE]).__enter__()
    failed: list[BaseException] = []

    def sleep() -> None:
        try:
            box.call(f"{HOSTILE}:sleep", 600)
        except Exception as error:  # noqa: BLE001 - the assertion looks at it
            failed.append(error)

    worker = threading.Thread(target=sleep)
    worker.start()
    while not left_behind(box.pid):
        pass
    box.close()
    worker.join(10)

    assert not worker.is_alive()
    assert len(failed) == 1


def test_closed_sandbox_refuses_calls() -> None:
    with Sandbox() as box:
        pass

    with pytest.raises(CallRefused, match="closed"):
        box.call("os:getcwd")


def test_calls_from_many_threads_get_their_own_answers(box: Sandbox) -> None:
    answers: list[tuple[int, int]] = []

    def ask() -> None:
        for _ in range(5):
            mine = threading.get_ident()
            answers.append((mine, box.call(f"{HOSTILE}:echo", mine).value))

    in_threads(6, ask)

    assert len(answers) == 30
    assert all(asked == got for asked, got in answers)
    assert left_behind(box.pid) == []


def test_slow_call_does_not_hold_up_another(box: Sandbox) -> None:
    done: list[str] = []

    def slow() -> None:
        with pytest.raises(DeadlinePassed):
            box.call(f"{HOSTILE}:sleep", 600, limits=Limits(wall_s=2))
        done.append("slow")

    worker = threading.Thread(target=slow)
    worker.start()
    box.call(f"{HOSTILE}:echo", 1)
    done.append("quick")
    worker.join()

    assert done == ["quick", "slow"]


def test_module_that_cannot_be_loaded_stops_the_start() -> None:
    with pytest.raises(StartFailed, match="ModuleNotFoundError"):
        Sandbox(preload=["tests.core.sandbox.absent"]).__enter__()


def test_caller_keeps_no_descriptor(box: Sandbox) -> None:
    box.call(f"{HOSTILE}:echo", 1)
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(20):
        box.call(f"{HOSTILE}:echo", 1)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


_PARENT = """
import os, sys, threading
sys.path[:0] = sys.argv[2:]
from core.sandbox import Sandbox
from pathlib import Path
box = Sandbox(preload=["tests.core.sandbox.hostile"], scratch_root=Path(sys.argv[1])).__enter__()
threading.Thread(target=box.call, args=("tests.core.sandbox.hostile:sleep", 600), daemon=True).start()
while True:
    with open(f"/proc/{box.pid}/task/{box.pid}/children") as children:
        if started := children.read().split():
            break
print(box.pid, *started, flush=True)
sys.stdin.read()
"""


def test_death_of_the_caller_ends_zygote_and_children(tmp_path: Path) -> None:
    line = [sys.executable, "-c", _PARENT, str(tmp_path), str(PROJECT), *sys.path]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pids = [int(word) for word in parent.stdout.readline().split()]
        ends = [os.pidfd_open(pid) for pid in pids]
        parent.kill()

    assert len(pids) == 2
    for end in ends:
        assert _gone(end)
        os.close(end)
    assert list(tmp_path.iterdir()) == []


def _gone(pidfd: int) -> bool:
    """A pidfd becomes readable when its process ends."""
    import select

    return bool(select.select([pidfd], [], [], 5)[0])


def test_starting_thread_may_end_before_the_zygote() -> None:
    made: list[Sandbox] = []
    in_threads(1, lambda: made.append(Sandbox(preload=[HOSTILE]).__enter__()))
    box, before = made[0], made[0].pid

    assert box.call(f"{HOSTILE}:echo", 1).value == 1
    assert box.pid == before
    box.close()


def test_import_is_light() -> None:
    script = "import sys; import core.sandbox; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["asyncio", "ctypes", "multiprocessing", "subprocess", "tempfile", "logging", "pydantic", "yaml"]

    done = subprocess.run(
        [sys.executable, "-c", script, *heavy], cwd=PROJECT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
