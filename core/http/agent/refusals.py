"""What the Agent Server interface has and this server does not do, said by name."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from core.errors import Conflict, Forbidden, Invalid


class OptionRefused(Invalid):
    """An option of the interface that this server cannot keep."""

    code = "AW956"
    fix = "Leave the option out; `./autoweave explain AW956` lists those that are taken."


class NotOffered(Forbidden):
    """An operation of the interface that this server does not have."""

    code = "AW957"
    fix = "`./autoweave explain AW957` says what to do instead."


class KeepsNothing(Invalid):
    """A thread or a later answer was asked of a graph whose runs leave nothing behind."""

    code = "AW958"
    fix = "Use POST /runs/wait or /runs/stream: the answer comes with the request."


class NotTheHead(Conflict):
    """A run was to begin at a checkpoint that is not the thread's last one."""

    code = "AW959"
    fix = "Read the thread's state and send that checkpoint, or none; for another past, start a new thread."


SHOWN: dict[str, Any] = {"status_code": 403, "response_model": None, "response_class": Response}
"""How an operation that is only refused stands in the OpenAPI document."""


def option(name: str, why: str) -> OptionRefused:
    return OptionRefused(f"`{name}` is not supported: {why}.", place=f"/{name.replace('.', '/')}")


def absent(value: Any) -> bool:
    """Whether a client that fills in every field left this one empty."""
    return value is None or value in ({}, [], "")
