"""./autoweave chat in a pipe: no key, no server, a line a turn, and only a typed answer writes."""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from graphs.assistant import console
from graphs.integrate.asking import FileUnreadable

ROOT = Path(__file__).resolve().parents[3]
ORDER = "integrate examples/orders/openapi.yaml as shop, image registry.example.com/shop/orders:1.0.0"


def chat(home: Path, *lines: str, words: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [ROOT / "autoweave", "chat", *words],
        input="".join(f"{line}\n" for line in lines),
        cwd=ROOT, env={**known, "AUTOWEAVE_HOME": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_example_is_integrated_by_conversation(tmp_path: Path) -> None:
    ended = chat(tmp_path, ORDER, "approve", "is aws/networking/vcp 1.2.0 in the catalog?", words=("-q",))

    assert ended.returncode == 0
    assert "deployment.yaml" in ended.stdout
    assert "Type approve, or reject: why." in ended.stdout
    assert "Done: plan-1 is committed as " in ended.stdout
    assert "Did you mean `aws/networking/vpc`?" in ended.stdout
    assert ended.stderr.count("error") == 0


def test_another_process_goes_on_with_the_thread(tmp_path: Path) -> None:
    words = ("--thread", "t", "-o", "json", "-q")
    first = chat(tmp_path, ORDER, words=words)
    second = chat(tmp_path, "reject: too big", words=words)

    turns: list[dict[str, Any]] = [json.loads(line) for line in (first.stdout + second.stdout).splitlines()]
    assert [bool(each["question"]) for each in turns] == [True, True, False]
    assert turns[-1]["reply"].startswith("Nothing was written.")


def test_what_looks_like_a_path_must_be_a_file_and_a_bare_name_may_be_anything() -> None:
    with pytest.raises(FileUnreadable):
        console.file("./nope.yaml")

    assert console.file("nope.yaml") is None


def test_a_fenced_block_is_one_message() -> None:
    lines = io.StringIO("one\n\n```yaml\nopenapi: 3.1.0\n\ninfo: {}\n```\ntwo\n")

    assert list(console.messages(lines, lambda: None)) == [
        "one",
        "```yaml\nopenapi: 3.1.0\n\ninfo: {}\n```",
        "two",
    ]
