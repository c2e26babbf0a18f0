"""Runs for every protocol: admitted on disk, queued, told as they happen, answered, cancelled."""

from __future__ import annotations

import asyncio
import logging
import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from core import telemetry
from core.errors import AppError, Invalid
from core.http.front import Ask, Caller, GraphUnknown, NothingWaits, Offer, ThreadBusy, ThreadUnknown, Ticket
from core.store import Run, RunUnknown, ThreadMissing
from graphs.front.books import Books
from graphs.front.kinds import Kind
from graphs.front.tickets import Computed, Kept

if TYPE_CHECKING:
    from core.store.admissions import Admissions

logger = logging.getLogger(__name__)
MAX_STEPS = 100
_UNDER_WAY = frozenset({"admitted", "running"})


class InputRefused(Invalid):
    """What was sent does not have the form that the graph's input schema gives."""

    code = "AW939"
    fix = "Compare it with the graph's input schema (GET /<graph>/input_schema)."


class RunCancelled(Invalid):
    """Whoever asked for the run took it back."""

    code = "AW930"
    status = 409
    fix = "Start it again, if it was not meant."


@dataclass(frozen=True)
class Runs:
    """`core.http.front.Runs`. `extra` are graphs that keep nothing, such as compiled flows."""

    books: Books
    admissions: Admissions
    put: Callable[[Run], Awaitable[None]]
    """Queues an admitted run. It may fail: the reaper finds what is not queued."""
    extra: Mapping[str, Offer] = field(default_factory=dict)

    def offers(self, caller: Caller) -> Mapping[str, Offer]:  # noqa: ARG002  # flows will be a tenant's own
        return {**{name: kind.offer for name, kind in self.books.kinds.items()}, **self.extra}

    async def start(self, caller: Caller, ask: Ask) -> Ticket:
        if (offer := self.extra.get(ask.graph)) is not None:
            if ask.answer is None:
                _checked(offer.input, ask.input)
            return _computed(offer, ask)
        kind = self.books.kinds.get(ask.graph)
        if kind is None:
            raise GraphUnknown(f"There is no graph {ask.graph[:80]!r}.")
        _refuse_stops(ask)
        if ask.answer is not None:
            return await self._answer(caller, ask, kind)
        asked = _checked(kind.offer.input, ask.input)
        if ask.thread and ask.if_busy == "reject":
            await asyncio.to_thread(self._refuse_busy, caller, ask.thread)
        return await self._admit(caller, ask, kind, asked)

    async def find(self, caller: Caller, run: str) -> Ticket:
        found = await asyncio.to_thread(self._get, caller, run)
        threads = await asyncio.to_thread(self.books.store.threads.of_run, caller.tenant, found.id)
        return Kept(found.id, threads[0] if threads else "", found.graph, caller.tenant, self.books)

    async def cancel(self, caller: Caller, run: str) -> None:
        """A run that ended stays as it is; one in a worker's hands is lost to it at its next write."""
        found = await asyncio.to_thread(self._get, caller, run)
        if found.has_ended:
            return
        problem = RunCancelled(f"Cancelled by {caller.actor}.").to_dict()
        await asyncio.to_thread(self.books.store.runs.cancelled, caller.tenant, found.id, problem=problem)
        if channel := self.books.hub.find(found.id):
            channel.tell("error", problem)
            channel.end()

    async def _admit(self, caller: Caller, ask: Ask, kind: Kind, asked: BaseModel) -> Ticket:
        trace, span = telemetry.current() or (secrets.token_hex(16), "")
        made = await asyncio.to_thread(kind.prepare, caller, asked, trace)
        thread = ask.thread or str(uuid.uuid4())
        future = self.admissions.admit(
            caller.tenant,
            graph=kind.offer.id,
            key=made.key,
            input=dict(made.input),
            trace_id=trace,
            parent_span=span,
            thread=thread,
            # So that the thread can be searched for by its graph, as Agent Server clients do.
            metadata={"graph_id": kind.offer.id, **dict(ask.metadata)},
        )
        run = await asyncio.wrap_future(future)
        if run.has_ended:  # the world may have moved since: the same input is planned anew
            run = await asyncio.to_thread(self.books.reopened, kind, run, thread)
        return await self._queued(caller, ask, run, thread)

    async def _answer(self, caller: Caller, ask: Ask, kind: Kind) -> Ticket:
        run = await asyncio.to_thread(self._waiting, caller, ask)
        assert ask.answer is not None
        run = await asyncio.to_thread(kind.answered, run, ask.answer, caller.actor)
        return await self._queued(caller, ask, run, ask.thread)

    async def _queued(self, caller: Caller, ask: Ask, run: Run, thread: str) -> Ticket:
        self.books.hub.renew(run.id)
        if run.state == "admitted":
            try:
                await self.put(run)
            except AppError as error:
                logger.warning("run.unqueued", extra={"run": run.id, "code": error.code})
        return Kept(run.id, thread, run.graph, caller.tenant, self.books, modes=ask.modes)

    def _get(self, caller: Caller, run: str) -> Run:
        try:
            return self.books.store.runs.get(caller.tenant, run)
        except RunUnknown as error:
            raise ThreadUnknown("There is no such run.") from error

    def _last(self, caller: Caller, thread: str) -> Run | None:
        runs = self.books.store.threads.get(caller.tenant, thread).runs
        return self.books.store.runs.get(caller.tenant, runs[-1]) if runs else None

    def _refuse_busy(self, caller: Caller, thread: str) -> None:
        try:
            last = self._last(caller, thread)
        except ThreadMissing:
            return  # it is made with the run
        if last is not None and last.state in _UNDER_WAY:
            raise ThreadBusy("A run of this thread has not ended yet.", run=last.id)

    def _waiting(self, caller: Caller, ask: Ask) -> Run:
        try:
            last = self._last(caller, ask.thread)
        except ThreadMissing as error:
            raise ThreadUnknown("There is no such thread.") from error
        if last is None or last.state != "waiting":
            raise NothingWaits("No run of this thread waits for an answer.")
        return last


def _refuse_stops(ask: Ask) -> None:
    """A durable run may be worked on by another process, or go on after a crash: a stop that only this
    request knows of would be forgotten there."""
    for name, nodes in (("interrupt_before", ask.interrupt_before), ("interrupt_after", ask.interrupt_after)):
        if nodes:
            raise InputRefused(
                f"{ask.graph} stops where it asks a person, and nowhere else.",
                place=f"/{name}",
                fix="Leave the option out: nothing is written before a person said yes.",
            )


def _computed(offer: Offer, ask: Ask) -> Computed:
    config: dict[str, Any] = {"metadata": dict(ask.metadata)} if ask.metadata else {}
    if ask.recursion_limit:
        config["recursion_limit"] = min(ask.recursion_limit, MAX_STEPS)
    if ask.answer is not None:
        raise NothingWaits("This graph keeps nothing, so it asks nothing.")
    return Computed(uuid.uuid4().hex, offer.id, offer, ask, config)


def _checked(form: type[BaseModel], given: Mapping[str, Any] | None) -> BaseModel:
    try:
        return form.model_validate(dict(given or {}))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "/" + "/".join(str(step) for step in first["loc"])
        raise InputRefused(f"The input is not what the graph takes: {first['msg']}.", place=place) from error
