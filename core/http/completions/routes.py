"""`/v1/models` and `/v1/chat/completions`."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from core.errors import AppError, Bug, revive
from core.http.completions import approval, errors, reply, turns
from core.http.completions.answer import Answer, Choice, Failure, Model, Models, Said, Usage, chunk
from core.http.completions.request import Completion
from core.http.front import Caller, Front, Outcome, Ticket

logger = logging.getLogger(__name__)

PING_S = 15
_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Refused, in OpenAI's form.", "model": Failure},
    "5XX": {"description": "Failed, in OpenAI's form.", "model": Failure},
}


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, its chunks as server-sent events.",
        "content": {"text/event-stream": {}},
    }
}


class _Route(APIRoute):
    """Shows every expected failure in OpenAI's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except AppError as error:
                return errors.respond(error)
            except RequestValidationError as error:
                return errors.respond(errors.refused(error))
            except HTTPException as error:  # FastAPI's own word for a body that is no text
                return errors.respond(errors.RequestRefused(f"{error.detail}."))

        return handle


def router(
    front: Front, identify: Callable[[Request], Caller], *, now: Callable[[], float] = time.time
) -> APIRouter:
    made = APIRouter(prefix="/v1", tags=["openai"], route_class=_Route, responses=_ERRORS)

    @made.get("/models")
    async def models(request: Request) -> Models:
        """The chat graphs, as models."""
        offers = front.runs.offers(identify(request)).values()
        return Models(data=[Model(id=offer.id) for offer in offers if offer.is_chat])

    @made.get("/models/{model}")
    async def model(request: Request, model: str) -> Model:
        """One of them."""
        return Model(id=turns.model(front, identify(request), model).id)

    @made.post("/chat/completions", response_model=Answer, responses=_STREAM)
    async def complete(request: Request, asked: Completion) -> Response:
        """One turn of a chat. With `X-Thread-Id` the server keeps it; else the messages are all there is."""
        caller = identify(request)
        chat = request.headers.get("x-thread-id") or request.headers.get("x-openwebui-chat-id") or ""
        turn = await turns.take(front, caller, asked, chat)
        work = turn if isinstance(turn, turns.Again) else await front.runs.start(caller, turn)
        speech = _Speech(asked, work, int(now()))
        headers = {"X-Thread-Id": work.thread} if work.thread else {}
        if not asked.stream:
            return JSONResponse((await speech.answer()).model_dump(), headers=headers)
        return _streamed(speech.pieces(), headers)

    return made


def _streamed(pieces: AsyncIterator[str], headers: dict[str, str]) -> Response:
    from sse_starlette import EventSourceResponse, ServerSentEvent  # noqa: PLC0415  # streams only

    events = (ServerSentEvent(piece, sep="\n") async for piece in pieces)
    return EventSourceResponse(events, headers=headers, ping=PING_S, sep="\n")


@dataclass(frozen=True)
class _Speech:
    """One answer on its way: a run's, or the question that is still open."""

    asked: Completion
    work: Ticket | turns.Again
    created: int

    @property
    def id(self) -> str:
        name = self.work.thread if isinstance(self.work, turns.Again) else self.work.run
        return f"chatcmpl-{name}"

    async def answer(self) -> Answer:
        text, usage = (
            self._closing(await self.work.outcome())
            if not isinstance(self.work, turns.Again)
            else (self.work.text, Usage())
        )
        return Answer(
            id=self.id,
            created=self.created,
            model=self.asked.model,
            choices=[Choice(message=Said(content=text))],
            usage=usage,
        )

    async def pieces(self) -> AsyncIterator[str]:
        """The chunks as JSON, then the end mark; a failure on the way is the last piece."""
        yield self._chunk({"role": "assistant", "content": ""})
        usage = Usage()
        try:
            async for text, told in self._texts():
                usage = told or usage
                if text:
                    yield self._chunk({"content": text})
        except AppError as error:
            yield _json(errors.body(error))
            return
        except Exception:  # an edge: the status is sent already, so the stream has to tell it
            logger.exception("completions.stream_broke")
            yield _json(errors.body(Bug("We broke a promise of our own.")))
            return
        yield self._chunk({}, finish="stop")
        if self._with_usage:
            yield self._chunk(None, usage=usage)
        yield "[DONE]"

    async def _texts(self) -> AsyncIterator[tuple[str, Usage | None]]:
        if isinstance(self.work, turns.Again):
            yield self.work.text, None
            return
        last, is_silent = "", True
        async for event in self.work.events():
            if event.name != "messages":
                continue
            name, text = reply.said(event.data)
            if text:
                yield ("" if is_silent or name == last else "\n\n") + text, None
                last, is_silent = name, False
        outcome = await self.work.outcome()
        text, usage = self._closing(outcome)
        asks = outcome.state == "waiting"
        yield (text if is_silent else f"\n\n{text}" if asks else ""), usage

    def _closing(self, outcome: Outcome) -> tuple[str, Usage]:
        """What a run that stopped has to say, or why it failed."""
        if outcome.problem:
            raise revive(dict(outcome.problem))
        if outcome.state == "cancelled":
            raise errors.RunStopped("The run was cancelled.")
        usage = reply.usage(outcome.values)
        if outcome.interrupts:
            return approval.question(outcome.interrupts, outcome.thread), usage
        return reply.spoken(outcome.values), usage

    @property
    def _with_usage(self) -> bool:
        return bool(self.asked.stream_options and self.asked.stream_options.include_usage)

    def _chunk(self, delta: dict[str, Any] | None, **more: Any) -> str:
        made = chunk(self.id, self.created, self.asked.model, delta, with_usage=self._with_usage, **more)
        return _json(made)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
