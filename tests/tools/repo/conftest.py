from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tools import repo

ME = repo.Identity("AutoWeave", "autoweave@example.com")
CLEAN = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "HOME": "/nonexistent",
}
SIGNED = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com", "-c", "init.defaultBranch=main"]


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def publication(**changed: Any) -> repo.Publication:
    """One file of the module shop on an empty branch, any part of it exchanged."""
    given: dict[str, Any] = {
        "branch": "main",
        "base_commit": None,
        "owned": ("apps/shop",),
        "base": {},
        "writes": {"apps/shop/a.yaml": b"x: 1\n"},
        "deletes": (),
        "message": "Integrate shop",
        "build_key": "a" * 64,
        "plan_digest": "sha256:" + "b" * 64,
        "spec_digest": "sha256:" + "c" * 64,
        "author": ME,
        "committer": ME,
        "at_s": 1_700_000_000,
    }
    return repo.Publication(**(given | changed))


class World:
    """A bare remote, and the ways in which others reach it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = repo.create(folder / "remotes" / "default.git")
        self.waits: list[float] = []

    @property
    def remote(self) -> repo.Remote:
        return repo.Remote.parse(str(self.bare), roots=[self.folder / "remotes"])

    def open(self, cache: str = "cache") -> repo.Repository:
        return repo.Repository(self.remote, self.folder / cache, sleep=self.waits.append, jitter=lambda: 0.5)

    def git(self, *args: str, at: Path | None = None) -> str:
        words = ["git", *SIGNED, *([f"--git-dir={self.bare}"] if at is None else ["-C", str(at)]), *args]
        run = subprocess.run(words, capture_output=True, text=True, env=CLEAN, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def commits(self, branch: str = "main") -> list[str]:
        return self.git("rev-list", "--reverse", branch).split()

    def somebody(
        self, files: Mapping[str, bytes] | None = None, *, links: Mapping[str, str] | None = None
    ) -> str:
        """Another person commits these files by hand."""
        work = self.folder / "work"
        if not work.exists():
            self.git("clone", "-q", str(self.bare), str(work), at=self.folder)
        self.git("pull", "-q", "--rebase", "origin", "main", at=work) if self.git("branch") else None
        for path, data in (files or {}).items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(data)
        for path, target in (links or {}).items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).symlink_to(target)
        self.git("add", "-A", at=work)
        self.git("commit", "-q", "-m", "By hand", at=work)
        self.git("push", "-q", "origin", "HEAD:main", at=work)
        return self.git("rev-parse", "main")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def publish() -> Callable[..., repo.Publication]:
    return publication
