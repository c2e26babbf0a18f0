"""How the server reads a connection: uvicorn with bounds on what comes before a request is one."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 10.0
HEAD_BYTES = 65_536
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Patient(HttpToolsProtocol):
    """Uvicorn waits for ever for the end of a request's head, and keeps all of it. This does not."""

    head_s = HEAD_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._is_head = True
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.head_s, self._give_up)

    def data_received(self, data: bytes) -> None:
        if self._is_head:
            self._head += len(data)
            if self._timer is None:  # the first bytes of a later request on this connection
                self._timer = self.loop.call_later(self.head_s, self._give_up)
        super().data_received(data)
        if self._is_head and self._head > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._is_head = False
        self._disarm()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_head, self._head = True, 0
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()


def config(
    app: Any, *, host: str = "127.0.0.1", port: int = 0, most: int = 2_000, drain_s: float = 20.0
) -> Config:
    """Uvicorn's settings for this application. `most`: connections at once; others get a 503."""
    return Config(
        app,
        host=host,
        port=port,
        http=Patient,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=most,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(drain_s),
    )
