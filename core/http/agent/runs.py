"""Runs that begin: on a thread or without one; waited for, streamed, or left to go on by themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response, StreamingResponse

from core.http.agent import answers, bodies, sse, wire
from core.http.agent.asking import modes, plain, started, tuples
from core.http.agent.bodies import Id
from core.http.agent.wire import Json
from core.http.front import Caller, Front, Ticket

ThreadId = Annotated[Id, Path()]
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events"}
}
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_GONE = 499


class Leaving:
    """Ends runs whose client went away, beyond the life of the request that noticed it."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._going: set[asyncio.Task[None]] = set()

    def of(self, caller: Caller, ticket: Ticket) -> Callable[[], None]:
        return lambda: self.cancel(caller, ticket.run)

    def cancel(self, caller: Caller, run: str) -> None:
        task = asyncio.ensure_future(self._front.runs.cancel(caller, run))
        self._going.add(task)
        task.add_done_callback(self._going.discard)


def router(front: Front, known: Any, leaving: Leaving) -> APIRouter:
    routes = APIRouter()
    _stateless(routes, front, known, leaving)
    _threaded(routes, front, known, leaving)
    return routes


def _stateless(routes: APIRouter, front: Front, known: Any, leaving: Leaving) -> None:
    @routes.post("/runs/wait", response_model=dict[str, Any])
    async def wait(request: Request, body: bodies.RunBody, caller: Caller = known) -> Response:
        return await _waited(front, leaving, caller, body, thread="", request=request)

    @routes.post("/runs/stream", response_model=None, responses=EVENTS)
    async def stream(body: bodies.RunBody, caller: Caller = known) -> Response:
        return await _streamed(front, leaving, caller, body, thread="")

    @routes.post("/runs", response_model=answers.Run)
    async def create(body: bodies.RunBody, caller: Caller = known) -> Json:
        made = await _left(front, caller, body, "")
        return Json(made, headers=_where(made["thread_id"], made["run_id"]))

    @routes.post("/runs/batch", response_model=list[answers.Run])
    async def batch(body: bodies.Batch, caller: Caller = known) -> Json:
        return Json([await _left(front, caller, one, "") for one in body])


def _threaded(routes: APIRouter, front: Front, known: Any, leaving: Leaving) -> None:
    @routes.post("/threads/{thread_id}/runs/wait", response_model=dict[str, Any])
    async def wait(
        request: Request, thread_id: ThreadId, body: bodies.RunBody, caller: Caller = known
    ) -> Response:
        return await _waited(front, leaving, caller, body, thread=thread_id, request=request)

    @routes.post("/threads/{thread_id}/runs/stream", response_model=None, responses=EVENTS)
    async def stream(thread_id: ThreadId, body: bodies.RunBody, caller: Caller = known) -> Response:
        return await _streamed(front, leaving, caller, body, thread=thread_id)

    @routes.post("/threads/{thread_id}/runs", response_model=answers.Run)
    async def create(thread_id: ThreadId, body: bodies.RunBody, caller: Caller = known) -> Json:
        made = await _left(front, caller, body, thread_id)
        return Json(made, headers=_where(thread_id, made["run_id"]))


async def _waited(
    front: Front, leaving: Leaving, caller: Caller, body: bodies.RunBody, *, thread: str, request: Request
) -> Response:
    one, ticket = await started(front, caller, body, thread=thread, streams=False)
    if body.on_disconnect != "cancel":
        outcome = await ticket.outcome()
    else:
        done = asyncio.ensure_future(ticket.outcome())
        await _either(done, request)
        if not done.done():
            leaving.cancel(caller, ticket.run)
            done.cancel()
            return Response(status_code=_GONE)
        outcome = done.result()
    headers = _where(ticket.thread, ticket.run)
    if one.is_durable:
        headers["Location"] = f"/threads/{ticket.thread}/runs/{ticket.run}/join"
    return Json(wire.result(outcome), headers=headers)


async def _either(done: "asyncio.Future[Any]", request: Request) -> None:
    """Until it is done, or the client went away: the body is read, so nothing else can come."""
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()


async def _streamed(
    front: Front, leaving: Leaving, caller: Caller, body: bodies.RunBody, *, thread: str
) -> Response:
    one, ticket = await started(front, caller, body, thread=thread)
    asked = modes(body)
    view = sse.View(
        frozenset(plain(asked)),
        ticket.thread,
        has_subgraphs=bool(body.stream_subgraphs),
        has_tuples=tuples(asked),
    )
    headers = HEADERS | _where(ticket.thread, ticket.run)
    if one.is_durable:
        headers["Location"] = f"/threads/{ticket.thread}/runs/{ticket.run}/stream"
    leave = leaving.of(caller, ticket) if body.on_disconnect == "cancel" else None
    return events(sse.stream(ticket, view, on_leave=leave), headers)


def events(frames: AsyncIterator[bytes], headers: dict[str, str]) -> StreamingResponse:
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)


async def _left(front: Front, caller: Caller, body: bodies.RunBody, thread: str) -> dict[str, Any]:
    """A run that goes on by itself."""
    one, ticket = await started(front, caller, body, thread=thread, background=True)
    return wire.run(ticket.run, ticket.thread, one.id, "admitted", body.metadata or {})


def _where(thread: str, run: str) -> dict[str, str]:
    """SDKs read the run's and the thread's id from here."""
    return {"Content-Location": f"/threads/{thread}/runs/{run}" if thread else f"/runs/{run}"}
