"""What the front says, in the words and bytes of the Agent Server interface."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from core.http.front import Interrupt, Offer, Outcome, Snapshot, State, Thread

# LangGraph's own namespace: the same graph has the same assistant id on both servers.
_GRAPHS = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
_STATUS: Mapping[State, str] = {
    "admitted": "pending",
    "running": "running",
    "waiting": "interrupted",
    "done": "success",
    "failed": "error",
    "cancelled": "interrupted",
}
# Assistants are code, not records: they have no day of their own.
_ALWAYS = "1970-01-01T00:00:00+00:00"
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


class Json(Response):
    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return dumps(content)


def dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS)
    except TypeError:
        # Half a surrogate pair, or a number beyond 64 bits: a model may well have said it.
        return json.dumps(value, default=_plain, ensure_ascii=False).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if hasattr(value, "id") and hasattr(value, "value"):  # LangGraph's Interrupt
        return {"id": value.id, "value": value.value}
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return f"<{type(value).__name__}>"


def assistant_id(graph: str) -> str:
    return str(uuid5(_GRAPHS, graph))


def assistant(offer: Offer) -> dict[str, Any]:
    return {
        "assistant_id": assistant_id(offer.id),
        "graph_id": offer.id,
        "name": offer.id,
        "description": offer.description,
        "config": {},
        "context": {},
        "created_at": _ALWAYS,
        "updated_at": _ALWAYS,
        "metadata": {"created_by": "system", "version": offer.version},
        "version": 1,
    }


def thread(one: Thread) -> dict[str, Any]:
    updated = _time(one.updated)
    return {
        "thread_id": one.id,
        "created_at": _time(one.created),
        "updated_at": updated,
        "state_updated_at": updated,
        "metadata": _known(one.graph) | dict(one.metadata),
        "config": {},
        "status": one.status,
        "values": None if one.values is None else dict(one.values),
        "interrupts": {each.id: [interrupt(each)] for each in one.interrupts},
    }


def run(run: str, thread: str, graph: str, state: State, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run_id": run,
        "thread_id": thread,
        "assistant_id": assistant_id(graph),
        "status": _STATUS[state],
        "metadata": {**_known(graph), **metadata},
    }


def snapshot(thread: str, one: Snapshot) -> dict[str, Any]:
    return {
        "values": one.values,
        "next": one.next,
        "tasks": one.tasks,
        "metadata": one.metadata,
        "created_at": one.created or None,
        "checkpoint": pointer(thread, one.checkpoint),
        "parent_checkpoint": None if one.parent is None else pointer(thread, one.parent),
        "interrupts": [interrupt(each) for each in one.interrupts],
    }


def unborn(thread: str) -> dict[str, Any]:
    """The state of a thread on which nothing ran yet."""
    return {
        "values": {},
        "next": [],
        "tasks": [],
        "metadata": {},
        "created_at": None,
        "checkpoint": pointer(thread, {}),
        "parent_checkpoint": None,
        "interrupts": [],
    }


def pointer(thread: str, one: Mapping[str, str]) -> dict[str, str | None]:
    """The thread's id is the client's: the one that checkpoints are kept under is the server's affair."""
    return {
        "thread_id": thread,
        "checkpoint_ns": one.get("checkpoint_ns", ""),
        "checkpoint_id": one.get("checkpoint_id") or None,
    }


def interrupt(one: Interrupt) -> dict[str, Any]:
    return {"id": one.id, "value": one.value}


def result(outcome: Outcome) -> dict[str, Any]:
    """What `wait` and `join` answer: the values, and what a person is asked or what went wrong."""
    answer = dict(outcome.values)
    if outcome.interrupts:
        answer["__interrupt__"] = [interrupt(each) for each in outcome.interrupts]
    if outcome.problem is not None:
        answer["__error__"] = error(outcome.problem)
    return answer


def error(problem: Mapping[str, Any]) -> dict[str, Any]:
    """`error` and `message` are what SDKs read; the rest says what to do."""
    return {**problem, "error": problem.get("code", "AW999"), "message": problem.get("message", "")}


def chosen(rows: Sequence[dict[str, Any]], names: Sequence[str] | None) -> list[dict[str, Any]]:
    return [{name: row[name] for name in names} for row in rows] if names else list(rows)


def _known(graph: str) -> dict[str, Any]:
    return {"graph_id": graph, "assistant_id": assistant_id(graph)} if graph else {}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
