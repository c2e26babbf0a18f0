"""HTTP clients for models: one that looks at the clock while it reads, one that any event loop may use."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import Iterator
from weakref import WeakKeyDictionary

import httpx

from core.gateway import until


class _Reading(httpx.SyncByteStream):
    """Ends when the call is over, however slowly bytes keep coming."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            if until.is_over():
                raise httpx.ReadTimeout("the call is over")
            yield part

    def close(self) -> None:
        self._stream.close()


@functools.cache
def trusted() -> ssl.SSLContext:
    """One for all clients: reading the authorities' certificates takes 40 ms."""
    return httpx.create_ssl_context()


class Transport(httpx.HTTPTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Reading(response.stream)
        return response


class AsyncTransport(httpx.AsyncBaseTransport):
    """Connections belong to the loop they were made in: runs have loops of their own, and those end."""

    def __init__(self) -> None:
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncHTTPTransport] = (
            WeakKeyDictionary()
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        loop = asyncio.get_running_loop()
        own = self._by_loop.get(loop)
        if own is None:
            own = self._by_loop[loop] = httpx.AsyncHTTPTransport(verify=trusted())
        return await own.handle_async_request(request)

    async def aclose(self) -> None:
        """Of this loop: the others' can only be closed there, and end with them."""
        own = self._by_loop.pop(asyncio.get_running_loop(), None)
        if own is not None:
            await own.aclose()


class AsyncClient(httpx.AsyncClient):
    """`aclose` is for one loop that ends. The others go on."""

    def __init__(self, timeout: httpx.Timeout) -> None:
        self._own = AsyncTransport()
        super().__init__(transport=self._own, timeout=timeout)

    async def aclose(self) -> None:
        await self._own.aclose()
