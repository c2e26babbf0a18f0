"""Failures in the form that OpenAI's clients read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from core.errors import AppError, Conflict, Invalid, NotFound, Unsupported
from core.http import problems

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class RequestRefused(Invalid):
    """A parameter is wrong, or asks for something that would be left undone."""

    code = "AW970"
    status = 400
    fix = "Leave the parameter out, or see what is taken in GET /openapi.json."


class ModelUnknown(NotFound):
    """No chat graph of this name is served to this caller."""

    code = "AW971"
    fix = "GET /v1/models lists them."


class RunStopped(Conflict):
    """The run was cancelled before it had an answer."""

    code = "AW972"
    fix = "Ask again."


class QuestionUnknown(Unsupported):
    """The graph asks in a form that a chat cannot answer."""

    code = "AW973"
    fix = "Answer it with a client of the Agent Server routes."


class ThreadUnclear(Invalid):
    """The header names a thread in no usable way."""

    code = "AW974"
    status = 400
    fix = "Send one name of at most 200 plain characters, such as a UUID."


def body(error: AppError) -> dict[str, Any]:
    """OpenAI's form; `code` is ours, so that it can be looked up."""
    kind = _TYPES.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
    message = f"{error.message} {error.fix}".strip()
    return {"error": {"message": message, "type": kind, "param": error.place or None, "code": error.code}}


def respond(error: AppError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """With the headers of a problem: when to come back, how to show a key."""
    own = dict(problems.respond(error).headers)
    kept = {name: value for name, value in own.items() if name in ("retry-after", "www-authenticate")}
    return JSONResponse(body(error), error.status, {**kept, **(headers or {})})


def refused(error: RequestValidationError) -> RequestRefused:
    """The first fault by its name, as OpenAI's own API would tell it."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])[:100]
    return RequestRefused(f"{place}: {first['msg']}." if place else f"{first['msg']}.", place=place)
