"""What happens in the runs of this process, for whoever listens: a channel for each run.

A worker tells its channel from a thread; readers are tasks of the server's loop. A run that another
process works on has no live channel here: `follow` tells it from its row and its checkpoints.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any

from core.http.front import Event

_KEPT = 1000
_NEWS_S = 0.25


class Channel:
    """The events of one run since its last stop. To be used in the loop's thread only."""

    def __init__(self) -> None:
        self.is_live = False
        """A worker of this process is at it."""
        self.is_over = False
        self._events: list[Event] = []
        self._news = asyncio.Event()

    def tell(self, name: str, data: Any) -> None:
        if not self.is_over:
            self._events.append(Event(len(self._events), name, data))
            self._wake()

    def end(self) -> None:
        self.is_over = True
        self.is_live = False
        self._wake()

    async def read(self, after: int = -1) -> AsyncIterator[Event]:
        """Every event after that number, until the run stops."""
        at = after + 1
        while True:
            while at < len(self._events):
                yield self._events[at]
                at += 1
            if self.is_over:
                return
            await self._news.wait()

    async def over(self) -> None:
        while not self.is_over:
            await self._news.wait()

    async def pause(self, seconds: float = _NEWS_S) -> None:
        """Until something happens, or so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    def _wake(self) -> None:
        # Whoever waits holds the old event; later ones wait on a new one.
        self._news.set()
        self._news = asyncio.Event()


class Hub:
    """The channels of this process, the oldest ended ones forgotten."""

    def __init__(self) -> None:
        self._channels: OrderedDict[str, Channel] = OrderedDict()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, run: str) -> Channel:
        """A fresh channel where the last one is over; else the one there is."""
        self._loop = asyncio.get_running_loop()
        found = self._channels.get(run)
        if found is None or found.is_over:
            found = self._channels[run] = Channel()
            self._channels.move_to_end(run)
            self._trim()
        return found

    def renew(self, run: str) -> None:
        """The run goes on: what was told of it until now is over. A new channel comes with who needs one."""
        self._loop = asyncio.get_running_loop()
        if (found := self._channels.get(run)) is not None and found.is_over:
            del self._channels[run]

    def find(self, run: str) -> Channel | None:
        return self._channels.get(run)

    def begin(self, run: str) -> None:
        """From a worker's thread: events come from here on."""
        self._later(self._begin, run)

    def tell(self, run: str, name: str, data: Any) -> None:
        self._later(self._tell, run, name, data)

    def end(self, run: str) -> None:
        self._later(self._end, run)

    def leave(self, run: str) -> None:
        """The worker lost the run; whoever listens follows it from outside."""
        self._later(self._leave, run)

    def _later(self, what: Any, *words: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *words)

    def _begin(self, run: str) -> None:
        self.open(run).is_live = True

    def _tell(self, run: str, name: str, data: Any) -> None:
        if (channel := self._channels.get(run)) is not None:
            channel.tell(name, data)

    def _end(self, run: str) -> None:
        if (channel := self._channels.get(run)) is not None:
            channel.end()

    def _leave(self, run: str) -> None:
        if (channel := self._channels.get(run)) is not None:
            channel.is_live = False

    def _trim(self) -> None:
        """The oldest ones first; whoever still reads or tells one holds it, and a new reader follows."""
        while len(self._channels) > _KEPT:
            _, oldest = self._channels.popitem(last=False)
            oldest.is_live = False
