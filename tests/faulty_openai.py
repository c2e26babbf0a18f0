"""An OpenAI server with faults, on a free port of the loopback: the first part of the path says which.

Nothing but sockets: half of the faults are answers that no web framework would send.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

KEY = "sk-SECRET123"
FAULTS = (
    "r429", "r429once", "r429big", "r429neg", "r429junk", "e500", "e503", "e401", "ctx", "reset", "close",
    "hang", "html", "empty", "nochoices", "badtool", "trunc", "drip",
)  # fmt: skip
STREAM_FAULTS = ("ssecut", "ssebadjson", "ssenodone", "sseslow")

_BOOM = {"error": {"message": f"boom {KEY}", "type": "server_error", "code": None}}
_RATE = {"error": {"message": "Rate limit", "type": "rate_limit_error", "code": "rate_limit_exceeded"}}
_STATUS: dict[str, tuple[int, Any, str]] = {
    "r429": (429, _RATE, "retry-after: 2\r\n"),
    "r429big": (429, _BOOM, "retry-after: 3600\r\n"),
    "r429neg": (429, _BOOM, "retry-after: -5\r\n"),
    "r429junk": (429, _BOOM, "retry-after: banana\r\n"),
    "quota": (429, {"error": {"message": "No", "code": "insufficient_quota"}}, ""),
    "e402": (402, _BOOM, ""),
    "e404": (404, {"error": {"message": "No such model", "code": "model_not_found"}}, ""),
    "e500": (500, _BOOM, ""),
    "e503": (503, _BOOM, "retry-after: 1\r\n"),
    "e529": (529, _BOOM, ""),
    "e401": (401, {"error": {"message": f"bad key {KEY}", "code": "invalid_api_key"}}, ""),
    "ctx": (400, {"error": {"message": "maximum context", "code": "context_length_exceeded"}}, ""),
    "html": (200, b"<html>502 Bad gateway</html>", ""),
    "empty": (200, b"", ""),
    "nochoices": (200, {"id": "x", "object": "chat.completion", "model": "m", "choices": []}, ""),
}  # fmt: skip


def answer(content: str | None = "ok", *, reason: str = "stop", **more: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **more},
                "finish_reason": reason,
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def calling(*arguments: str, name: str = "f") -> dict[str, Any]:
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": text}}
        for n, text in enumerate(arguments)
    ]
    return answer(None, reason="tool_calls", tool_calls=calls)


class Server:
    """`hits` counts the requests of each fault, `asked` keeps their bodies."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        self.asked: list[dict[str, Any]] = []
        self.replies: dict[str, list[Any]] = {"ok": [answer()], "badtool": [calling('{"a": 1, "b": ')]}
        self.gone = defaultdict(lambda: threading.Semaphore(0))
        """By fault: released when a client goes away from one that would never end."""
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def url(self, fault: str) -> str:
        return f"http://127.0.0.1:{self.port}/{fault}/v1"

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        with contextlib.suppress(Exception):
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        size = next(
            int(line.split(":")[1])
            for line in head.split("\r\n")
            if line.lower().startswith("content-length")
        )
        asked = json.loads(await reader.readexactly(size))
        fault = head.split(" ")[1].strip("/").split("/")[0]
        self.hits[fault] += 1
        self.asked.append(asked)
        special = getattr(self, f"_{fault}", None)
        if special is not None:
            return bool(await special(reader, writer))
        if fault in _STATUS:
            return await _send(writer, *_STATUS[fault])
        replies = self.replies[fault]
        reply = replies[min(self.hits[fault], len(replies)) - 1]
        if asked.get("stream"):
            return await _stream(writer, _events(reply))
        return await _send(writer, 200, reply)

    async def _r429once(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        if self.hits["r429once"] % 2:
            return await _send(writer, 429, _BOOM, "retry-after: 1\r\n")
        return await _send(writer, 200, answer())

    async def _reset(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        writer.transport.abort()
        return False

    async def _close(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        return False

    async def _hang(self, reader: asyncio.StreamReader, _: Any, fault: str = "hang") -> bool:
        with contextlib.suppress(ConnectionError):
            await reader.read()  # until the client goes away
        self.gone[fault].release()
        return False

    async def _trunc(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        body = json.dumps(answer("y" * 5000)).encode()
        writer.write(_head(200, len(body)) + body[:200])
        await writer.drain()
        return False

    async def _drip(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        body = json.dumps(answer()).encode()
        writer.write(_head(200, len(body)))
        leaves = asyncio.ensure_future(reader.read())
        for number in range(len(body)):
            writer.write(body[number : number + 1])
            if (await asyncio.wait({leaves}, timeout=0.5))[0]:
                leaves.exception()
                break
        self.gone["drip"].release()
        return False

    async def _ssecut(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        await _stream(writer, _words(3), is_ended=False)
        writer.write(b'40\r\ndata: {"id":"x","choices":[{"ind')
        await writer.drain()
        writer.close()
        return False

    async def _ssebadjson(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        return await _stream(writer, [*_words(3), "data: {oops\n\n", *_words(2), _last("stop"), _DONE])

    async def _ssenodone(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        return await _stream(writer, _words(6))

    async def _sseslow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await _stream(writer, _words(3), is_ended=False)
        return await self._hang(reader, writer, "sseslow")


_DONE = "data: [DONE]\n\n"


def _head(status: int, size: int, more: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{more}content-length: {size}\r\n\r\n"
    ).encode()


async def _send(writer: asyncio.StreamWriter, status: int, body: Any, more: str = "") -> bool:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    writer.write(_head(status, len(data), more) + data)
    await writer.drain()
    return True


async def _stream(writer: asyncio.StreamWriter, events: list[str], *, is_ended: bool = True) -> bool:
    writer.write(b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    for event in events:
        writer.write(f"{len(event.encode()):x}\r\n".encode() + event.encode() + b"\r\n")
    if is_ended:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


def _event(delta: dict[str, Any], reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    whole = {
        "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice],
    }  # fmt: skip
    return f"data: {json.dumps(whole)}\n\n"


def _words(count: int) -> list[str]:
    return [_event({"content": f"t{number} "}) for number in range(count)]


def _last(reason: str) -> str:
    return _event({}, reason)


def _events(reply: dict[str, Any]) -> list[str]:
    """The same answer, in parts."""
    choice = reply["choices"][0]
    message = choice["message"]
    calls = [{"index": n, **call} for n, call in enumerate(message.get("tool_calls", ()))]
    words = [_event({"content": f"{word} "}) for word in (message["content"] or "").split()]
    return [
        _event({"role": "assistant"}), *words, *([_event({"tool_calls": calls})] if calls else []),
        _last(choice["finish_reason"]), _DONE,
    ]  # fmt: skip


@contextlib.contextmanager
def running() -> Iterator[Server]:
    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()
