"""Write a commit into the clone's object store: no worktree, no shared index, no ref.

GitPython's object database writes the blobs in this process. Its `Repo` is not used: that takes
GIT_OBJECT_DIRECTORY and others from the caller's environment.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import Unavailable
from tools.repo.command import Git
from tools.repo.publication import Publication

_PLAIN = "100644"
_NOTHING = "0" * 40
_DRAFT = "autoweave-index-"
_DRAFT_S = 3600.0


class WriteFailed(Unavailable):
    """The commit could not be written to the local clone."""

    code = "AW527"
    fix = "Check for free disk space, then try again: nothing was published."


def commit(git: Git, at: Path, publication: Publication, head: str | None) -> str:
    """The new commit's name. Same publication on the same head, same name."""
    blobs = _blobs(at, publication.writes)
    tree = _tree(git, at, head, blobs, publication.deletes)
    above = ("-p", head) if head else ()
    said = publication.text.encode("utf-8")
    return _must(git, "commit-tree", *above, "-F", "-", tree, at=at, env=_people(publication), stdin=said)


def _blobs(at: Path, writes: Mapping[str, bytes]) -> dict[str, str]:
    from git.db import IStream, LooseObjectDB  # noqa: PLC0415  # 0.18 s of CPU that only an apply needs

    store = LooseObjectDB(str(at / "objects"))
    try:
        return {path: _stored(store, IStream, data) for path, data in sorted(writes.items())}
    except OSError as error:
        raise WriteFailed(f"A file could not be written: {error.strerror}.") from error


def _stored(store: Any, stream: Any, data: bytes) -> str:
    return str(store.store(stream(b"blob", len(data), io.BytesIO(data))).hexsha.decode("ascii"))


def _people(publication: Publication) -> dict[str, str]:
    when = f"@{publication.at_s} +0000"
    author, committer = publication.author, publication.committer
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_NAME": committer.name,
        "GIT_COMMITTER_EMAIL": committer.email,
        "GIT_COMMITTER_DATE": when,
    }


def _tree(git: Git, at: Path, head: str | None, blobs: dict[str, str], deletes: tuple[str, ...]) -> str:
    # A folder of its own: what a kill leaves behind is in nobody's way, and goes with the next build.
    _sweep(at)
    with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=at) as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        if head:
            _must(git, "read-tree", head, at=at, env=env)
        # Deletions first: a file may give its name to a folder.
        lines = [f"0 {_NOTHING}\t{path}\0" for path in deletes]
        lines += [f"{_PLAIN} {oid}\t{path}\0" for path, oid in blobs.items()]
        _must(git, "update-index", "-z", "--index-info", at=at, env=env, stdin=_names(lines))
        # Blobs of other modules may not be here (partial clone), and need not be.
        return _must(git, "write-tree", "--missing-ok", at=at, env=env)


def _sweep(at: Path) -> None:
    """Remove the drafts of builds that were killed. One of a build that lives is younger than that."""
    for left in at.glob(f"{_DRAFT}*"):
        with contextlib.suppress(OSError):  # another process sweeps too
            if time.time() - left.stat().st_mtime > _DRAFT_S:
                shutil.rmtree(left, ignore_errors=True)


def _names(lines: list[str]) -> bytes:
    """Names that are not UTF-8 were read with the same escape."""
    return "".join(lines).encode("utf-8", "surrogateescape")


def _must(git: Git, *args: str, at: Path, env: dict[str, str], stdin: bytes = b"") -> str:
    answer = git.run(*args, at=at, env=env, stdin=stdin)
    if not answer.ok:
        raise WriteFailed(f"git {args[0]} failed: {answer.error}")
    return answer.text
