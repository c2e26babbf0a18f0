"""A catalog in a repository on GitHub, read by REST as any other source."""

from __future__ import annotations

from typing import Any, Final

from core import paths

from .factory import Factory, FactoryInvalid
from .index import CatalogInvalid
from .refusals import GithubMissing
from .sources import FileMissing
from .wire import Wire

_FOLDERS: Final = 100
_LISTED: Final = 1_000
"""GitHub lists no more of one folder than this, and does not say so."""


class GitHub:
    """Reads of one branch. `wire` knows the host and the token."""

    def __init__(self, factory: Factory, wire: Wire) -> None:
        if not factory.repository or {".", ".."} & set(factory.repository.split("/")):
            raise FactoryInvalid(
                "No `repository` is named, or none that can be.",
                place="config/factory.yaml /factory/repository",
            )
        self.factory = factory
        self.wire = wire
        self._is_seen = False

    @property
    def name(self) -> str:
        return f"{self.factory.repository}@{self.factory.branch}"

    @property
    def top(self) -> str:
        return f"/repos/{self.factory.repository}"

    def read(self, path: str) -> bytes:
        try:
            return self.wire.raw(f"{self.top}/contents/{paths.check(path)}", ref=self.factory.branch)
        except GithubMissing as error:
            self._see()
            raise FileMissing("The catalog has no such file.", place=f"{self.name}/{path}") from error

    def files(self, folder: str, *, branch: str = "") -> dict[str, str]:
        """Of the catalog's branch, or of another one."""
        found: dict[str, str] = {}
        waiting = [""]
        for count, inside in enumerate(waiting):
            if count >= _FOLDERS:
                raise CatalogInvalid(f"More than {_FOLDERS} folders.", place=folder)
            for entry in self._listed(f"{folder}/{inside}".rstrip("/"), branch or self.factory.branch):
                name, kind, sha = (str(entry.get(each, "")) for each in ("name", "type", "sha"))
                if name.startswith(".git"):
                    continue
                path = paths.check(f"{inside}/{name}".lstrip("/"))
                if kind == "dir":
                    waiting.append(path)
                else:
                    found[path] = sha
        return dict(sorted(found.items()))

    def _listed(self, folder: str, branch: str) -> list[dict[str, Any]]:
        try:
            found = self.wire.json("GET", f"{self.top}/contents/{paths.check(folder)}", ref=branch)
        except GithubMissing:
            self._see()
            return []
        if not isinstance(found, list) or len(found) >= _LISTED:
            raise CatalogInvalid("This is no folder, or one that GitHub does not list whole.", place=folder)
        return [each for each in found if isinstance(each, dict)]

    def _see(self) -> None:
        """A stranger is answered 404, too: only who sees the repository knows that a file is missing."""
        if not self._is_seen:
            self.wire.json("GET", self.top)
            self._is_seen = True
