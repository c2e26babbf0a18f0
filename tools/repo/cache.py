"""A disposable bare clone. Whatever is wrong with it, it is thrown away and made again."""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import Forbidden
from tools.repo import locks
from tools.repo.command import Git
from tools.repo.failures import CacheBroken, translate
from tools.repo.remote import Remote

_MARK = "autoweave-cache"
_FORMAT = "1"
# git's own measure for "too many loose objects", taken from one of 256 folders.
_LOOSE = 64
_ABSENT = re.compile(r"couldn't find remote ref|not our ref")
_PACKS = 60


class CacheRefused(Forbidden):
    """The cache's place holds something that is not ours to delete, or that others may write."""

    code = "AW518"
    fix = "Choose an empty folder of your own for the cache, or delete this one."


@dataclass(frozen=True)
class Cache:
    path: Path
    remote: Remote
    git: Git
    lock_s: float = 120.0
    sleep: Callable[[float], None] = time.sleep

    def fetch(self, branch: str) -> str | None:
        """The branch's commit on the remote, its objects now here; None where there is no such branch."""
        tracking = f"refs/remotes/origin/{branch}"
        if not self._brought(f"+refs/heads/{branch}:{tracking}"):
            self.git.run("update-ref", "-d", tracking, at=self.path)
            return None
        found = self.git.run("rev-parse", "--verify", "--quiet", tracking, at=self.path)
        if not found.ok:
            raise CacheBroken("The fetched branch is not in the local clone.")
        return found.text

    def obtain(self, commit: str) -> None:
        """Bring one commit by its name, whatever branch it is on."""
        if not self._brought(f"+{commit}:refs/held/{commit}"):
            raise translate("the commit does not exist on the remote")

    @contextmanager
    def use(self) -> Iterator[Path]:
        """The clone's folder, safe from being thrown away inside the block."""
        with self._lock(shared=True):
            yield self.path

    def discard(self) -> None:
        """Throw the clone away; the next fetch makes a new one."""
        with self._lock(shared=False):
            self._remove()

    def _brought(self, spec: str) -> bool:
        """Fetch by one refspec, into a fresh clone where the present one is of no use."""
        with self._lock(shared=False):
            if not self._is_usable():
                self._rebuild()
            try:
                return self._fetch(spec)
            except CacheBroken:
                # Damage, or the git of a killed run that still works here: a fresh folder is free of both.
                self._rebuild()
                return self._fetch(spec)

    def _fetch(self, spec: str) -> bool:
        answer = self.git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            *(["--filter=blob:none"] if self.remote.is_partial else []),
            "--",
            "origin",
            spec,
            at=self.path,
        )
        if not answer.ok and not _ABSENT.search(answer.error):
            raise translate(answer.error)
        return answer.ok

    def _lock(self, *, shared: bool) -> AbstractContextManager[None]:
        lock = self.path.with_name(self.path.name + ".lock")
        return locks.hold(lock, shared=shared, timeout_s=self.lock_s, sleep=self.sleep)

    def _is_usable(self) -> bool:
        mark = self.path / _MARK
        if self.path.is_symlink():
            raise CacheRefused("The cache's place is a symbolic link.", place=str(self.path))
        if not mark.is_file() or mark.read_text("utf-8") != self._mark():
            return False
        _refuse_shared(self.path)
        # Under the exclusive lock nobody works here: a lock file was left by a killed git.
        return not self._is_locked() and not self._is_bloated()

    def _is_locked(self) -> bool:
        # Not by glob: git removes empty folders of refs, also while they are looked through.
        found = (name for _, _, names in os.walk(self.path / "refs") for name in names)
        return any(self.path.glob("*.lock")) or any(name.endswith(".lock") for name in found)

    def _is_bloated(self) -> bool:
        loose, packs = self.path / "objects" / "17", self.path / "objects" / "pack"
        return _count(loose) > _LOOSE or _count(packs) > _PACKS

    def _mark(self) -> str:
        return f"{_FORMAT} {self.remote.address}\n"

    def _rebuild(self) -> None:
        self._remove()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.path.with_name(f"{self.path.name}.new-{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        answer = self.git.run("init", "--quiet", "--bare", "--template=", "--", str(fresh))
        if not answer.ok:
            raise CacheBroken(f"The local clone cannot be made: {answer.error}", place=str(self.path))
        with (fresh / "config").open("a", encoding="utf-8") as config:
            config.write(_settings(self.remote))
        # The mark comes last and the folder appears whole: half a clone is never taken for one.
        (fresh / _MARK).write_text(self._mark(), "utf-8")
        fresh.rename(self.path)

    def _remove(self) -> None:
        if not os.path.lexists(self.path):
            return
        is_ours = not self.path.is_symlink() and self.path.is_dir()
        if not is_ours or (any(self.path.iterdir()) and not (self.path / _MARK).is_file()):
            raise CacheRefused("The cache's place holds something that is not a cache.", place=str(self.path))
        self.path.rename(self.path.with_name(f"{self.path.name}.old-{time.time_ns()}"))
        for gone in self.path.parent.glob(f"{self.path.name}.old-*"):
            shutil.rmtree(gone, ignore_errors=True)


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def _settings(remote: Remote) -> str:
    address = remote.address.replace("\\", "\\\\").replace('"', '\\"')
    return f'[remote "origin"]\n\turl = "{address}"\n'


def _refuse_shared(path: Path) -> None:
    facts = path.lstat()
    if facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) & 0o022:
        raise CacheRefused("The cache belongs to, or can be written by, somebody else.", place=str(path))
