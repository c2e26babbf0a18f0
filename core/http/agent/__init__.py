"""The part of LangGraph's Agent Server interface that its clients need: threads, runs, assistants.

Translation only: what a run is, who may see it and what survives is the front's. An option that
cannot be kept is refused by name; none is read and forgotten.
"""

from collections.abc import Callable

from fastapi import APIRouter, Depends, Request

from core.http.agent import assistants, following, info, runs, threads
from core.http.front import Caller, Front


def router(front: Front, identify: Callable[[Request], Caller]) -> APIRouter:
    async def who(request: Request) -> Caller:
        return identify(request)

    known = Depends(who)
    routes = APIRouter(tags=["agent server"])
    routes.include_router(info.router(known))
    routes.include_router(assistants.router(front, known))
    routes.include_router(threads.router(front, known))
    leaving = runs.Leaving(front)
    routes.include_router(runs.router(front, known, leaving))
    routes.include_router(following.router(front, known, leaving))
    return routes
