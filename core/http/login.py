"""The way in for a browser: a key is shown once, and a session kept in its place."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from core.http import pages
from core.http import scope as scopes
from core.http.identity import Door, KeyRefused, OriginRefused, digest, is_own
from core.http.problems import RequestInvalid
from core.http.sessions import COOKIE, LIFE_S, Sessions

PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["key"],
                    "properties": {"key": {"type": "string"}, "next": {"type": "string"}},
                }
            }
        },
    }
}


def router(door: Door, sessions: Sessions, *, now: Callable[[], float] = time.time) -> APIRouter:
    routes = APIRouter(tags=["sign-in"])

    @routes.get("/login", response_class=HTMLResponse, summary="A page that asks for a key")
    async def ask(next: str = "/docs") -> HTMLResponse:  # noqa: A002  # it is the parameter's name
        return HTMLResponse(_page(_local(next)))

    @routes.post(
        "/login",
        response_class=RedirectResponse,
        status_code=303,
        summary="Start a session",
        openapi_extra=FORM,
        responses={401: {"description": "The key is not valid", "content": PAGE}},
    )
    async def start(request: Request) -> Response:
        _same_origin(request)
        form = _fields(await request.body())
        text = form.get("key", "").strip()
        try:
            await door.by_text(text)
        except KeyRefused:
            return HTMLResponse(_page(_local(form.get("next", "/docs")), "This key is not valid."), 401)
        answer = RedirectResponse(_local(form.get("next", "/docs")), 303)
        answer.set_cookie(
            COOKIE,
            sessions.value(digest(text), now()),
            max_age=LIFE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post("/logout", response_class=HTMLResponse, summary="End the session")
    async def end(request: Request) -> HTMLResponse:
        _same_origin(request)
        answer = HTMLResponse(_page("/docs"))
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    return routes


def _same_origin(request: Request) -> None:
    origin = scopes.headers(request.scope).get(b"origin")
    if origin is not None and not is_own(request.scope, origin):
        raise OriginRefused("The page that asks is not of this server.")


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("latin-1"), max_num_fields=10))
    except ValueError as error:
        raise RequestInvalid("The form has too many fields.", place="/body") from error


def _local(target: str) -> str:
    """A path of this server and of no other: `//host` and `/\\host` lead away."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isascii() and target.isprintable() else "/docs"


def _page(target: str, problem: str = "") -> str:
    told = f"<p role=alert>{html.escape(problem)}</p>" if problem else ""
    return pages.page(
        "Sign in",
        f"""{told}<form method=post action=/login>
<label>API key <input name=key type=password autocomplete=off required autofocus></label>
<input type=hidden name=next value="{html.escape(target, quote=True)}">
<button>Sign in</button></form>""",
    )
