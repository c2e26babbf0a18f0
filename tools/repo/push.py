"""Push a commit and its tag in one transaction, and read what the remote made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import Conflict, Forbidden
from tools.repo.command import Answer, Git
from tools.repo.failures import translate

# The remote's branch moved between our fetch and our push: fetching again helps.
_STALE = re.compile(
    r"fetch first|non-fast-forward|stale info|failed to update ref|cannot lock ref|incorrect old value"
    r"|reference already exists|failed to lock|Unable to create .*\.lock",
    re.IGNORECASE,
)


class PushRefused(Forbidden):
    """The remote's own rules refuse this commit. Trying again will not help."""

    code = "AW522"
    fix = "Read the remote's reason; change what it objects to, or ask who keeps its rules."


class TagTaken(Conflict):
    """The tag is on the remote already, with another commit."""

    code = "AW524"
    fix = "Publish again: the tag's time will differ. Tags are never moved."


@dataclass(frozen=True, slots=True)
class Outcome:
    """`unknown`: the connection ended without a verdict; only the remote's refs can tell."""

    state: Literal["landed", "stale", "unknown"]
    error: str = ""


def push(git: Git, at: Path, commit: str, branch: str, tag: str) -> Outcome:
    """Never forced, and never without `--atomic`: half a publication would leave an orphan tag."""
    specs = [f"{commit}:refs/heads/{branch}", *([f"{commit}:refs/tags/{tag}"] if tag else [])]
    answer = git.run(
        "push",
        "--atomic",
        "--porcelain",
        "--no-verify",
        "--recurse-submodules=no",
        "--",
        "origin",
        *specs,
        at=at,
    )
    if answer.ok:
        return Outcome("landed")
    return _judged(answer, tag)


def refs(git: Git, at: Path, *names: str) -> dict[str, str]:
    """What the remote itself shows for these full ref names or patterns."""
    answer = git.run("ls-remote", "--quiet", "--", "origin", *names, at=at)
    if not answer.ok:
        raise translate(answer.error)
    pairs = (line.split("\t", 1) for line in answer.text.split("\n") if "\t" in line)
    return {name: oid for oid, name in pairs}


def _judged(answer: Answer, tag: str) -> Outcome:
    verdicts = [line for line in answer.text.split("\n") if line.startswith("!\t")]
    if not verdicts:
        return Outcome("unknown", answer.error)
    said = "\n".join(verdicts)
    if any(_is_taken(line, tag) for line in verdicts):
        raise TagTaken(f"Tag {tag} exists already.", place=tag)
    if _STALE.search(said):
        return Outcome("stale", said)
    if "hook declined" not in said and _STALE.search(answer.error):
        return Outcome("stale", answer.error)
    raise PushRefused(f"The remote refused the push: {_reason(said, answer.error)}")


def _is_taken(line: str, tag: str) -> bool:
    return bool(tag) and f":refs/tags/{tag}\t" in line and "already exists" in line


def _reason(said: str, error: str) -> str:
    told = [line.removeprefix("remote:").strip() for line in error.split("\n") if line.startswith("remote:")]
    brief = said.split("\n", maxsplit=1)[0].rpartition("\t")[2]
    return "; ".join(filter(None, [brief, *told]))[:1000]
