"""One span a request, in the caller's trace where it names one; the answer says which trace it was.

Plain ASGI: a class of middleware that buffers or starts tasks costs more than the span itself.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from core import telemetry

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Observe = Callable[[str, str, int, float], None]
"""Method, route template (empty where none matched), status, seconds: `Metrics.request`."""

QUIET = frozenset({"/health", "/ready", "/metrics"})
BROKEN_OFF = 499  # nginx's number for a client that left before the answer began


class Traced:
    """Wraps an ASGI application. What is asked every few seconds (`quiet`) is counted, not traced."""

    def __init__(
        self,
        app: App,
        *,
        observe: Observe | None = None,
        quiet: Collection[str] = QUIET,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._observe = observe
        self._quiet = quiet
        self._now = now

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._now()
        status = BROKEN_OFF
        header = b""

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if header:
                    message["headers"] = [*message.get("headers", ()), (b"traceresponse", header)]
            await send(message)

        try:
            if scope["path"] in self._quiet:
                await self._app(scope, receive, answering)
                return
            caller = _caller(scope)
            with (
                telemetry.within(*(caller or ("", ""))),
                telemetry.span(scope["method"]) as span,
            ):
                header = (telemetry.traceparent() or "").encode() if caller or span.is_open else b""
                try:
                    await self._app(scope, receive, answering)
                finally:
                    _tell(span, scope, status)
        except Exception:
            status = 500 if status == BROKEN_OFF else status
            raise
        finally:
            if self._observe is not None:
                self._observe(scope["method"], _route(scope), status, self._now() - began)


def _tell(span: telemetry.Span, scope: MutableMapping[str, Any], status: int) -> None:
    route = _route(scope)
    if route:
        span.rename(f"{scope['method']} {route}")
    span.set(
        **{"http.request.method": scope["method"], "http.route": route, "http.response.status_code": status}
    )
    if status >= 500:
        span.fail(f"answered {status}")


def _route(scope: MutableMapping[str, Any]) -> str:
    """The template, never the path itself, which a caller can make up."""
    return str(getattr(scope.get("route"), "path", ""))


def _caller(scope: MutableMapping[str, Any]) -> tuple[str, str] | None:
    found = [value for name, value in scope["headers"] if name == b"traceparent"]
    trace = telemetry.read_traceparent(found[0].decode("latin-1")) if len(found) == 1 else None
    return (trace.id, trace.span) if trace is not None else None
