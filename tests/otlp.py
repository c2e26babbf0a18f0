"""Receivers of spans for a test: one that keeps what it gets, and one that never answers."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Received:
    """Every byte that came, headers included."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    @property
    def everything(self) -> bytes:
        return b"\0".join(self.bodies)

    def spans(self) -> list[Any]:
        """OTLP's spans, in the order they came."""
        return [
            span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> Any:
        (found,) = [span for span in self.spans() if span.name == name]
        return found


def facts(span: Any) -> dict[str, Any]:
    """The attributes of an OTLP span as plain values."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


@contextlib.contextmanager
def receiver(forward: str = "") -> Iterator[Received]:
    """Answers 200, or what the receiver at `forward` answers to the same."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.bodies.append(body)
            got.headers.append(str(self.headers))
            kind = {"content-type": self.headers["content-type"]}
            answer = httpx.post(forward, content=body, headers=kind, trust_env=False) if forward else None
            self.send_response(answer.status_code if answer is not None else 200)
            self.end_headers()
            got.came.set()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    got = Received(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield got
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def nobody() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
