"""Write a commit into the clone's object store: no worktree, no shared index, no ref.

GitPython writes blobs and the commit in this process; the tree comes from a private index.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from core.errors import Unavailable
from tools.repo.command import Git
from tools.repo.publication import Identity, Publication

_PLAIN = "100644"
_NOTHING = "0" * 40


class WriteFailed(Unavailable):
    """The commit could not be written to the local clone."""

    code = "AW527"
    fix = "Check for free disk space, then try again: nothing was published."


def commit(git: Git, at: Path, publication: Publication, head: str | None) -> str:
    """The new commit's name. Same publication on the same head, same name."""
    import git as gitpython  # noqa: PLC0415  # 0.18 s of CPU that only an apply needs

    try:
        with gitpython.Repo(at) as store:
            blobs = {path: _blob(store, data) for path, data in sorted(publication.writes.items())}
            tree = _tree(git, at, head, blobs, publication.deletes)
            made = gitpython.Commit.create_from_tree(
                store,
                tree,
                publication.text,
                parent_commits=[gitpython.Commit(store, bytes.fromhex(head))] if head else [],
                author=_actor(gitpython, publication.author),
                committer=_actor(gitpython, publication.committer),
                author_date=f"{publication.at_s} +0000",
                commit_date=f"{publication.at_s} +0000",
            )
            return str(made.hexsha)
    except (gitpython.GitError, gitpython.BadObject, OSError, ValueError) as error:
        raise WriteFailed(f"The commit could not be written: {type(error).__name__}.") from error


def _blob(store: Any, data: bytes) -> str:
    from git.db import IStream  # noqa: PLC0415  # heavy, see above

    return str(store.odb.store(IStream(b"blob", len(data), io.BytesIO(data))).hexsha.decode("ascii"))


def _actor(gitpython: Any, person: Identity) -> Any:
    return gitpython.Actor(person.name, person.email)


def _tree(git: Git, at: Path, head: str | None, blobs: dict[str, str], deletes: tuple[str, ...]) -> str:
    # Outside the clone, so that nothing a kill leaves behind can be in another build's way.
    with tempfile.TemporaryDirectory(prefix="autoweave-index-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        if head:
            _must(git, "read-tree", head, at=at, env=env)
        # Deletions first: a file may give its name to a folder.
        lines = [f"0 {_NOTHING}\t{path}\0" for path in deletes]
        lines += [f"{_PLAIN} {oid}\t{path}\0" for path, oid in blobs.items()]
        _must(git, "update-index", "-z", "--index-info", at=at, env=env, stdin=_names(lines))
        # Blobs of other modules may not be here (partial clone), and need not be.
        return _must(git, "write-tree", "--missing-ok", at=at, env=env)


def _names(lines: list[str]) -> bytes:
    """Names that are not UTF-8 were read with the same escape."""
    return "".join(lines).encode("utf-8", "surrogateescape")


def _must(git: Git, *args: str, at: Path, env: dict[str, str], stdin: bytes = b"") -> str:
    answer = git.run(*args, at=at, env=env, stdin=stdin)
    if not answer.ok:
        raise WriteFailed(f"git {args[0]} failed: {answer.error}")
    return answer.text
