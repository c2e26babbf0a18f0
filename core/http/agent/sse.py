"""A run as server-sent events: what happened so far, then what happens, with a beat while nothing does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import AppError
from core.http.agent import wire
from core.http.front import Event, Ticket

BEAT_S = 15.0
_BEAT = b": still here\n\n"
_SHOWN = ("langgraph_", "ls_", "lc_")
_NAMED = frozenset({"checkpoint_ns", "tags", "run_id", "graph_id", "assistant_id"})


@dataclass
class View:
    """What one client wants to see of a run."""

    modes: frozenset[str]
    thread: str
    has_subgraphs: bool = False
    has_tuples: bool = True
    _heard: dict[str, Any] = field(default_factory=dict)

    def of(self, event: Event) -> Iterator[tuple[str, Any]]:
        """The event's name and data, as this client is told them: none, one, or two."""
        if event.name == "error":
            yield "error", wire.error(event.data)
            return
        if event.name not in self.modes or (event.namespace and not self.has_subgraphs):
            return
        if event.name == "messages":
            yield from self._message(event)
            return
        data = _debug(event.data, self.thread) if event.name == "debug" else event.data
        yield "|".join((event.name, *event.namespace)), data

    def _message(self, event: Event) -> Iterator[tuple[str, Any]]:
        message, metadata = event.data
        shown = _metadata(metadata, self.thread)
        if self.has_tuples:
            yield "|".join(("messages", *event.namespace)), [message, shown]
            return
        known = getattr(message, "id", None) or ""
        is_part = type(message).__name__.endswith("Chunk")
        if known in self._heard:
            self._heard[known] = self._heard[known] + message if is_part else message
        else:
            self._heard[known] = message
            yield "messages/metadata", {known: {"metadata": shown}}
        yield "messages/partial" if is_part else "messages/complete", [_whole(self._heard[known])]


def frame(name: str, data: Any, seq: int | None = None) -> bytes:
    number = b"" if seq is None else b"id: %d\n" % seq
    return b"event: %b\ndata: %b\n%b\n" % (name.encode(), wire.dumps(data), number)


async def stream(
    ticket: Ticket,
    view: View,
    *,
    after: int = -1,
    beat_s: float = BEAT_S,
    on_leave: Callable[[], None] | None = None,
) -> AsyncIterator[bytes]:
    """`on_leave` is called where the client went before the run's end."""
    try:
        if after < 0:
            yield frame("metadata", {"run_id": ticket.run, "attempt": 1})
        async with contextlib.aclosing(_beating(ticket.events(after), beat_s)) as events:
            async for event in events:
                if event is None:
                    yield _BEAT
                    continue
                for name, data in view.of(event):
                    yield frame(name, data, event.seq)
    except AppError as error:
        yield frame("error", wire.error(error.to_dict()))
    except (asyncio.CancelledError, GeneratorExit):
        if on_leave:
            on_leave()
        raise


async def _beating(events: AsyncIterator[Event], beat_s: float) -> AsyncGenerator[Event | None]:
    """The events, and None whenever there was none for so long."""
    while True:
        coming = asyncio.ensure_future(anext(events, None))
        try:
            while not (await asyncio.wait({coming}, timeout=beat_s))[0]:
                yield None
            event = coming.result()
        finally:
            coming.cancel()
        if event is None:
            return
        yield event


def _whole(message: Any) -> Any:
    """A message made of chunks, as the message it is so far."""
    from langchain_core.messages import BaseMessageChunk, message_chunk_to_message  # noqa: PLC0415  # 0.3 CPU s

    return message_chunk_to_message(message) if isinstance(message, BaseMessageChunk) else message


def _metadata(known: Mapping[str, Any], thread: str) -> dict[str, Any]:
    """What clients read; the rest of a run's configuration is the server's affair."""
    shown = {name: one for name, one in known.items() if name.startswith(_SHOWN) or name in _NAMED}
    return {**shown, "thread_id": thread} if thread else shown


def _debug(data: Any, thread: str) -> Any:
    """A checkpoint's configuration, reduced to where it is."""
    payload = data.get("payload") if isinstance(data, Mapping) else None
    if not isinstance(payload, Mapping) or "config" not in payload:
        return data
    kept = {name: one for name, one in payload.items() if name not in ("config", "parent_config")}
    kept["checkpoint"] = _pointer(payload["config"], thread)
    kept["parent_checkpoint"] = _pointer(payload.get("parent_config"), thread)
    return {**data, "payload": kept}


def _pointer(config: Any, thread: str) -> dict[str, str | None] | None:
    found = (config or {}).get("configurable")
    return None if found is None else wire.pointer(thread, found)
