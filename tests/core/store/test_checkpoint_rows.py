"""The checkpoint table under hostile rows, filters, ids and files: data or a refusal, never a call."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def became(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each hostile row became. In a process of its own: LangGraph reads its switch once."""
    folder = tmp_path_factory.mktemp("rows")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("checkpoints.py"), folder / "c.db"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AW_CANARY": "was read"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not (folder / "canary").exists()
    return dict(json.loads(done.stdout))


def test_no_row_calls_what_it_names(became: dict[str, dict[str, Any]]) -> None:
    assert len(became) == 23
    assert {name: row for name, row in became.items() if row["called"]} == {}
    assert [name for name, row in became.items() if "was read" in row["read"]] == []


@pytest.mark.parametrize("row", ["pickle", "json lc1", "cut", "deep"])
def test_a_row_of_no_kind_we_write_is_refused(became: dict[str, dict[str, Any]], row: str) -> None:
    assert became[row]["read"] in {"NotImplementedError", "ValueError"}


@pytest.fixture
def saver(tmp_path: Path) -> Iterator[SqliteSaver]:
    file = sqlite3.connect(tmp_path / "c.db", check_same_thread=False)
    saver = SqliteSaver(file)
    put(saver, "mine")
    yield saver
    file.close()


def put(saver: SqliteSaver, thread: str) -> None:
    saver.put(at(thread), empty_checkpoint(), {"source": "loop", "step": 1}, {})


def at(thread: str) -> Any:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}


@pytest.mark.parametrize("key", ["x') OR 1=1 --", "a'b", "$.x", 'a"b'])
def test_an_odd_filter_key_is_refused(saver: SqliteSaver, key: str) -> None:
    with pytest.raises(ValueError, match="filter key"):
        list(saver.list(None, filter={key: "x"}))


def test_an_odd_filter_value_is_only_data(saver: SqliteSaver) -> None:
    assert list(saver.list(None, filter={"source": "x' OR '1'='1"})) == []
    assert len(list(saver.list(None, filter={"source": "loop"}))) == 1


@pytest.mark.parametrize("thread", ["a:b", "a/../mine", "mine:1", "%", "x' OR '1'='1", "x" * 10_000])
def test_an_odd_thread_id_reaches_no_other_thread(saver: SqliteSaver, thread: str) -> None:
    assert saver.get_tuple(at(thread)) is None

    put(saver, thread)
    saver.delete_thread(thread)

    assert saver.get_tuple(at(thread)) is None
    assert saver.get_tuple(at("mine")) is not None
