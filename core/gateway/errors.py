"""What the gateway says when no model answers, or none may be asked."""

from __future__ import annotations

from typing import ClassVar

from core.errors import Invalid, TooLarge, Unavailable, Unsupported


class ModelsUnavailable(Unavailable):
    """Every seat was tried or rests. `facts["passed"]` says why, seat by seat."""

    code = "AW910"
    fix = "Try again later, or run without a model: every command line verb works without one."


class BudgetExceeded(TooLarge):
    """The input is longer than one call may be. Nothing was sent."""

    code = "AW911"
    fix = "Give less text at once: name a document instead of pasting it."


class BudgetSpent(BudgetExceeded):
    """The tenant has used up what it may spend in a day."""

    code = "AW912"
    status: ClassVar[int] = 429
    retryable = True
    fix = "Wait until the budget is renewed at 0:00 UTC, or have it raised."


class ModelMissing(Unsupported):
    """What talks to this kind of model is not installed."""

    code = "AW913"
    fix = "Run `uv sync --group assistant`."


class SeatInvalid(Invalid):
    """The seats cannot be used as they were described."""

    code = "AW914"
    fix = "Correct the settings of the model."
