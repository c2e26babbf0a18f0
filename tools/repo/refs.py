"""Our own grammar for branch and tag names, narrower than git's: nothing here can become an option."""

from __future__ import annotations

import re

from core.errors import Invalid

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"
_BRANCH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(
    r"bld/[a-z0-9][a-z0-9-]{0,62}/[0-9]{8}T?[0-9]{6}Z?-(?P<key8>[0-9a-f]{8})/[a-z0-9][a-z0-9._-]{0,62}"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LENGTH = 200


class RefRefused(Invalid):
    """A branch, tag or commit name outside the grammar."""

    code = "AW511"
    fix = "Name branches like main or tenant/acme: letters, digits, dots, dashes and single slashes."


def branch(name: str) -> str:
    """The name, when it is a plain branch name such as `main` or `tenant/acme`."""
    plain = len(name) <= _LENGTH and _BRANCH.fullmatch(name) is not None
    if not plain or ".." in name or name.startswith("refs/") or name == "HEAD" or _ends_locked(name):
        raise RefRefused(f"Branch name {name[:80]!a} is refused.")
    return name


def tag(name: str, build_key: str) -> str:
    """The name, when it is `bld/<slug>/<time>-<key8>/<target>` and carries this build's key."""
    match = _TAG.fullmatch(name)
    if match is None or ".." in name or name.endswith(".") or _ends_locked(name):
        raise RefRefused(
            f"Tag name {name[:80]!a} is refused.",
            fix="Name tags bld/<slug>/<YYYYMMDDTHHMMSSZ>-<first 8 of the build key>/<target>.",
        )
    if match["key8"] != build_key[:8]:
        raise RefRefused(
            f"Tag {name} carries another build's key.", fix="Use the first 8 digits of the build key."
        )
    return name


def commit(name: str) -> str:
    """A full object name in lower-case hex; abbreviations can change their meaning."""
    if not _COMMIT.fullmatch(name):
        raise RefRefused(f"Commit {name[:80]!a} is refused.", fix="Give the full 40-digit commit name.")
    return name


def _ends_locked(name: str) -> bool:
    return any(part.endswith(".lock") for part in name.split("/"))
