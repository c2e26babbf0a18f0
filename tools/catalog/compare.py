"""A local module beside the published one: which files differ, and which version that calls for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from .gate import check
from .index import Index
from .local import CHANGELOG, Local
from .metadata import Field, Metadata, metadata
from .sources import Source, blob_id

Bump = Literal["major", "minor", "patch", "none"]
_LINES: Final = 4_000


@dataclass(frozen=True, slots=True)
class Difference:
    """`additions` and `deletions` count lines; None where a file is no text."""

    file: str
    type: Literal["added", "removed", "modified"]
    additions: int | None
    deletions: int | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "type": self.type,
            "additions": self.additions,
            "deletions": self.deletions,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new module has no published version and no bump. `reasons` say what of the interface changed."""

    path: str
    status: Literal["same", "different", "new"]
    local_version: str
    factory_version: str = ""
    suggested_bump: Bump = "none"
    suggested_version: str = ""
    reasons: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "status": self.status,
            "local_version": self.local_version,
            "factory_version": self.factory_version,
            "suggested_bump": self.suggested_bump,
            "suggested_version": self.suggested_version,
            "reasons": list(self.reasons),
            "differences": [each.to_dict() for each in self.differences],
        }


def compare(index: Index, local: Local, version: str = "") -> Comparison:
    """With that published version, or the latest."""
    if local.path not in index.modules and not version:
        new = tuple(_difference(name, b"", data, "added") for name, data in local.files.items())
        return Comparison(local.path, "new", local.version, suggested_version=local.version, differences=new)
    hit = check(index, local.path, version)
    folder = hit.metadata_path.rpartition("/")[0]
    found = tuple(_differences(index.source, folder, local.files))
    same = Comparison(local.path, "same", local.version, hit.version, suggested_version=hit.version)
    if not found:
        return same
    bump, reasons = suggested(metadata(index, local.path, hit.version), local.metadata)
    return replace(
        same, status="different", suggested_bump=bump, suggested_version=bumped(hit.version, bump),
        reasons=reasons, differences=found,
    )  # fmt: skip


def suggested(published: Metadata, local: Metadata) -> tuple[Bump, tuple[str, ...]]:
    """What breaks those who use it is major, what they may use in addition minor, the rest patch."""
    breaks = [*_broken("input", published.inputs, local.inputs)]
    breaks += _broken("output", published.outputs, local.outputs)
    adds: list[str] = []
    known = {each.name for each in published.inputs}
    for each in local.inputs:
        if each.name not in known:
            (breaks if each.is_required else adds).append(
                f"input {each.name} is new{' and required' if each.is_required else ''}"
            )
    known = {each.name for each in published.outputs}
    adds += [f"output {each.name} is new" for each in local.outputs if each.name not in known]
    if breaks:
        return "major", (*breaks, *adds)
    return ("minor", tuple(adds)) if adds else ("patch", ())


def bumped(version: str, bump: Bump) -> str:
    major, minor, patch = (int(part) for part in version.partition("+")[0].partition("-")[0].split("."))
    if bump == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if bump == "minor" else f"{major}.{minor}.{patch + 1}"


def _broken(what: str, published: Iterable[Field], local: Iterable[Field]) -> Iterator[str]:
    now = {each.name: each for each in local}
    for old in published:
        new = now.get(old.name)
        if new is None:
            yield f"{what} {old.name} is gone"
        elif "".join(new.type.split()) != "".join(old.type.split()):
            yield f"{what} {old.name} is {new.type[:80]}, was {old.type[:80]}"
        elif what == "input" and new.is_required and not old.is_required:
            yield f"input {old.name} is required now"


def _differences(source: Source, folder: str, local: Mapping[str, bytes]) -> Iterator[Difference]:
    """Only files that differ are read. A change log that publishing wrote is not missed."""
    published = dict(source.files(folder))
    if CHANGELOG not in local:
        published.pop(CHANGELOG, None)
    for name in sorted(published.keys() | local.keys()):
        if name not in local:
            yield _difference(name, source.read(f"{folder}/{name}"), b"", "removed")
        elif name not in published:
            yield _difference(name, b"", local[name], "added")
        elif published[name] != blob_id(local[name]):
            yield _difference(name, source.read(f"{folder}/{name}"), local[name], "modified")


def _difference(
    name: str, old: bytes, new: bytes, kind: Literal["added", "removed", "modified"]
) -> Difference:
    if b"\0" in old or b"\0" in new:
        return Difference(name, kind, None, None)
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    kept = _kept(before, after)
    return Difference(name, kind, len(after) - kept, len(before) - kept)


def _kept(before: list[bytes], after: list[bytes]) -> int:
    """How many lines stand in both, in order. What is very long is compared at its two ends only."""
    head = _common(before, after)
    before, after = before[head:], after[head:]
    tail = _common(before[::-1], after[::-1])
    before, after = before[: len(before) - tail], after[: len(after) - tail]
    if not before or not after or len(before) + len(after) > _LINES:
        return head + tail
    from difflib import SequenceMatcher  # noqa: PLC0415  # only a changed file needs it

    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return head + tail + sum(block.size for block in blocks)


def _common(before: list[bytes], after: list[bytes]) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
