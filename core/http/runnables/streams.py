"""A run as it happens, in LangServe's streams. A failure is told as an event, then the stream ends."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from core.errors import AppError, Bug
from core.http.front import Event, Mode, Offer, Ticket
from core.http.runnables import bodies, shapes, wire, words
from core.http.runnables.heard import Heard

STEPS: tuple[Mode, ...] = ("updates", "values")
EVERYTHING: tuple[Mode, ...] = ("updates", "values", "messages")
Json = dict[str, Any]
_TOLD_OF_MODELS = ("langgraph_node", "langgraph_step", "ls_model_name")
Frames = AsyncGenerator[bytes, None]
logger = logging.getLogger(__name__)


async def steps(offer: Offer, ticket: Ticket) -> Frames:
    """/stream: what each node changed; a durable graph's last chunk says how the run stands."""
    yield wire.frame("metadata", {"run_id": ticket.run})
    heard = Heard(offer, ticket)
    async with aclosing(heard.events()) as told:
        async for event in told:
            if event.name == "updates" and not event.namespace:
                yield wire.frame("data", event.data)
    outcome = await heard.outcome()
    if offer.is_durable:
        yield wire.frame("data", shapes.trail(outcome))
    if outcome.problem:
        yield wire.failure(outcome.problem)


async def log(offer: Offer, ticket: Ticket) -> Frames:
    """/stream_log, as far as the playground reads it: the nodes as steps, the output at the end."""
    yield patch(beginning(offer, ticket.run))
    heard = Heard(offer, ticket)
    seen: dict[str, int] = {}
    async with aclosing(heard.events()) as told:
        async for event in told:
            for node, change in _changes(event):
                seen[node] = seen.get(node, 0) + 1
                key = node if seen[node] == 1 else f"{node}:{seen[node]}"
                path = f"/logs/{bodies.escaped(key)}"
                yield patch({"op": "add", "path": path, "value": _step(ticket, key, change)})
    outcome = await heard.outcome()
    value = shapes.output(shapes.of(offer), outcome)
    if note := words.note(outcome):
        yield patch({"op": "add", "path": "/streamed_output/-", "value": note})
    yield patch(*chunk(value, value))
    if outcome.problem:
        yield wire.failure(outcome.problem)


async def events(offer: Offer, ticket: Ticket, watch: bodies.Watch) -> Frames:
    """/stream_events, LangChain's second version: the graph, its nodes' ends, the model's words."""
    base: Json = {"run_id": ticket.run, "name": f"/{offer.id}", "tags": [], "metadata": {}, "parent_ids": []}
    wanted = _filter(watch)
    heard = Heard(offer, ticket)
    made: list[Json] = [{"event": "on_chain_start", **base, "data": {"input": watch.input}}]
    for each in filter(wanted, made):
        yield wire.frame("data", each)
    async with aclosing(heard.events()) as told:
        async for event in told:
            for each in filter(wanted, _told(event, base)):
                yield wire.frame("data", each)
    outcome = await heard.outcome()
    if outcome.problem:
        yield wire.failure(outcome.problem)
        return
    value = shapes.output(shapes.of(offer), outcome)
    for each in filter(wanted, [{"event": "on_chain_end", **base, "data": {"output": value}}]):
        yield wire.frame("data", each)


async def refused(offer: Offer, error: AppError, output: Any) -> Frames:
    """A refusal for a playground, which shows what is in a stream and nothing else."""
    yield patch(beginning(offer, ""))
    yield patch(*chunk(output, output))
    yield wire.failure(error)
    yield wire.frame("end")


async def whole(ticket: Ticket, frames: Frames) -> Frames:
    """The frames, and an `end` in every case."""
    try:
        async with aclosing(frames):
            async for each in frames:
                yield each
    except AppError as error:
        yield wire.failure(error)
    except Exception:  # the status line is out: what no graph should raise is told here or nowhere
        logger.exception("stream.broke", extra={"run": ticket.run})
        yield wire.failure(Bug("We broke a promise of our own."))
    yield wire.frame("end")


def beginning(offer: Offer, run: str) -> Json:
    state: Json = {"id": run, "streamed_output": [], "final_output": None, "logs": {}}
    return {"op": "replace", "path": "", "value": {**state, "name": f"/{offer.id}", "type": "chain"}}


def chunk(value: Any, total: Any) -> tuple[Json, Json]:
    return (
        {"op": "add", "path": "/streamed_output/-", "value": value},
        {"op": "replace", "path": "/final_output", "value": total},
    )


def patch(*ops: Json) -> bytes:
    return wire.frame("data", {"ops": ops})


def said(event: Event) -> tuple[str, Any, Mapping[str, Any]] | None:
    """What a model says: its text, the message, and what LangGraph knows about it."""
    if event.name != "messages":
        return None
    message, about = event.data
    kind = message.get("type") if isinstance(message, dict) else message.type
    if kind not in ("ai", "AIMessageChunk"):
        return None
    return words.text(message), message, about


def _changes(event: Event) -> list[tuple[str, Any]]:
    if event.name != "updates" or event.namespace or not isinstance(event.data, dict):
        return []
    return [(node, change) for node, change in event.data.items() if node != "__interrupt__"]


def _step(ticket: Ticket, key: str, change: Any) -> Json:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {
        "id": _node_run(ticket.run, key),
        "name": key,
        "type": "chain",
        "tags": [],
        "metadata": {"langgraph_node": key},
        "start_time": now,
        "streamed_output": [],
        "streamed_output_str": [],
        "final_output": change,
        "end_time": now,
    }


def _node_run(run: str, node: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run}/{node}"))


def _told(event: Event, base: Json) -> list[Json]:
    if heard := said(event):
        _, message, about = heard
        meta = {name: about[name] for name in _TOLD_OF_MODELS if name in about}
        name, tags = str(about.get("ls_model_name") or "model"), list(about.get("tags") or ())
        inner = {**_inner(base, name), "metadata": meta, "tags": tags}
        return [{"event": "on_chat_model_stream", **inner, "data": {"chunk": message}}]
    found: list[Json] = []
    for node, change in _changes(event):
        inner = {**_inner(base, node), "metadata": {"langgraph_node": node}}
        found.append({"event": "on_chain_stream", **base, "data": {"chunk": {node: change}}})
        found.append({"event": "on_chain_end", **inner, "data": {"output": change}})
    return found


def _inner(base: Json, name: str) -> Json:
    run = _node_run(base["run_id"], name)
    return {"run_id": run, "name": name, "tags": [], "metadata": {}, "parent_ids": [base["run_id"]]}


def _filter(watch: bodies.Watch) -> Callable[[Json], bool]:
    """As LangChain filters: by name, by type (`chain`, `chat_model`), by tag; excluding wins."""

    def matches(each: Json, names: list[str] | None, types: list[str] | None, tags: list[str] | None) -> bool:
        kind = each["event"].removeprefix("on_").rpartition("_")[0]
        return (
            each["name"] in (names or ())
            or kind in (types or ())
            or any(t in (tags or ()) for t in each["tags"])
        )

    included = (watch.include_names, watch.include_types, watch.include_tags)
    excluded = (watch.exclude_names, watch.exclude_types, watch.exclude_tags)
    takes_all = all(each is None for each in included)
    return lambda each: (takes_all or matches(each, *included)) and not matches(each, *excluded)
