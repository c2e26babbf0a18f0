"""The kinds of expected failure. A kind fixes the HTTP status and whether a retry can help.

The leaf error lives beside the function that raises it, inherits a kind and carries a code
(`AW…`) that `./autoweave explain` knows. Nothing here knows a leaf.
"""

from __future__ import annotations

from typing import Any, ClassVar

_leaves: dict[str, type[AppError]] = {}


class AppError(Exception):
    """An expected failure: what was wrong, where, and what to do next.

    `place` is a file, `file:line` or JSON pointer; `fix` is the next step for the person who
    reads it; `facts` are plain values and never hold a secret.
    """

    code: ClassVar[str] = "AW000"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    fix: str = ""

    def __init__(self, message: str, *, place: str = "", fix: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.fix = fix or type(self).fix
        self.facts = facts

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            _leaves[cls.code] = cls

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what a run's `problem`, a problem+json answer and a child's report hold."""
        return {
            "code": self.code,
            "message": self.message,
            "place": self.place,
            "fix": self.fix,
            "status": self.status,
            "facts": self.facts,
        }


class Invalid(AppError):
    """What we were given is wrong. The same input will fail again."""

    status = 422


class TooLarge(Invalid):
    """What we were given is over a limit."""

    status = 413


class NotFound(AppError):
    """What was named does not exist."""

    status = 404


class Forbidden(AppError):
    """It exists or could be done, but not for this caller or not by these rules."""

    status = 403


class Conflict(AppError):
    """The world moved since the caller looked."""

    status = 409


class Unavailable(AppError):
    """Something we depend on does not answer. Trying later may work."""

    status = 503
    retryable = True


class Unsupported(AppError):
    """This machine or this version cannot do it. Another one may."""

    status = 501


class Bug(AppError):
    """We broke a promise of our own."""

    code = "AW999"


def revive(payload: dict[str, Any]) -> AppError:
    """The error that `to_dict` wrote, as its own class where that class is loaded.

    The payload may come from a confined child: only a class that is already loaded and known
    by its code is used, nothing is imported.
    """
    code = str(payload.get("code", ""))
    facts = payload.get("facts")
    error = _leaves.get(code, _kind(payload.get("status")))(
        str(payload.get("message", "")),
        place=str(payload.get("place", "")),
        fix=str(payload.get("fix", "")),
        **{str(k): v for k, v in facts.items() if k not in _RESERVED} if isinstance(facts, dict) else {},
    )
    if code not in _leaves:
        error.code = code  # type: ignore[misc]  # the instance keeps the code its class did not bring
    return error


_RESERVED = frozenset({"self", "message", "place", "fix"})
_KINDS: tuple[type[AppError], ...] = (
    Invalid,
    TooLarge,
    NotFound,
    Forbidden,
    Conflict,
    Unavailable,
    Unsupported,
)


def _kind(status: Any) -> type[AppError]:
    return next((kind for kind in _KINDS if kind.status == status), AppError)
