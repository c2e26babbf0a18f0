"""What can go wrong with a confined call. The codes are AW601 to AW612."""

from __future__ import annotations

from typing import Any

from core import errors


class SandboxUnavailable(errors.Unsupported):
    """The wanted level cannot be had on this machine. Nothing ran."""

    code = "AW601"
    fix = "Run on Linux 5.13 or newer, or accept weaker walls with `--sandbox process`."


class _WithPrinted:
    """The tail of what the child printed: for a log, not for a client, so not in the facts."""

    printed: str = ""


class ChildFailed(_WithPrinted, errors.Bug):
    """The function raised something that is not one of our expected failures."""

    code = "AW602"
    fix = "This is a fault in AutoWeave: please report it with the input that caused it."


class OutOfTime(_WithPrinted, errors.TooLarge):
    """The child used up its processor seconds."""

    code = "AW603"
    fix = "Make the input smaller or simpler, or raise the CPU limit."


class DeadlinePassed(_WithPrinted, errors.Unavailable):
    """The child did not answer in time and was killed. A busy machine can be the cause."""

    code = "AW604"
    fix = "Try again on a less busy machine, or make the input smaller."


class OutOfMemory(_WithPrinted, errors.TooLarge):
    """The child wanted more memory than it may have."""

    code = "AW605"
    fix = "Make the input smaller or simpler, or raise the memory limit."


class OutputTooLarge(_WithPrinted, errors.TooLarge):
    """The child's answer, or what it printed, is over the limit."""

    code = "AW606"
    fix = "Make the input smaller, or raise the output limit."


class ChildDied(_WithPrinted, errors.Bug):
    """The child ended without an answer: a crash in native code, or someone killed it."""

    code = "AW607"
    fix = "Try again; if it happens again with the same input, please report it with the input."


class ScratchFull(_WithPrinted, errors.TooLarge):
    """The child filled its private folder."""

    code = "AW608"
    fix = "Make the input smaller, or raise the file limits."


class TooDeep(_WithPrinted, errors.TooLarge):
    """The function recursed too deeply: the input is nested more than it can follow."""

    code = "AW609"
    fix = "Flatten the input."


class AnswerRefused(_WithPrinted, errors.Bug):
    """The child's answer is not plain data in the agreed form. It was not used."""

    code = "AW610"
    fix = "This is a fault in AutoWeave: please report it with the input that caused it."


class StartFailed(errors.Unavailable):
    """The sandbox's process did not come up."""

    code = "AW611"
    fix = "Run `./autoweave doctor`; it says what this machine lacks."


class CallRefused(errors.Bug):
    """The call itself is wrong: not `module:function`, not plain data, or the sandbox is closed."""

    code = "AW612"
    fix = "This is a fault in AutoWeave: please report it."


def with_printed(error: errors.AppError, printed: str) -> errors.AppError:
    """The same error, carrying what the child printed."""
    if isinstance(error, _WithPrinted):
        error.printed = printed
    return error


def revived(payload: Any) -> errors.AppError | None:
    """The expected failure a child reports, or None where the report is not well formed.

    The child is not trusted: a sandbox's own code cannot come from inside it.
    """
    if not isinstance(payload, dict) or not all(isinstance(payload.get(k), str) for k in _WORDS):
        return None
    code = payload["code"]
    if not (code.startswith("AW") and code[2:].isdigit() and len(code) == 5) or code.startswith("AW6"):
        return None
    if not isinstance(payload.get("status"), int) or not isinstance(payload.get("facts"), dict):
        return None
    words = {key: payload[key][:_LONGEST] for key in _WORDS}
    return errors.revive({**payload, **words})


_WORDS = ("code", "message", "place", "fix")
_LONGEST = 20_000
