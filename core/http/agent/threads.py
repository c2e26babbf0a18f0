"""Threads: made, found, changed, removed; their state and its history."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from core.http.agent import answers, bodies, wire
from core.http.agent.assistants import offer
from core.http.agent.bodies import Id, Text
from core.http.agent.refusals import SHOWN, NotOffered, option
from core.http.agent.wire import Json
from core.http.front import Caller, Front, GraphUnknown, Snapshot, Thread, ThreadUnknown

ThreadId = Annotated[Id, Path()]


class CheckpointUnknown(ThreadUnknown):
    """The thread has no checkpoint of this id."""

    fix = "POST /threads/{id}/history lists the checkpoints."


_PAGE = 100
_MOST = 10_000


def router(front: Front, known: Any) -> APIRouter:
    routes = APIRouter()
    _threads(routes, front, known)
    _searches(routes, front, known)
    _states(routes, front, known)
    _refuse_writes(routes, known)
    return routes


def _threads(routes: APIRouter, front: Front, known: Any) -> None:
    @routes.post("/threads", response_model=answers.Thread)
    async def create(body: bodies.ThreadCreate, caller: Caller = known) -> Json:
        made = await front.threads.create(
            caller,
            thread=body.thread_id or "",
            metadata=body.metadata or {},
            if_exists=body.if_exists or "raise",
        )
        return Json(wire.thread(made))

    @routes.get("/threads/{thread_id}", response_model=answers.Thread)
    async def get(thread_id: ThreadId, caller: Caller = known) -> Json:
        return Json(wire.thread(await front.threads.get(caller, thread_id)))

    @routes.patch("/threads/{thread_id}", response_model=answers.Thread)
    async def change(thread_id: ThreadId, body: bodies.ThreadPatch, caller: Caller = known) -> Json:
        changed = await front.threads.change(caller, thread_id, metadata=body.metadata or {})
        return Json(wire.thread(changed or await front.threads.get(caller, thread_id)))

    @routes.delete("/threads/{thread_id}", status_code=204)
    async def remove(thread_id: ThreadId, caller: Caller = known) -> Response:
        await front.threads.change(caller, thread_id, metadata=None)
        return Response(status_code=204)


def _searches(routes: APIRouter, front: Front, known: Any) -> None:
    @routes.post("/threads/search", response_model=list[answers.Thread])
    async def search(body: bodies.ThreadSearch, caller: Caller = known) -> Json:
        start, limit = body.offset or 0, body.limit or 10
        metadata = _wanted(front, caller, body.metadata)
        if body.ids is None and body.sort_by is None and body.sort_order is None:
            found = await _some(front, caller, metadata, body.status, limit=limit, offset=start)
            return Json(wire.chosen([wire.thread(one) for one in found], body.select))
        rows = [
            wire.thread(one)
            for one in await _some(front, caller, metadata, body.status, limit=_MOST, offset=0)
        ]
        if body.ids is not None:
            rows = [row for row in rows if row["thread_id"] in body.ids]
        rows.sort(key=lambda row: str(row[body.sort_by or "created_at"]), reverse=body.sort_order != "asc")
        return Json(wire.chosen(rows[start : start + limit], body.select))

    @routes.post("/threads/count", response_model=int)
    async def count(body: bodies.ThreadFilter, caller: Caller = known) -> Json:
        metadata = _wanted(front, caller, body.metadata)
        return Json(len(await _some(front, caller, metadata, body.status, limit=_MOST, offset=0)))


def _states(routes: APIRouter, front: Front, known: Any) -> None:
    @routes.get("/threads/{thread_id}/state", response_model=answers.State)
    async def state(
        thread_id: ThreadId,
        subgraphs: bool = False,
        checkpoint_id: Annotated[Text | None, Query()] = None,
        caller: Caller = known,
    ) -> Json:
        return await _state(front, caller, thread_id, checkpoint_id or "", subgraphs=subgraphs)

    @routes.get("/threads/{thread_id}/state/{checkpoint_id}", response_model=answers.State)
    async def state_at(
        thread_id: ThreadId,
        checkpoint_id: Annotated[Text, Path()],
        subgraphs: bool = False,
        caller: Caller = known,
    ) -> Json:
        return await _state(front, caller, thread_id, checkpoint_id, subgraphs=subgraphs)

    @routes.post("/threads/{thread_id}/state/checkpoint", response_model=answers.State)
    async def state_of(thread_id: ThreadId, body: bodies.StateAt, caller: Caller = known) -> Json:
        at = body.checkpoint
        if at.thread_id not in (None, thread_id):
            raise option("checkpoint.thread_id", "the path names the thread")
        return await _state(front, caller, thread_id, at.checkpoint_id or "", subgraphs=bool(body.subgraphs))

    @routes.post("/threads/{thread_id}/history", response_model=list[answers.State])
    async def history(thread_id: ThreadId, body: bodies.HistoryBody, caller: Caller = known) -> Json:
        found = await front.threads.get(caller, thread_id)
        past = await _past(front, caller, thread_id, body) if found.graph else []
        return Json([wire.snapshot(thread_id, one) for one in past])


async def _past(front: Front, caller: Caller, thread: str, body: bodies.HistoryBody) -> list[Snapshot]:
    """From the checkpoint that is named, itself included, or from the one before which; else from the end."""
    limit, before = body.limit or 10, _before(body.before)
    _own(thread, body.checkpoint)
    first: list[Snapshot] = []
    if body.checkpoint and body.checkpoint.checkpoint_id:
        before = body.checkpoint.checkpoint_id
        first = [await _snapshot(front, caller, thread, before)]
    rest = await front.snapshots.history(caller, thread, limit=limit, before=before)
    return [*first, *rest][:limit]


async def _state(front: Front, caller: Caller, thread: str, checkpoint: str, *, subgraphs: bool) -> Json:
    found = await front.threads.get(caller, thread)
    if not found.graph:
        if checkpoint:
            raise CheckpointUnknown("The thread has no such checkpoint.")
        return Json(wire.unborn(thread))
    if subgraphs and any(True for _ in offer(front, caller, found.graph).graph.get_subgraphs()):
        raise option("subgraphs", f"{found.graph} keeps one state, its own")
    return Json(wire.snapshot(thread, await _snapshot(front, caller, thread, checkpoint)))


async def _snapshot(front: Front, caller: Caller, thread: str, checkpoint: str) -> Snapshot:
    found = await front.snapshots.state(caller, thread, checkpoint)
    if checkpoint and not found.created:
        raise CheckpointUnknown("The thread has no such checkpoint.")
    return found


def _own(thread: str, checkpoint: bodies.Checkpoint | None) -> None:
    if checkpoint and checkpoint.thread_id not in (None, thread):
        raise option("checkpoint.thread_id", "the path names the thread")


def _before(asked: str | bodies.Before | bodies.Checkpoint | None) -> str:
    at = asked.configurable if isinstance(asked, bodies.Before) else asked
    return (at.checkpoint_id if isinstance(at, bodies.Checkpoint) else at) or ""


def _wanted(front: Front, caller: Caller, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """`assistant_id` says the same as `graph_id`, and threads are kept under the latter."""
    wanted = dict(metadata or {})
    if isinstance(named := wanted.get("assistant_id"), str):
        try:
            wanted["graph_id"] = offer(front, caller, named).id
        except GraphUnknown:
            return wanted  # nothing is kept under it, so nothing is found
        del wanted["assistant_id"]
    return wanted


async def _some(
    front: Front, caller: Caller, metadata: Mapping[str, Any], status: str | None, *, limit: int, offset: int
) -> list[Thread]:
    """As many as asked: the front gives a page at a time."""
    found: list[Thread] = []
    while len(found) < limit:
        size = min(_PAGE, limit - len(found))
        page = await front.threads.search(
            caller, metadata=metadata, status=status or "", limit=size, offset=offset + len(found)
        )
        found += page
        if len(page) < size:
            break
    return found


def _refuse_writes(routes: APIRouter, known: Any) -> None:
    async def refuse() -> Json:
        raise NotOffered("State is changed by runs only: start one, or answer what the last one asked.")

    for method, path in (
        ("POST", "/threads/{thread_id}/state"),
        ("PATCH", "/threads/{thread_id}/state"),
        ("POST", "/threads/{thread_id}/copy"),
    ):
        routes.add_api_route(path, refuse, methods=[method], dependencies=[known], **SHOWN)
