"""Where a repository lives: a bare repository under an allowed folder, or a listed https or ssh host."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import Forbidden

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"(?P<host>{_LABEL}(?:\.{_LABEL})*(?::[1-9][0-9]{{0,4}})?)"
_WAY = r"(?P<way>[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)/?"
_USER = r"[a-z_][a-z0-9_-]{0,31}"
_HTTPS = re.compile(rf"https://{_HOST}/{_WAY}")
_SSH = re.compile(rf"ssh://{_USER}@{_HOST}/{_WAY}")
_SCP = re.compile(rf"{_USER}@(?P<host>{_LABEL}(?:\.{_LABEL})*):{_WAY}")
_LENGTH = 1024


class RemoteRefused(Forbidden):
    """An address that is not on the allow-list, or of a kind that is never used."""

    code = "AW510"
    fix = "Use https://<allowed host>/<path>, git@<allowed host>:<path> or a bare repository of your own."


@dataclass(frozen=True, slots=True)
class Remote:
    """Made by `parse` only: the address is then safe to hand to git."""

    kind: Literal["local", "https", "ssh"]
    address: str
    host: str = ""

    @classmethod
    def parse(cls, text: str, *, roots: Sequence[Path] = (), hosts: Collection[str] = ()) -> Remote:
        """`roots` are folders whose bare repositories may be used; `hosts` are `name` or `name:port`."""
        if len(text) > _LENGTH or not text.isprintable() or text != text.strip():
            raise RemoteRefused("The address holds control characters, outer spaces, or is too long.")
        for kind, pattern in (("https", _HTTPS), ("ssh", _SSH), ("ssh", _SCP)):
            if match := pattern.fullmatch(text):
                return _listed(kind, text, match, hosts)  # type: ignore[arg-type]  # the two kinds above
        return _local(text, roots)

    @property
    def is_local(self) -> bool:
        return self.kind == "local"

    @property
    def is_partial(self) -> bool:
        """Whether file contents are fetched only when they are read: all history of them would take long."""
        return not self.is_local


def _listed(kind: Literal["https", "ssh"], text: str, match: re.Match[str], hosts: Collection[str]) -> Remote:
    host = match["host"]
    if any(part in {".", ".."} or part.startswith("-") for part in match["way"].split("/")):
        raise RemoteRefused("The address has a `.`, `..` or dashed part in its path.", place=host)
    if host not in hosts:
        raise RemoteRefused(
            f"Host {host} is not on the list of allowed git hosts.",
            place=host,
            fix="Allow the host (AUTOWEAVE_GIT_HOSTS), or choose one of the listed ones.",
            allowed=sorted(hosts),
        )
    return Remote(kind, text.rstrip("/"), host)


def _local(text: str, roots: Sequence[Path]) -> Remote:
    # A colon before a slash means ssh or a transport helper to git, an at sign a login.
    if not text or text.startswith("-") or ":" in text or "@" in text or "\\" in text:
        raise RemoteRefused("The address is neither https, nor ssh, nor a path.")
    path = Path(text).absolute().resolve()
    if not any(path != root.resolve() and path.is_relative_to(root.resolve()) for root in roots):
        raise RemoteRefused("The path is outside the folders whose repositories may be used.")
    if not is_bare(path):
        raise RemoteRefused(
            "The path is not a bare git repository.", fix="Create one with `git init --bare`."
        )
    return Remote("local", str(path))


def is_bare(path: Path) -> bool:
    """Has the three things git itself looks for."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
