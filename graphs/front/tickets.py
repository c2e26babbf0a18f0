"""Runs in a client's hands: one that is a row and survives anything, one that is only computed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import AppError
from core.http.front import Ask, Event, Interrupt, Offer, Outcome, State
from graphs.front.hub import Channel

if TYPE_CHECKING:
    from graphs.front.books import Books

logger = logging.getLogger(__name__)
INTERRUPT = "__interrupt__"


class GraphCrashed(AppError):
    """A graph threw what none of its nodes foresaw. Its log has the traceback."""

    code = "AW938"
    fix = "Look for the run's id in the server's log."


@dataclass
class Kept:
    """A run of the store. Its events come from the worker here, or from what another one leaves."""

    run: str
    thread: str
    graph: str
    tenant: str
    books: Books
    modes: tuple[str, ...] = ()
    """Those that are told; empty for all there are."""

    async def events(self, after: int = -1) -> AsyncIterator[Event]:
        channel = self._channel()
        following = asyncio.create_task(_follow(self, channel))
        try:
            async for event in channel.read(after):
                if not self.modes or event.name in (*self.modes, "error"):
                    yield event
        finally:
            following.cancel()

    async def outcome(self) -> Outcome:
        channel = self._channel()
        following = asyncio.create_task(_follow(self, channel))
        try:
            await channel.over()
        finally:
            following.cancel()
        return await asyncio.to_thread(self.books.outcome, self.tenant, self.run, self.thread)

    async def state(self) -> State:
        run = await asyncio.to_thread(self.books.store.runs.get, self.tenant, self.run)
        return run.state

    def _channel(self) -> Channel:
        hub = self.books.hub
        return hub.find(self.run) or hub.open(self.run)


async def _follow(ticket: Kept, channel: Channel) -> None:
    """Tell the channel what another process does, while no worker of this one is at the run.

    A first look comes at once: the run may have stopped long ago.
    """
    seen = ""
    while not channel.is_over:
        if not channel.is_live:
            seen = await _look(ticket, channel, seen)
        if not channel.is_over:
            await channel.pause()


async def _look(ticket: Kept, channel: Channel, seen: str) -> str:
    books = ticket.books
    try:
        run = await asyncio.to_thread(books.store.runs.get, ticket.tenant, ticket.run)
        snapshot = await asyncio.to_thread(books.latest, run, ticket.thread)
    except AppError as error:
        if error.retryable:
            return seen
        channel.tell("error", error.to_dict())
        channel.end()
        return seen
    if channel.is_live or channel.is_over:
        return seen
    checkpoint = str(snapshot.checkpoint.get("checkpoint_id", ""))
    if checkpoint and checkpoint != seen:
        channel.tell("values", _with_interrupts(snapshot.values, snapshot.interrupts))
    if run.has_ended or run.state == "waiting":
        if run.problem:
            channel.tell("error", run.problem)
        channel.end()
    return checkpoint


def _with_interrupts(values: Mapping[str, Any], interrupts: tuple[Interrupt, ...]) -> dict[str, Any]:
    return {**values, **({INTERRUPT: interrupts} if interrupts else {})}


@dataclass
class Computed:
    """A run of a graph that keeps nothing: it is worked on while somebody reads it, here and now."""

    run: str
    graph: str
    offer: Offer
    ask: Ask
    config: dict[str, Any]
    thread: str = ""
    _ended: Outcome | None = None

    async def events(self, after: int = -1) -> AsyncIterator[Event]:  # noqa: ARG002  # nothing was kept to skip
        values: Mapping[str, Any] = {}
        problem: Mapping[str, Any] | None = None
        seq = 0
        modes = list({*self.ask.modes, "values"})
        try:
            async for mode, data in self.offer.graph.astream(
                dict(self.ask.input or {}), self.config, stream_mode=modes, **self._stops
            ):
                values = data if mode == "values" else values
                if mode in self.ask.modes:
                    yield Event(seq, mode, data)
                    seq += 1
            problem = values.get("problem")
        except Exception as error:  # noqa: BLE001  # a flow is somebody's plug-in: it may throw anything
            problem = told(error, self.run)
        self._end(values, problem)
        if problem:
            yield Event(seq, "error", problem)

    async def outcome(self) -> Outcome:
        """Works on the run, or says how it ended where its events were read to their end."""
        if self._ended is not None:
            return self._ended
        try:
            values = await self.offer.graph.ainvoke(dict(self.ask.input or {}), self.config, **self._stops)
        except Exception as error:  # noqa: BLE001  # as above
            return self._end({}, told(error, self.run))
        return self._end(values, values.get("problem"))

    def _end(self, values: Mapping[str, Any], problem: Mapping[str, Any] | None) -> Outcome:
        state: State = "failed" if problem else "done"
        self._ended = Outcome(self.run, "", state, values, problem=problem)
        return self._ended

    async def state(self) -> State:
        return "admitted"  # it is worked on while somebody waits for it, and nowhere else

    @property
    def _stops(self) -> dict[str, Any]:
        named = {"interrupt_before": self.ask.interrupt_before, "interrupt_after": self.ask.interrupt_after}
        return {name: list(nodes) for name, nodes in named.items() if nodes}


def told(error: Exception, run: str) -> dict[str, Any]:
    """What a client is told: an expected failure as it is, of any other nothing of what is inside."""
    if isinstance(error, AppError):
        return error.to_dict()
    logger.error("graph.crashed", exc_info=error, extra={"run": run})
    return GraphCrashed("The graph failed in a way that nobody foresaw.").to_dict()
