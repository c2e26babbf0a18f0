"""What GitHub refuses, each with its own next step. Its words are quoted short and made plain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from core.errors import AppError, Conflict, Forbidden, Invalid, NotFound, Unavailable

_QUOTED: Final = 200


class TokenRefused(Forbidden):
    """401: GitHub does not know the token."""

    code = "AW391"
    fix = "Check GITHUB_TOKEN: it is wrong, expired or revoked."


class PermissionMissing(Forbidden):
    """403: GitHub knows the token, and it may not do this."""

    code = "AW392"
    fix = "Check the token's access to the repository: contents and pull requests, read and write."


class RateLimited(Unavailable):
    """403 or 429: too many requests, by the hour or at once."""

    code = "AW393"
    fix = "Wait, or go on with the copy that is kept; a token raises the limit."


class GithubMissing(NotFound):
    """404: it does not exist, or this token may not see that it does."""

    code = "AW394"
    fix = "Check `repository` and `branch`, and that the token may read the repository."


class GithubConflict(Conflict):
    """409, or a branch that already holds something else."""

    code = "AW395"
    fix = "Raise the version, or delete the branch."


class GithubRefused(Invalid):
    """422: GitHub understands what is asked, and refuses it."""

    code = "AW396"
    fix = "Look at what GitHub says; a pull request that exists already is updated, not made anew."


class GithubAway(Unavailable):
    """5xx, no connection, or half an answer."""

    code = "AW397"
    fix = "Try again later: what was done already is found and used."


class RepositoryMoved(Conflict):
    """301 and its kin: the repository has another name or owner now."""

    code = "AW398"
    fix = "If you trust the new owner, name the new place in `repository` of config/factory.yaml."


def of(status: int, headers: Mapping[str, str], body: bytes, place: str) -> AppError:
    """The error that an answer is. `headers` are by their names in small letters."""
    said = _said(body)
    if 300 <= status < 400:
        return RepositoryMoved("GitHub says that this is elsewhere now; that is not followed.", place=place)
    if status == 429 or (status == 403 and _is_limit(headers, said)):
        return _limited(headers, said, place)
    if status == 403 and headers.get("x-accepted-github-permissions"):
        said += f"; needed is {_plain(headers['x-accepted-github-permissions'])}"
    kind = _KINDS.get(status, GithubAway if status >= 500 else GithubRefused)
    return kind(f"GitHub answered {status}{': ' + said if said else ''}.", place=place, github=status)


_KINDS: Final[Mapping[int, type[AppError]]] = {
    401: TokenRefused, 403: PermissionMissing, 404: GithubMissing, 409: GithubConflict, 422: GithubRefused,
}  # fmt: skip


def _is_limit(headers: Mapping[str, str], said: str) -> bool:
    """A limit and a missing permission are both 403; only the headers and the words differ."""
    spent = headers.get("x-ratelimit-remaining", "").strip() == "0"
    return spent or "retry-after" in headers or "rate limit" in said.lower() or "abuse" in said.lower()


def _limited(headers: Mapping[str, str], said: str, place: str) -> RateLimited:
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    facts: dict[str, Any] = {}
    when = "a minute from now is early enough"  # GitHub's advice where it names no time
    if after.isascii() and after.isdigit() and len(after) < 7:
        facts["retry_after_s"] = int(after)
        when = f"it can be asked again in {int(after)} s"
    elif reset.isascii() and reset.isdigit() and len(reset) < 12:
        facts["resets_at"] = _moment(int(reset))
        when = f"it can be asked again at {facts['resets_at']}"
    words = f" ({said})" if said else ""
    return RateLimited(f"GitHub's limit of requests is reached{words}; {when}.", place=place, **facts)


def _moment(epoch_s: int) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415  # only a limit needs it

    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _said(body: bytes) -> str:
    """GitHub's message, and those of the single fields."""
    try:
        found = json.loads(body[:20_000])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    errors = found.get("errors")
    more = (
        [each.get("message") for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    )
    words = [each for each in (found.get("message"), *more) if isinstance(each, str)]
    return _plain("; ".join(words)).rstrip(".")


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text[:_QUOTED])
