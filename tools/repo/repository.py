"""Read and publish on one remote. An object per remote; no state but the disposable clone."""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import paths
from core.errors import Conflict, Unavailable
from tools.repo import content, failures, locks, objects, refs
from tools.repo.cache import Cache
from tools.repo.command import Git
from tools.repo.failures import CacheBroken
from tools.repo.message import FieldRefused, trailers
from tools.repo.publication import Publication, Receipt, check
from tools.repo.push import Outcome, TagTaken, push
from tools.repo.push import refs as remote_refs
from tools.repo.remote import Remote, is_bare

TRIES = 8
_PAUSE_S = 0.05


class BaseMoved(Conflict):
    """The module's own files changed on the branch after the plan was made."""

    code = "AW520"
    fix = "Make a new plan on the present state, review it, and apply that one."


class HistoryLost(Conflict):
    """The branch was deleted or moved by force: the plan's base is not in its history."""

    code = "AW521"
    fix = "Find out who rewrote the branch; restore it, or make a new plan on what is there now."


class Contended(Unavailable):
    """Others kept publishing on this branch faster than we could."""

    code = "AW523"
    fix = "Try again later; nothing was published."


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a branch's history."""

    commit: str
    at_s: int
    subject: str
    build_key: str
    plan_digest: str
    spec_digest: str
    trace_id: str


class Repository:
    """`token` is asked for the remote's host whenever git talks, and its answer goes to no other host."""

    def __init__(
        self,
        remote: Remote,
        cache: Path,
        *,
        token: Callable[[str], str] | None = None,
        ca_file: Path | None = None,
        timeout_s: float = 60.0,
        lock_s: float = 120.0,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        protocol = "file" if remote.is_local else remote.kind
        sent = token if remote.kind == "https" else None
        self._git = Git(protocol, remote.host, token=sent, ca_file=ca_file, timeout_s=timeout_s)
        self._cache = Cache(Path(cache).absolute(), remote, self._git, lock_s, sleep)
        self._remote = remote
        self._lock_s = lock_s
        self._sleep = sleep
        self._jitter = jitter

    def head(self, branch: str) -> str | None:
        """The branch's commit on the remote, fetched; None where there is no such branch."""
        return self._cache.fetch(refs.branch(branch))

    def tip(self, branch: str) -> str | None:
        """The branch's commit on the remote, as `head` tells it; where it can be seen without git, it is."""
        ref = Path(self._remote.address) / "refs" / "heads" / refs.branch(branch)
        if self._remote.is_local and ref.is_file():
            found = ref.read_text("ascii", "replace").strip()
            if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", found):
                return found
        return self.head(branch)

    def read(self, commit: str, prefixes: Sequence[str]) -> dict[str, bytes]:
        """The files at or below the prefixes in a commit of the remote."""
        refs.commit(commit)
        try:
            return self._read(commit, prefixes)
        except CacheBroken:
            # Another process's commit, or a damaged clone: a fresh one with this commit settles both.
            self._cache.discard()
            self._cache.obtain(commit)
            return self._read(commit, prefixes)

    def find(self, build_key: str, branch: str) -> Commit | None:
        """The newest commit on the branch that carries this build key."""
        head = self.head(branch)
        if head is None:
            return None
        with self._cache.use() as at:
            return self._find(at, build_key, None, head)

    def history(self, branch: str, prefixes: Sequence[str] = (), limit: int = 20) -> tuple[Commit, ...]:
        """The newest commits first, those that touch the prefixes where any are given."""
        head = self.head(branch)
        if head is None:
            return ()
        with self._cache.use() as at:
            return self._log(at, f"--max-count={limit:d}", head, "--", *map(paths.check, prefixes))

    def publish(self, publication: Publication) -> Receipt:
        """Commit and tag on the remote's branch in one transaction, exactly once for a build key."""
        check(publication)
        with locks.hold(self._branch_lock(publication.branch), timeout_s=self._lock_s, sleep=self._sleep):
            for attempt in range(1, TRIES + 1):
                if attempt > 1:
                    self._sleep(_PAUSE_S * attempt * (0.5 + self._jitter()))
                try:
                    receipt = self._tried(publication, attempt)
                except TagTaken:
                    # The last push of a killed run may have landed a moment ago, its tag with it.
                    if not self._is_published(publication):
                        raise
                    continue
                if receipt:
                    return receipt
        raise Contended(
            f"Branch {publication.branch} moved {TRIES} times under our push.", place=publication.branch
        )

    def _read(self, commit: str, prefixes: Sequence[str]) -> dict[str, bytes]:
        with self._cache.use() as at:
            return self._files(at, commit, prefixes)

    def _files(self, at: Path, commit: str, prefixes: Sequence[str]) -> dict[str, bytes]:
        if self._remote.is_partial:
            content.complete(self._git, at, commit, prefixes)
        return content.read(self._git, at, commit, prefixes)

    def _tried(self, publication: Publication, attempt: int) -> Receipt | None:
        try:
            return self._attempt(publication, attempt)
        except (CacheBroken, objects.WriteFailed):
            if attempt > 1:
                raise
            self._cache.discard()
            return self._attempt(publication, attempt)

    def _is_published(self, publication: Publication) -> bool:
        head = self._cache.fetch(publication.branch)
        with self._cache.use() as at:
            return self._published(at, publication, head) is not None

    def _attempt(self, publication: Publication, attempt: int) -> Receipt | None:
        head = self._cache.fetch(publication.branch)
        with self._cache.use() as at:
            if found := self._published(at, publication, head):
                return self._adopted(at, publication, found, attempt)
            self._verify(at, publication, head)
            commit = objects.commit(self._git, at, publication, head)
            outcome = push(self._git, at, commit, publication.branch, publication.tag)
            if outcome.state == "stale":
                return None
            return self._confirmed(at, publication, commit, outcome, attempt)

    def _confirmed(
        self, at: Path, publication: Publication, commit: str, outcome: Outcome, attempt: int
    ) -> Receipt | None:
        """The remote's own refs decide, also after a connection that was cut (None: try again)."""
        ref = f"refs/heads/{publication.branch}"
        shown = remote_refs(self._git, at, ref).get(ref)
        if shown == commit:
            return self._receipt(publication, commit, attempt, tag=publication.tag)
        if outcome.state == "unknown":
            raise failures.translate(outcome.error)
        # Another writer is already on top of us: the next round finds our key in the history.
        return None

    def _published(self, at: Path, publication: Publication, head: str | None) -> Commit | None:
        """Looks only after the plan's base: what lies before it, the plan has seen and judged."""
        if head is None or head == publication.base_commit:
            return None
        return self._find(at, publication.build_key, publication.base_commit, head)

    def _adopted(self, at: Path, publication: Publication, found: Commit, attempt: int) -> Receipt:
        shown = remote_refs(self._git, at, f"refs/tags/bld/*-{publication.build_key[:8]}/*")
        tags = sorted(name.removeprefix("refs/tags/") for name, oid in shown.items() if oid == found.commit)
        return self._receipt(
            publication, found.commit, attempt - 1, tag=tags[0] if tags else "", adopted=True
        )

    def _receipt(
        self, publication: Publication, commit: str, attempts: int, *, tag: str, adopted: bool = False
    ) -> Receipt:
        return Receipt(
            remote=self._remote.address,
            branch=publication.branch,
            commit=commit,
            build_key=publication.build_key,
            plan_digest=publication.plan_digest,
            tag=tag,
            adopted=adopted,
            attempts=attempts,
        )

    def _verify(self, at: Path, publication: Publication, head: str | None) -> None:
        """A base that moved elsewhere is built upon; one that moved in the module's own paths is not."""
        base = publication.base_commit
        if base and (head is None or not self._descends(at, base, head)):
            raise HistoryLost(
                f"Commit {base[:12]} is no longer part of {publication.branch}.", place=publication.branch
            )
        now = self._files(at, head, publication.owned) if head else {}
        present = {path: hashlib.sha256(data).hexdigest() for path, data in now.items()}
        if moved := _moved(publication, present):
            raise BaseMoved(
                "Files of this module changed on the branch after the plan was made.",
                place=moved[0],
                files=moved[:20],
            )

    def _descends(self, at: Path, base: str, head: str) -> bool:
        return base == head or self._git.run("merge-base", "--is-ancestor", base, head, at=at).ok

    def _find(self, at: Path, build_key: str, base: str | None, head: str) -> Commit | None:
        if not build_key.isalnum() or not build_key.isascii():
            raise FieldRefused("The build key is not plain hex.", place="build_key")
        since = [f"^{base}"] if base and self._descends(at, base, head) else []
        found = self._log(at, "--fixed-strings", f"--grep=Build-Key: {build_key}", head, *since, "--")
        return next((commit for commit in found if commit.build_key == build_key), None)

    def _log(self, at: Path, *args: str) -> tuple[Commit, ...]:
        answer = self._git.run("log", "-z", "--no-show-signature", "--format=%H%n%ct%n%B", *args, at=at)
        if not answer.ok:
            raise failures.translate(answer.error)
        records = answer.output.decode("utf-8", "replace").split("\0")
        return tuple(_entry(record) for record in records if record.strip())

    def _branch_lock(self, branch: str) -> Path:
        """Beside a local remote, so that writers with clones of their own share it too."""
        place = self._cache.path.with_name(self._cache.path.name + ".locks")
        if self._remote.is_local:
            bare = Path(self._remote.address)
            if not is_bare(bare):
                raise failures.RemoteMissing("The local repository is gone.", place=self._remote.address)
            place = bare / "autoweave-locks"
        return place / f"{hashlib.sha256(branch.encode()).hexdigest()[:16]}.lock"


def _moved(publication: Publication, present: Mapping[str, str]) -> list[str]:
    """The owned files that are neither as the plan saw them nor already as it wants them.

    Modules of one tenant share files of equal content (policies, the AppProject): the second to
    publish finds them there.
    """
    wanted: dict[str, str | None] = dict.fromkeys(publication.deletes)
    wanted |= {path: hashlib.sha256(data).hexdigest() for path, data in publication.writes.items()}
    changed = {path for path, _ in present.items() ^ publication.base.items()}
    return sorted(path for path in changed if path not in wanted or present.get(path) != wanted[path])


def _entry(record: str) -> Commit:
    name, at_s, message = record.split("\n", 2)
    held = trailers(message)
    return Commit(
        commit=name,
        at_s=int(at_s),
        subject=message.partition("\n")[0],
        build_key=held.get("Build-Key", ""),
        plan_digest=held.get("Plan-Digest", ""),
        spec_digest=held.get("Spec-Digest", ""),
        trace_id=held.get("Trace-Id", ""),
    )
