"""Finds what a request names, for the caller it comes from; starts it and gives what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from core.errors import AppError, revive
from core.http.front import Ask, Caller, Front, GraphUnknown, Offer, Outcome, Ticket
from core.http.runnables import playground, shapes, streams, wire

Identify = Callable[[Request], Caller]
AT_ONCE = 16
"""Runs of one batch that go on at the same time."""


class Desk:
    def __init__(self, front: Front, identify: Identify) -> None:
        self.front = front
        self._identify = identify

    def seek(self, request: Request, graph: str) -> tuple[Caller, Offer]:
        caller = self._identify(request)
        offer = self.front.runs.offers(caller).get(graph)
        if offer is None:
            raise GraphUnknown("There is no such graph.")
        return caller, offer

    def seek_chat(self, request: Request, graph: str) -> tuple[Caller, Offer]:
        caller, offer = self.seek(request, graph)
        if not offer.is_chat:
            raise playground.PageUnknown(f"The graph {offer.id} is no chat.")
        return caller, offer

    async def start(self, caller: Caller, offer: Offer, ask: Ask) -> Ticket:
        """A thread that a client names for the first time is made: LangServe has no route that makes one."""
        if ask.thread and ask.answer is None:
            await self.front.threads.create(
                caller, thread=ask.thread, metadata={"graph_id": offer.id}, if_exists="do_nothing"
            )
        return await self.front.runs.start(caller, ask)

    async def invoked(self, caller: Caller, offer: Offer, ask: Ask) -> dict[str, Any]:
        outcome = await (await self.start(caller, offer, ask)).outcome()
        if outcome.problem:
            raise _raised(outcome)
        return {"output": shapes.output(shapes.of(offer), outcome), "metadata": _meta(outcome.run)}

    async def batched(self, caller: Caller, offer: Offer, asks: Sequence[Ask]) -> dict[str, Any]:
        free = asyncio.Semaphore(AT_ONCE)

        async def one(ask: Ask) -> tuple[str, dict[str, Any]]:
            async with free:
                try:
                    outcome = await (await self.start(caller, offer, ask)).outcome()
                except AppError as error:
                    return "", {"problem": error.to_dict()}
                return outcome.run, shapes.output(shapes.of(offer), outcome)

        done = await asyncio.gather(*map(one, asks))
        metas = [_meta(run) for run, _ in done]
        runs = [run for run, _ in done]
        return {"output": [made for _, made in done], "metadata": {"run_ids": runs, "responses": metas}}

    async def watched(
        self, caller: Caller, offer: Offer, ask: Ask, frames: Callable[[Ticket], streams.Frames]
    ) -> Response:
        ticket = await self.start(caller, offer, ask)
        return wire.stream(streams.whole(ticket, frames(ticket)))

    async def logged(
        self, request: Request, offer: Offer, run: Awaitable[Response], words: Callable[[AppError], Any]
    ) -> Response:
        """A stream that a playground reads: it shows no answer that is not one, not even a refusal."""
        try:
            return await run
        except AppError as error:
            if "text/event-stream" not in request.headers.get("accept", ""):
                raise
            return wire.stream(streams.refused(offer, error, words(error)))


def _meta(run: str) -> dict[str, Any]:
    return {"run_id": run, "feedback_tokens": []}


def _raised(outcome: Outcome) -> AppError:
    """The run's failure as this request's, with the names under which the run can be found."""
    error = revive(dict(outcome.problem or {}))
    error.facts = {
        **error.facts,
        "run": outcome.run,
        **({"thread": outcome.thread} if outcome.thread else {}),
    }
    return error
