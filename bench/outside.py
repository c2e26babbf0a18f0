"""What is to be seen from outside after many integrations: commits on the remote, receipts in the journal."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

from sqlalchemy import create_engine, text


def faults(remote: Path, store_url: str, modules: set[str]) -> list[str]:
    """Each module not there exactly once, each effect without its receipt, each run without its end."""
    return [*_commits(remote, modules), *_rows(store_url)]


def _commits(remote: Path, modules: set[str]) -> list[str]:
    git = ["git", f"--git-dir={remote}"]
    log = _said(*git, "log", "--format=%H %(trailers:key=Build-Key,valueonly,separator=)", "main")
    keys = Counter(line.partition(" ")[2] for line in log.splitlines())
    found = [f"{count} commits have the Build-Key {key!r}" for key, count in keys.items() if count != 1]
    if len(keys) != len(modules):
        found.append(f"{len(keys)} commits for {len(modules)} modules")
    tree = _said(*git, "ls-tree", "-r", "--name-only", "main")
    found += [f"{name} is not in the repository" for name in sorted(modules) if f"/{name}/" not in f"/{tree}"]
    if broken := _said(*git, "fsck", "--full"):
        found.append(f"git fsck: {broken}")
    return found


def _rows(store_url: str) -> list[str]:
    engine = create_engine(store_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as db:
            open_effects = db.scalar(text("SELECT count(*) FROM effects WHERE recorded IS NULL"))
            rows = db.execute(text("SELECT state, count(*) FROM runs GROUP BY state")).all()
    finally:
        engine.dispose()
    found = [f"{count} runs are {state}" for state, count in rows if state != "done"]
    return [*found, *([f"{open_effects} effects have no receipt"] if open_effects else [])]


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
