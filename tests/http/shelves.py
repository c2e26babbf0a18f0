"""A shelf for the tests of the Model Context Protocol, and an app that serves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from core.errors import AppError, Conflict, Forbidden
from core.http import context, problems
from core.http.context import web
from core.http.front import Caller

KEYS = {"key-a": Caller("a", "anna"), "key-b": Caller("b", "bert")}


class KeyMissing(Forbidden):
    status = 401


class Words(BaseModel):
    text: str = Field(max_length=1000)
    times: int = 1


class Said(BaseModel):
    text: str
    tenant: str


async def say(caller: Caller, given: Words) -> Mapping[str, Any]:
    return {"text": given.text * given.times, "tenant": caller.tenant}


async def refuse(caller: Caller, given: Words) -> Mapping[str, Any]:
    raise Conflict(f"{given.text} is taken.", place="/text", fix="Choose another.")


async def crash(caller: Caller, given: Words) -> Mapping[str, Any]:
    raise ZeroDivisionError("secret detail")


async def page(caller: Caller, values: Mapping[str, str]) -> str:
    return f"{caller.tenant}:{values.get('id', '')}"


async def broken(caller: Caller, values: Mapping[str, str]) -> str:
    raise ZeroDivisionError("secret detail")


def tool(name: str, call: Any, **hints: bool) -> context.Tool:
    return context.Tool(name, name.title(), f"Will {name}.", Words, Said, call, **hints)


SHELF = context.Shelf(
    name="shelf",
    version="1",
    instructions="Say what you want.",
    tools=(
        tool("say", say, is_read_only=True, is_idempotent=True),
        tool("refuse", refuse, is_destructive=True),
        tool("crash", crash),
    ),
    resources=(
        context.Resource("page://index", "index", "Index", "All pages.", page, mime="text/plain"),
        context.Resource("page://of/{id}", "page", "Page", "One page.", page, mime="text/plain"),
        context.Resource("page://broken", "broken", "Broken", "Breaks.", broken),
    ),
    prompts=(
        context.Prompt("greet", "Greet", "Say hello.", {"who": "Whom to greet."}, lambda a: f"Hi {a['who']}"),
    ),
)


def identify(request: Request) -> Caller:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    key = request.headers.get("x-api-key", bearer)
    if key not in KEYS:
        raise KeyMissing("There is no such key.")
    return KEYS[key]


def app(shelf: context.Shelf = SHELF, **options: Any) -> FastAPI:
    made = FastAPI()
    made.include_router(web.router(shelf, identify, **options))

    made.add_exception_handler(AppError, problems.on_app_error)
    return made
