"""Whether whoever worked is gone."""

from __future__ import annotations

import subprocess
import sys

from core import workers


def test_this_process_is_not_gone() -> None:
    assert not workers.is_gone(workers.name())


def test_an_ended_process_is_gone() -> None:
    code = "from core import workers; print(workers.name())"
    name = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert workers.is_gone(name.strip())


def test_a_worker_elsewhere_is_never_called_gone() -> None:
    assert not workers.is_gone("another-host:1:1")


def test_words_that_name_nobody_are_not_gone() -> None:
    assert not any(workers.is_gone(word) for word in ("", "x", "a:b", ":::", "worker-1"))


def test_a_later_process_with_the_same_id_is_another() -> None:
    host, pid, start = workers.name().split(":")

    assert workers.is_gone(f"{host}:{pid}:{int(start) - 1}")
