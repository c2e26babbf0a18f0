"""Write to a catalog's repository on GitHub: one commit, one branch, one pull request.

Each step can be looked up again, and none forces anything: what was done before an answer got lost
is found by its name.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from core.fetch import AnswerInvalid

from .github import GitHub
from .refusals import GithubMissing
from .sources import blob_id

_SHA: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Pull:
    """An open pull request."""

    number: int
    url: str
    title: str
    body: str


@dataclass(frozen=True)
class Forge:
    hub: GitHub

    def head(self, branch: str) -> str:
        """The commit a branch is at, or an empty text where there is no such branch."""
        try:
            found = self._json("GET", f"git/ref/heads/{branch}")
        except GithubMissing:
            return ""
        return _sha(found.get("object"))

    def commit(self, parent: str, files: Mapping[str, bytes | None], message: str) -> str:
        """One tree and one commit on top of the parent; None takes a file away. No branch moves."""
        base = _sha(self._json("GET", f"git/commits/{parent}").get("tree"))
        entries = [self._entry(path, data) for path, data in sorted(files.items())]
        tree = _sha(self._json("POST", "git/trees", {"base_tree": base, "tree": entries}))
        made = self._json("POST", "git/commits", {"message": message, "tree": tree, "parents": [parent]})
        return _sha(made)

    def start(self, branch: str, sha: str) -> None:
        self._json("POST", "git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})

    def advance(self, branch: str, sha: str) -> None:
        """Refused where the branch has moved on: that is never forced."""
        self._json("PATCH", f"git/refs/heads/{branch}", {"sha": sha, "force": False})

    def pull(self, branch: str) -> Pull | None:
        """The open one from that branch of this repository to the catalog's branch."""
        head = f"{self.hub.factory.repository.partition('/')[0]}:{branch}"
        found = self.hub.wire.json(
            "GET", f"{self.hub.top}/pulls", state="open", head=head, base=self.hub.factory.branch
        )
        if not isinstance(found, list):
            raise AnswerInvalid("GitHub's answer is no list of pull requests.", place=branch)
        return self._pull(found[0]) if found else None

    def open(self, branch: str, title: str, body: str) -> Pull:
        base = self.hub.factory.branch
        return self._pull(
            self._json("POST", "pulls", {"title": title, "body": body, "head": branch, "base": base})
        )

    def edit(self, number: int, body: str) -> Pull:
        return self._pull(self._json("PATCH", f"pulls/{number}", {"body": body}))

    def _entry(self, path: str, data: bytes | None) -> dict[str, Any]:
        entry: dict[str, Any] = {"path": path, "mode": "100644", "type": "blob"}
        if data is None:
            return entry | {"sha": None}
        try:
            return entry | {"content": data.decode("utf-8")}
        except UnicodeDecodeError:
            content = base64.b64encode(data).decode("ascii")
            self._json("POST", "git/blobs", {"content": content, "encoding": "base64"})
            return entry | {"sha": blob_id(data)}

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        found = self.hub.wire.json(method, f"{self.hub.top}/{path}", body)
        if not isinstance(found, dict):
            raise AnswerInvalid("GitHub's answer is no object.", place=path)
        return found

    def _pull(self, found: Any) -> Pull:
        if not isinstance(found, dict) or not isinstance(found.get("number"), int):
            raise AnswerInvalid("GitHub's answer is no pull request.", place=self.hub.name)
        url = str(found.get("html_url"))
        if urlsplit(url).scheme != "https":
            raise AnswerInvalid("The pull request has no https address.", place=self.hub.name)
        return Pull(found["number"], url, str(found.get("title")), str(found.get("body") or ""))


def _sha(found: Any) -> str:
    """It goes into the next address, so it has to be one."""
    sha = found.get("sha") if isinstance(found, dict) else None
    if not isinstance(sha, str) or len(sha) not in {40, 64} or not _SHA.issuperset(sha):
        raise AnswerInvalid("GitHub's answer names no object of git.", place="sha")
    return sha
