"""How each part behind the front is, for /ready and for the gauges of /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core import queue
from core.errors import AppError
from core.http.ops import Check, Health
from core.metrics import Metrics
from core.store import Run
from core.telemetry.export import Telemetry
from graphs.front.opened import Opened
from graphs.integrate.session import Session

_SAMPLE_S = 5.0


@dataclass(frozen=True)
class Asked:
    """The parts, each with the question how it is."""

    work: Session
    hall: Opened
    recording: Telemetry | None
    seats: Callable[[], Mapping[str, str]]
    """Each model seat's breaker; empty where the planner works alone."""

    @property
    def checks(self) -> tuple[Check, ...]:
        return (
            Check("store", self.store),
            Check("queue", self.queue, is_needed=False),
            Check("workers", self.workers, is_needed=False),
            Check("sandbox", self.sandbox, is_needed=False),
            Check("telemetry", self.telemetry, is_needed=False),
            Check("model", self.model, is_needed=False),
        )

    async def store(self) -> Health:
        await asyncio.to_thread(self.work.store.runs.expired)
        return Health()

    async def queue(self) -> Health:
        try:
            await self.hall.lane.depth()
        except queue.QueueUnavailable as error:
            return Health("degraded", f"{error.message} Runs are admitted and wait.", error.fix)
        return Health()

    async def workers(self) -> Health:
        is_elsewhere = self.hall.crew is None
        return Health(
            "ok", "Other processes work on the runs (`./autoweave worker`)." if is_elsewhere else ""
        )

    async def sandbox(self) -> Health:
        level = self.work.means.level.name.lower()
        if level == "process":
            return Health("degraded", "Specs are read without confinement.", "Set sandbox.level to confined.")
        return Health("ok", f"Level {level}.")

    async def telemetry(self) -> Health:
        if self.recording is None:
            return Health("ok", "No receiver is set; nothing leaves the process.")
        if dropped := self.recording.dropped:
            return Health("degraded", f"{dropped} spans were dropped.", "Look at the OTLP receiver.")
        return Health()

    async def model(self) -> Health:
        seats = self.seats()
        if not seats:
            return Health("ok", "The planner: rules, no network. Set llm.key for a model.")
        if shut := [name for name, phase in seats.items() if phase != "closed"]:
            return Health(
                "degraded", f"Not asked for now: {', '.join(shut)}.", "Others stand in; see the log."
            )
        return Health()


def counted(metrics: Metrics) -> Callable[[Run, float], None]:
    """Counts each run that stopped, and an integration by how it ended."""

    def ended(run: Run, took_s: float) -> None:
        metrics.run(run.graph, run.state)
        if run.graph != "integrate":
            return
        if run.state == "done":
            metrics.integrated(took_s)
        elif run.state == "failed":
            metrics.integration_failed(int((run.problem or {}).get("status", 500)), took_s)

    return ended


@dataclass
class Gauges:
    """Numbers that cost a question, asked every few seconds and not at each look."""

    depth: float = 0.0
    waiting: float = 0.0
    _task: asyncio.Task[None] | None = field(default=None)

    def begin(
        self, work: Session, hall: Opened, metrics: Metrics, seats: Callable[[], Mapping[str, str]]
    ) -> None:
        metrics.watch_queue(lambda: self.depth)
        metrics.watch_approvals(lambda: self.waiting)
        metrics.watch_active(lambda: len(hall.crew.in_hand) if hall.crew else 0)
        self._task = asyncio.create_task(self._sample(work, hall, metrics, seats), name="gauges")

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _sample(
        self, work: Session, hall: Opened, metrics: Metrics, seats: Callable[[], Mapping[str, str]]
    ) -> None:
        while True:
            for name, phase in seats().items():
                metrics.breaker(name, phase)
            try:
                self.depth = float(await hall.lane.depth())
                self.waiting = float(await asyncio.to_thread(work.store.runs.count, "waiting"))
            except AppError:
                self.depth = float("nan")  # told as unknown, not as none
            await asyncio.sleep(_SAMPLE_S)
