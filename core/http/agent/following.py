"""Runs that began: how they stand, their events so far and to come, their end before its time."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Path, Query
from pydantic import BeforeValidator
from starlette.responses import Response

from core.http.agent import answers, bodies, sse, wire
from core.http.agent.asking import plain, tuples
from core.http.agent.bodies import Id, Limit, Offset, StreamMode
from core.http.agent.refusals import SHOWN, NotOffered, option
from core.http.agent.runs import EVENTS, HEADERS, Leaving, events
from core.http.agent.wire import Json
from core.http.front import Caller, Front, Thread, ThreadUnknown, Ticket

ThreadId = Annotated[Id, Path()]
RunId = Annotated[Id, Path()]


def _spelled(value: Any) -> Any:
    """The Python client writes no modes as `stream_mode=`, the JavaScript one several as a JSON list."""
    words = [each for each in value if each] if isinstance(value, list) else value
    if isinstance(words, list) and len(words) == 1 and words[0].startswith("["):
        try:
            return orjson.loads(words[0])
        except orjson.JSONDecodeError:
            return words
    return words


Modes = Annotated[list[StreamMode], BeforeValidator(_spelled)]
ALL: tuple[StreamMode, ...] = ("values", "updates", "messages", "messages-tuple", "custom", "debug")


class RunUnknown(ThreadUnknown):
    """There is no such run on this thread, or it is another tenant's: the answer is the same."""

    fix = "GET /threads/{id}/runs lists the runs of a thread."


def router(front: Front, known: Any, leaving: Leaving) -> APIRouter:
    routes = APIRouter()
    _looks(routes, front, known)
    _joins(routes, front, known, leaving)
    _ends(routes, front, known)
    return routes


def _looks(routes: APIRouter, front: Front, known: Any) -> None:
    @routes.get("/threads/{thread_id}/runs", response_model=list[answers.Run])
    async def listed(
        thread_id: ThreadId,
        limit: Annotated[Limit, Query()] = 10,
        offset: Annotated[Offset, Query()] = 0,
        status: Literal["pending", "running", "error", "success", "timeout", "interrupted"] | None = None,
        caller: Caller = known,
    ) -> Json:
        thread = await front.threads.get(caller, thread_id)
        newest = list(reversed(thread.runs))
        if status is None:
            newest = newest[offset : offset + limit]
        rows = [await _row(front, caller, thread, run) for run in newest]
        if status is not None:
            rows = [row for row in rows if row["status"] == status][offset : offset + limit]
        return Json(rows)

    @routes.get("/threads/{thread_id}/runs/{run_id}", response_model=answers.Run)
    async def get(thread_id: ThreadId, run_id: RunId, caller: Caller = known) -> Json:
        await _found(front, caller, thread_id, run_id)
        thread = await front.threads.get(caller, thread_id)
        return Json(await _row(front, caller, thread, run_id))


def _joins(routes: APIRouter, front: Front, known: Any, leaving: Leaving) -> None:
    @routes.get("/threads/{thread_id}/runs/{run_id}/join", response_model=dict[str, Any])
    async def join(thread_id: ThreadId, run_id: RunId, caller: Caller = known) -> Json:
        ticket = await _found(front, caller, thread_id, run_id)
        return Json(wire.result(await ticket.outcome()))

    @routes.get("/threads/{thread_id}/runs/{run_id}/stream", response_model=None, responses=EVENTS)
    async def stream(
        *,
        thread_id: ThreadId,
        run_id: RunId,
        stream_mode: Annotated[Modes | None, Query()] = None,
        cancel_on_disconnect: bool = False,
        last_event_id: Annotated[int, Header(ge=-1, le=2**53)] = -1,
        caller: Caller = known,
    ) -> Response:
        ticket = await _found(front, caller, thread_id, run_id)
        asked = stream_mode or ALL
        view = sse.View(frozenset(plain(asked)), thread_id, has_subgraphs=True, has_tuples=tuples(asked))
        leave = leaving.of(caller, ticket) if cancel_on_disconnect else None
        return events(sse.stream(ticket, view, after=last_event_id, on_leave=leave), HEADERS)


def _ends(routes: APIRouter, front: Front, known: Any) -> None:
    @routes.post("/threads/{thread_id}/runs/{run_id}/cancel", status_code=202, response_class=Response)
    async def cancel(
        thread_id: ThreadId,
        run_id: RunId,
        wait: bool = False,
        action: str = "interrupt",
        caller: Caller = known,
    ) -> Response:
        _only_interrupt(action)
        ticket = await _found(front, caller, thread_id, run_id)
        await front.runs.cancel(caller, run_id)
        if wait:
            await ticket.outcome()
        return Response(status_code=202)

    @routes.post("/runs/cancel", status_code=202, response_class=Response)
    async def cancel_many(
        body: bodies.CancelBody, action: str = "interrupt", caller: Caller = known
    ) -> Response:
        _only_interrupt(action)
        for run in body.run_ids:
            await _found(front, caller, body.thread_id, run)
        for run in body.run_ids:
            await front.runs.cancel(caller, run)
        return Response(status_code=202)

    @routes.delete("/threads/{thread_id}/runs/{run_id}", dependencies=[known], **SHOWN)
    async def remove() -> Response:
        raise NotOffered("A run is evidence of what was done, and stays.")


def _only_interrupt(action: str) -> None:
    if action != "interrupt":
        raise option("action", "what a run did is not undone by cancelling it")


async def _found(front: Front, caller: Caller, thread: str, run: str) -> Ticket:
    ticket = await front.runs.find(caller, run)
    if ticket.thread != thread and run not in (await front.threads.get(caller, thread)).runs:
        raise RunUnknown("There is no such run on this thread.")
    return ticket


async def _row(front: Front, caller: Caller, thread: Thread, run: str) -> dict[str, Any]:
    ticket = await front.runs.find(caller, run)
    return wire.run(run, thread.id, ticket.graph, await ticket.state(), {})
