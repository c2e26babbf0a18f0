"""Read files of a commit straight from the object store. Nothing is ever checked out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core import paths
from core.errors import Invalid
from tools.repo.command import AnswerTooLarge, Git
from tools.repo.failures import translate

FILES = 20_000
FILE_BYTES = 32 * 1024**2
_TOTAL_BYTES = 256 * 1024**2
_LISTING_BYTES = 16 * 1024**2
_PLAIN = frozenset({"100644", "100755", "100664"})


class EntryRefused(Invalid):
    """Where a plain file or folder is expected, the repository holds a link or another repository."""

    code = "AW525"
    fix = "Replace the link or submodule in the repository by a plain folder or file."


@dataclass(frozen=True, slots=True)
class Entry:
    mode: str
    kind: str
    oid: str
    size: int
    path: str


def read(git: Git, at: Path, commit: str, prefixes: Sequence[str]) -> dict[str, bytes]:
    """The plain files at or below the prefixes, in order of path."""
    wanted = tuple(sorted({paths.check(prefix.rstrip("/")) for prefix in prefixes}))
    if not wanted:
        return {}
    _refuse_detours(git, at, commit, wanted)
    entries = tuple(_listed(git, at, "-r", commit, wanted))
    _refuse_odd(entries)
    return _contents(git, at, entries)


def complete(git: Git, at: Path, commit: str, prefixes: Sequence[str]) -> None:
    """Fetch what a partial clone lacks of these files, all at once; git itself would ask for each alone."""
    wanted = tuple(sorted({paths.check(prefix.rstrip("/")) for prefix in prefixes}))
    listed = [entry for entry in _listed(git, at, "-r", commit, wanted, sizes=False) if entry.kind == "blob"]
    if len(listed) > FILES:
        raise AnswerTooLarge(f"The module's paths hold more than {FILES} files.")
    lacking = {entry.oid for entry in listed} & _absent(git, at, commit, _folders(wanted, listed))
    if not lacking:
        return
    answer = git.run(
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--filter=blob:none",
        "--stdin",
        "--",
        "origin",
        at=at,
        stdin="".join(f"{oid}\n" for oid in sorted(lacking)).encode("ascii"),
    )
    if not answer.ok:
        raise translate(answer.error)


def _folders(wanted: Sequence[str], listed: Sequence[Entry]) -> list[str]:
    """The wanted folders, and for a wanted file the folder it is in; those only that exist."""
    files = {entry.path for entry in listed}
    above = {path.rpartition("/")[0] for path in wanted if path in files}
    return sorted(above | {path for path in wanted if any(f.startswith(path + "/") for f in files)})


def _absent(git: Git, at: Path, commit: str, folders: Sequence[str]) -> set[str]:
    """The objects below these folders that are not here."""
    if not folders:
        return set()
    asked = "".join(f"{commit}:{folder}\n" for folder in folders).encode("utf-8")
    answer = git.run("rev-list", "--objects", "--missing=print", "--stdin", at=at, stdin=asked)
    if not answer.ok:
        raise translate(answer.error)
    return {line[1:] for line in answer.text.split("\n") if line.startswith("?")}


def _refuse_detours(git: Git, at: Path, commit: str, wanted: Sequence[str]) -> None:
    """On the way to an owned path: a link would make us write elsewhere, a twin in other case would merge."""
    ways = {parent for path in wanted for parent in paths.parents(path)}
    beside = [*_listed(git, at, "-t", commit, (), sizes=False)]
    if ways:
        beside += _listed(git, at, "-t", commit, sorted(f"{way}/" for way in ways), sizes=False)
    kinds = {entry.path: entry.kind for entry in beside}
    for path in sorted(ways.union(wanted)):
        if path in ways and kinds.get(path, "tree") != "tree":
            raise EntryRefused("A folder on the way is a file or a link.", place=path)
    _refuse_twins(ways.union(wanted), kinds)


def _refuse_twins(names: Collection[str], kinds: Collection[str]) -> None:
    known = {paths.folded(name): name for name in names}
    for path in kinds:
        own = known.get(paths.folded(path), path)
        if own != path:
            raise paths.PathsCollide("The repository holds this path in another spelling.", place=path[:200])


def _refuse_odd(entries: Sequence[Entry]) -> None:
    if len(entries) > FILES:
        raise AnswerTooLarge(f"The module's paths hold more than {FILES} files.")
    total = 0
    for entry in entries:
        if entry.mode not in _PLAIN:
            raise EntryRefused("A module's path holds a link or a submodule.", place=entry.path[:200])
        total += entry.size
        if entry.size > FILE_BYTES or total > _TOTAL_BYTES:
            raise AnswerTooLarge("A module's files are larger than is ever read.", place=entry.path[:200])


def _listed(
    git: Git, at: Path, how: str, commit: str, wanted: Sequence[str], *, sizes: bool = True
) -> Iterator[Entry]:
    options = [how, "-z", "--full-tree", *(["-l"] if sizes else [])]
    answer = git.run("ls-tree", *options, commit, "--", *wanted, at=at, limit=_LISTING_BYTES)
    if not answer.ok:
        raise translate(answer.error)
    for line in answer.output.split(b"\0")[:-1]:
        head, _, path = line.partition(b"\t")
        mode, kind, oid, *size = head.decode("ascii").split()
        known = int(size[0]) if size and size[0] != "-" else 0
        yield Entry(mode, kind, oid, known, path.decode("utf-8", "surrogateescape"))


def _contents(git: Git, at: Path, entries: Sequence[Entry]) -> dict[str, bytes]:
    if not entries:
        return {}
    asked = "".join(f"{entry.oid}\n" for entry in entries).encode("ascii")
    limit = sum(entry.size + 100 for entry in entries)
    answer = git.run("cat-file", "--batch", at=at, stdin=asked, limit=limit)
    if not answer.ok:
        raise translate(answer.error)
    found: dict[str, bytes] = {}
    place = 0
    for entry in entries:
        end = answer.output.index(b"\n", place)
        if answer.output[place:end] != f"{entry.oid} blob {entry.size}".encode("ascii"):
            raise translate("unable to read a file of the commit")
        found[entry.path] = answer.output[end + 1 : end + 1 + entry.size]
        place = end + 1 + entry.size + 1
    return found
