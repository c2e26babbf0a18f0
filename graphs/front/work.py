"""What a worker does with a run: drive it by its kind, tell its channel, count how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from core import telemetry
from core.errors import AppError
from core.queue import Turn, turn
from core.store import LeaseLost, Run, RunTaken
from graphs import checkpoints
from graphs.front.books import Books
from graphs.front.tickets import told

Ended = Callable[[Run, float], None]
"""Hears of each run that stopped, and for how many seconds it was worked on."""


@dataclass(frozen=True)
class Work:
    books: Books
    ended: Ended
    worker: str
    """The name under which the kinds claim their runs."""

    def handle(self, given: Turn) -> None:
        """Blocking. A run that somebody else holds is left to them."""
        books, hub = self.books, self.books.hub
        run = books.store.runs.get(given.tenant, given.run)
        if run.has_ended or run.state == "waiting":
            hub.end(run.id)
            return
        start = time.monotonic()
        hub.begin(run.id)
        try:
            with telemetry.within(run.trace_id, run.parent_span), telemetry.about(tenant=run.tenant):
                run = books.kind(run).drive(run, lambda mode, data: hub.tell(run.id, mode, data))
        except (LeaseLost, RunTaken):
            hub.leave(run.id)  # whoever listens here follows the other worker
            raise
        except Exception as error:
            self._failed(run, error)
            raise
        self.ended(run, time.monotonic() - start)
        if run.problem:
            hub.tell(run.id, "error", run.problem)
        hub.end(run.id)

    def hand_back(self, given: Turn) -> Turn | None:
        """A run that was not done in time is anybody's again; its steps so far are kept."""
        run = self.books.store.runs.get(given.tenant, given.run)
        if run.state != "running" or run.owner != self.worker:
            return None
        self.books.hub.leave(run.id)
        return turn(self.books.store.runs.release(run))

    def _failed(self, run: Run, error: Exception) -> None:
        """What may pass is tried again when the lease is over; what will not is the run's end."""
        hub = self.books.hub
        if checkpoints.is_away(error) or (isinstance(error, AppError) and error.retryable):
            hub.leave(run.id)
            return
        problem = told(error, run.id)
        held = self.books.store.runs.get(run.tenant, run.id)
        if held.state == "running" and held.owner == self.worker:
            self.books.store.runs.fail(held, problem=problem)
        hub.tell(run.id, "error", problem)
        hub.end(run.id)
