"""Every failure as one form: problem+json (RFC 9457) with our code, the place and the next step.

Nothing a client did not send comes back: no trace, no path of this machine, no library's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.errors import AppError, Bug, Invalid, NotFound

MEDIA = "application/problem+json"
SHOWN = 20


class RouteUnknown(NotFound):
    """There is no such path, or not by this method."""

    code = "AW940"
    fix = "GET /docs lists the paths and their methods."


class RequestInvalid(Invalid):
    """The request's body or parameters are not what this path takes."""

    code = "AW941"
    fix = "Correct what is named; GET /openapi.json holds the schema."


class _Other(Invalid):
    """A framework refused the request."""

    code = "AW941"
    fix = "GET /openapi.json says what this path takes."


class MethodUnknown(RouteUnknown):
    """The path is there, and takes other methods."""

    code = "AW940"
    status: ClassVar[int] = 405


def problem(error: AppError | Mapping[str, Any]) -> dict[str, Any]:
    """The wire form of an error, or of what `AppError.to_dict` gave (a run's problem)."""
    plain = error.to_dict() if isinstance(error, AppError) else error
    status, code = int(plain.get("status") or 500), str(plain.get("code") or "AW000")
    told = {
        "type": "about:blank" if code == "AW000" else f"urn:autoweave:{code}",
        "title": _phrase(status),
        "status": status,
        "detail": str(plain.get("message", "")),
        "code": code,
        "fix": str(plain.get("fix", "")),
        "place": str(plain.get("place", "")),
    }
    return told | ({"facts": plain["facts"]} if plain.get("facts") else {})


def respond(error: AppError, headers: Mapping[str, str] | None = None) -> Response:
    body = orjson.dumps(problem(error), default=str, option=orjson.OPT_NON_STR_KEYS)
    own = {"WWW-Authenticate": 'Bearer realm="autoweave"'} if error.status == 401 else {}
    wait = error.facts.get("retry_after_s")
    return Response(
        body,
        error.status,
        {**own, **({"Retry-After": str(wait)} if wait is not None else {}), **(headers or {})},
        media_type=MEDIA,
    )


def unexpected(request_id: str) -> Response:
    """A bug's answer says nothing but the id under which the log has the rest."""
    return respond(
        Bug("We broke a promise of our own.", fix=f"Look for {request_id} in the log.", request=request_id)
    )


def from_validation(errors: Sequence[Mapping[str, Any]]) -> RequestInvalid:
    """Pydantic's findings by JSON pointer, without the input they were found in."""
    found = [{"place": _pointer(each.get("loc", ())), "message": str(each.get("msg", ""))} for each in errors]
    first = found[0] if found else {"place": "", "message": "The request does not fit."}
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    return RequestInvalid(first["message"] + more, place=first["place"], errors=found[:SHOWN])


async def on_app_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return respond(error)


async def on_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return respond(from_validation(error.errors()))


async def on_http(_: Request, error: Exception) -> Response:
    """What Starlette, FastAPI and LangServe refuse by themselves."""
    assert isinstance(error, HTTPException)
    return respond(_translated(error), error.headers)


def _translated(error: HTTPException) -> AppError:
    if error.status_code == 404:
        return RouteUnknown("There is nothing at this path.")
    if error.status_code == 405:
        return MethodUnknown("This path takes other methods; the Allow header names them.")
    if error.status_code >= 500:
        made: AppError = Bug(_phrase(error.status_code))
    else:
        made = _Other(str(error.detail)[:500])
    made.status = error.status_code  # type: ignore[misc]  # the framework chose it, not a class of ours
    return made


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _pointer(loc: Sequence[Any]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)
