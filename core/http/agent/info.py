"""What the server is, for clients that ask before they begin."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from core.http.agent import answers
from core.http.agent.wire import Json
from core.version import VERSION


def router(known: Any) -> APIRouter:
    routes = APIRouter(dependencies=[known])
    about = {
        "version": VERSION,
        "langgraph_py_version": version("langgraph"),
        "flags": {"assistants": True, "crons": False, "langsmith": False},
    }

    @routes.get("/ok", response_model=answers.Ok)
    async def ok() -> Json:
        return Json({"ok": True})

    @routes.get("/info", response_model=answers.Info)
    async def info() -> Json:
        return Json(about)

    return routes
