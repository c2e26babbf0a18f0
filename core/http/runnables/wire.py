"""How answers travel: JSON as LangServe writes it, and its server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import anyio
import orjson
from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from starlette.responses import Response, StreamingResponse

from core.errors import AppError
from core.http import problems

PING_S = 15.0
DEPTH = 200
_PING = b": ping\r\n\r\n"


def dumps(value: Any) -> bytes:
    """JSON of anything a state may hold; a set is sorted, bytes are Base64."""
    try:
        return orjson.dumps(value, default=_plain)
    except orjson.JSONEncodeError:  # keys that are no text, integers over 64 bits, lone surrogates, cycles
        return json.dumps(_safe(value, 0)).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return to_jsonable_python(value, bytes_mode="base64", fallback=str)


def _safe(value: Any, depth: int) -> Any:
    if depth > DEPTH:
        return "…"
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {str(_safe(name, depth)): _safe(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(each, depth + 1) for each in value]
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _safe(_plain(value), depth + 1)


def answer(value: Any) -> Response:
    return Response(dumps(value), media_type="application/json")


def frame(event: str, data: Any = None) -> bytes:
    if data is None:
        return f"event: {event}\r\n\r\n".encode()
    return b"event: %b\r\ndata: %b\r\n\r\n" % (event.encode(), dumps(data))


def failure(error: AppError | Mapping[str, Any]) -> bytes:
    """An `error` event: the problem, with the two names that LangServe's client reads."""
    told = problems.problem(error)
    return frame("error", {**told, "status_code": told["status"], "message": told["detail"]})


def stream(frames: AsyncGenerator[bytes, None], ping_s: float = PING_S) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(kept(frames, ping_s), media_type="text/event-stream", headers=headers)


async def kept(frames: AsyncGenerator[bytes, None], ping_s: float) -> AsyncIterator[bytes]:
    """The frames, and a comment whenever nothing came for a while: proxies cut what is silent."""
    coming: asyncio.Task[bytes] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(frames))
            done, _ = await asyncio.wait({coming}, timeout=ping_s)
            if not done:
                yield _PING
                continue
            try:
                made = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield made
    finally:
        with anyio.CancelScope(shield=True):  # the client is gone, and what it leaves must still be put away
            if coming is not None and not coming.done():
                coming.cancel()
                with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                    await coming
            await frames.aclose()
