"""Propose a version of a module to a catalog: first what would be sent, then one pull request.

The same proposal twice is one branch, one commit and one pull request, wherever the first try ended.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools import catalog
from tools.catalog.forge import Forge, Pull
from tools.catalog.local import CHANGELOG
from tools.catalog.refusals import GithubAway, GithubConflict, GithubMissing, GithubRefused
from tools.catalog.sources import blob_id
from tools.repo.message import compose

TEMPLATE: Final = Path(__file__).resolve().parents[2] / "templates" / "catalog" / "pull_request.md"


@dataclass(frozen=True)
class Proposal:
    """All that would be sent. `files` are by their path in the repository."""

    path: str
    version: str
    branch: str
    title: str
    body: str
    message: str
    folder: str
    files: Mapping[str, bytes]
    comparison: catalog.Comparison

    def to_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "version": self.version,
            "branch": self.branch,
            "title": self.title,
            "body": self.body,
            "files": sorted(self.files),
            "comparison": self.comparison.to_dict(),
        }


@dataclass(frozen=True)
class Receipt:
    """`status` is what this call did: opened, updated, or found it done."""

    pull: Pull
    branch: str
    status: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "number": self.pull.number,
            "url": self.pull.url,
            "branch": self.branch,
            "status": "open",
            "done": self.status,
        }


def proposed(index: catalog.Index, local: catalog.Local, description: str = "") -> Proposal:
    """Nothing is sent. The index has to be as the source says now: a stale one would publish twice."""
    found = catalog.compare(index, local)
    folder = f"{index.factory.modules_path}/{local.path}/v{local.version}"
    module = index.modules.get(local.path)
    if (module and local.version in module.versions) or index.source.files(folder):
        raise GithubConflict(f"{local.path} {local.version} is published already.", place=folder)
    files = {f"{folder}/{name}": data for name, data in local.files.items()}
    files.setdefault(f"{folder}/{CHANGELOG}", _changelog(local, description))
    title = f"feat(module): Add {local.path} v{local.version}"
    return Proposal(
        path=local.path,
        version=local.version,
        branch=f"feat/module-{local.path.replace('/', '-')}-v{local.version}",
        title=title,
        body=_body(local, description, folder, files, found),
        message=compose(f"{title}\n\n{description}", {"Build-Key": _key(files)}),
        folder=folder,
        files=dict(sorted(files.items())),
        comparison=found,
    )


def publish(hub: catalog.GitHub, proposal: Proposal) -> Receipt:
    """Looks before each step what is there already, and goes on from there."""
    forge = Forge(hub)
    head, pull = forge.head(proposal.branch), forge.pull(proposal.branch)
    if pull and pull.title != proposal.title:
        raise GithubConflict(
            f"Pull request {pull.number} of this branch is about something else.", place=pull.url
        )
    if not head:
        _start(forge, proposal)
    elif not _holds(hub, proposal):
        _advance(forge, proposal, head, pull)
    elif pull and pull.body == proposal.body:
        return Receipt(pull, proposal.branch, "found")
    if pull:
        return Receipt(forge.edit(pull.number, proposal.body), proposal.branch, "updated")
    return Receipt(_open(forge, proposal), proposal.branch, "opened")


def _start(forge: Forge, proposal: Proposal) -> None:
    base = forge.head(forge.hub.factory.branch)
    if not base:
        raise GithubMissing("The catalog's branch does not exist.", place=forge.hub.name)
    sha = forge.commit(base, proposal.files, proposal.message)
    try:
        forge.start(proposal.branch, sha)
    except (GithubAway, GithubRefused):  # it may have been done, by this call or by another one
        if not _holds(forge.hub, proposal):
            raise


def _advance(forge: Forge, proposal: Proposal, head: str, pull: Pull | None) -> None:
    if not pull:
        raise GithubConflict(
            "The branch exists with other content, and no pull request.", place=proposal.branch
        )
    there = forge.hub.files(proposal.folder, branch=proposal.branch)
    gone = {f"{proposal.folder}/{name}" for name in there} - proposal.files.keys()
    changed: dict[str, bytes | None] = {**proposal.files, **dict.fromkeys(gone)}
    sha = forge.commit(head, changed, proposal.message)
    try:
        forge.advance(proposal.branch, sha)
    except GithubAway:
        if not _holds(forge.hub, proposal):
            raise
    except GithubRefused as error:
        raise GithubConflict("The branch moved meanwhile.", place=proposal.branch) from error


def _open(forge: Forge, proposal: Proposal) -> Pull:
    try:
        return forge.open(proposal.branch, proposal.title, proposal.body)
    except (GithubAway, GithubRefused):  # as above
        if pull := forge.pull(proposal.branch):
            return pull
        raise


def _holds(hub: catalog.GitHub, proposal: Proposal) -> bool:
    there = {
        f"{proposal.folder}/{name}": sha
        for name, sha in hub.files(proposal.folder, branch=proposal.branch).items()
    }
    return there == {path: blob_id(data) for path, data in proposal.files.items()}


def _changelog(local: catalog.Local, description: str) -> bytes:
    return f"# Changelog\n\n## {local.version}\n\n{_harmless(description or 'First entry.')}\n".encode()


def _body(
    local: catalog.Local, description: str, folder: str, files: Mapping[str, bytes], found: catalog.Comparison
) -> str:
    reasons = "".join(f"\n{each}" for each in found.reasons)
    verdict = f"{found.status} {found.factory_version and f'beside {found.factory_version}'}{reasons}"
    return string.Template(TEMPLATE.read_text("utf-8")).substitute(
        path=local.path,
        version=local.version,
        folder=folder,
        verdict=_harmless(verdict),
        description=_harmless(description or "No description was given."),
        files=_harmless("\n".join(name.removeprefix(f"{folder}/") for name in sorted(files))),
        bump=f"{found.suggested_bump}: {found.suggested_version}" if found.factory_version else "a first one",
    )


def _harmless(text: str) -> str:
    """As a block of code, line by line, in which nothing is a link, a picture, a mention or an order."""
    lines = compose(f"text\n{text}", {}).partition("\n\n")[2].rstrip("\n").split("\n")
    return "\n".join(f"    {line}" for line in lines)


def _key(files: Mapping[str, bytes]) -> str:
    whole = "".join(f"{blob_id(data)} {path}\n" for path, data in sorted(files.items()))
    return hashlib.sha256(whole.encode()).hexdigest()
