"""What a run tells while it goes on, and how it ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast

from core.http.front import Event, Offer, Outcome, State, Ticket


class Heard:
    """A run's events, and its outcome once they are over. Leaving the block early leaves the run.

    A graph that keeps nothing is worked on while its events are read, so its outcome is taken from
    them: asking the ticket for it too would run the graph again.
    """

    def __init__(self, offer: Offer, ticket: Ticket) -> None:
        self._offer, self._ticket = offer, ticket
        self._values: Mapping[str, Any] = {}
        self._problem: Mapping[str, Any] | None = None

    async def events(self) -> AsyncGenerator[Event, None]:
        source = cast("AsyncGenerator[Event, None]", self._ticket.events())
        async with aclosing(source):
            async for event in source:
                if event.name == "error":
                    self._problem = event.data
                elif event.name == "values" and not event.namespace:
                    self._values = event.data
                else:
                    yield event

    async def outcome(self) -> Outcome:
        if self._offer.is_durable:
            return await self._ticket.outcome()
        state: State = "failed" if self._problem else "done"
        return Outcome(self._ticket.run, "", state, self._values, problem=self._problem)
