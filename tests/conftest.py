"""Shared fixtures, and a loud word at the end about every group that could not run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def corpus_folder() -> Path | None:
    """The folder of real OpenAPI documents, where there is one."""
    named = os.environ.get("AUTOWEAVE_CORPUS")
    folder = Path(named) if named else ROOT.parent / "shared" / "corpus"
    return folder if (folder / "openapi").is_dir() else None


@pytest.fixture(scope="session")
def corpus() -> Path:
    folder = corpus_folder()
    if folder is None:
        pytest.skip("group corpus: no folder at AUTOWEAVE_CORPUS or ../shared/corpus")
    return folder


@pytest.fixture(scope="session")
def go() -> str:
    found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if found is None:
        pytest.skip("group go: no Go toolchain on PATH")
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = sorted({str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])
                      if isinstance(report.longrepr, tuple)})  # fmt: skip
    for reason in reasons:
        terminalreporter.write_line(f"NOT RUN  {reason.removeprefix('Skipped: ')}", yellow=True, bold=True)
