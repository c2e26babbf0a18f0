"""What git says on failure, turned into our errors once. Texts are those of git under LC_ALL=C."""

from __future__ import annotations

import re

from core.errors import AppError, Forbidden, NotFound, Unavailable

_DAMAGE = re.compile(
    r"bad object|loose object|corrupt|unable to read|not a git repository: |invalid object"
    r"|missing (blob|tree|commit)"
    r"|\.lock': File exists|could not parse|bad config|packfile|not a (valid object|tree object|valid commit)"
    r"|unable to find|broken link|cannot lock ref|unable to update local ref"
    r"|did not send all necessary objects|bad signature|pack has bad|index-pack",
    re.IGNORECASE,
)
_ACCESS = re.compile(
    r"authentication failed|could not read username|permission denied|returned error: 40[13]|access denied"
    r"|dubious ownership|host key verification failed|invalid credentials",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"does not appear to be a git repository|repository .*not found|returned error: 404|does not exist"
    r"|invalid gitfile",
    re.IGNORECASE,
)


class CacheBroken(Unavailable):
    """The local clone is damaged. It is thrown away; seen here, a fresh one was damaged too."""

    code = "AW519"
    fix = "Check the disk for space and errors and the remote with `git fsck`, then try again."


class RemoteDown(Unavailable):
    """The git remote does not answer, or not as git."""

    code = "AW514"
    fix = "Check that the remote answers (`git ls-remote <address>`), then try again: nothing was published."


class RemoteMissing(NotFound):
    """There is no repository at this address, or none this login may see."""

    code = "AW515"
    fix = "Check the address; hosts also say this when the token may not see the repository."


class AccessRefused(Forbidden):
    """The remote refused our login."""

    code = "AW516"
    fix = "Check that the token or ssh key is valid and may write to this repository."


def translate(error: str) -> AppError:
    """The error for a failed conversation with the remote. What is not known is held to be passing."""
    if _DAMAGE.search(error) and "remote:" not in error:
        return CacheBroken(f"Git objects are damaged: {error}")
    if _ACCESS.search(error):
        return AccessRefused(f"The git remote refused access: {error}")
    if _MISSING.search(error):
        return RemoteMissing(f"The git remote has no such repository: {error}")
    return RemoteDown(f"The git remote failed: {error or 'no reason given'}")
