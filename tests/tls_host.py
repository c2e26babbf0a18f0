"""A real TLS host on loopback for tests, and the public names that are made to lead to it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import trustme

from core import fetch

NAME = "spec.example.com"
URL = f"https://{NAME}/openapi.yaml"
PUBLIC = "93.184.215.14"
AUTHORITY = trustme.CA()
NAMES = {
    NAME: [PUBLIC], "other.example.com": [PUBLIC], "evil.com": [PUBLIC], "localhost": ["127.0.0.1", "::1"],
    "kubernetes.default.svc": ["10.96.0.1"], "metadata.internal": ["fd00:ec2::254"],
}  # fmt: skip
Answer = bytes | Callable[[ssl.SSLSocket], None]


def whole(body: bytes = b"openapi: 3.1.0\n", *, status: str = "200 OK", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def moved(location: str, status: str = "302 Found") -> bytes:
    return whole(b"", status=status, headers=f"Location: {location}\r\n")


@dataclass
class Host:
    """Answers each path as told. `asked` holds the requests, `names` the names of the handshakes."""

    certificate: trustme.LeafCert
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate.configure_cert(self._context)
        self._context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            raw.settimeout(5)
            with (
                raw,
                suppress(OSError, ValueError),
                self._context.wrap_socket(raw, server_side=True) as stream,
            ):
                self._answer(stream)
                stream.unwrap()

    def _answer(self, stream: ssl.SSLSocket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += stream.recv(4096)
        self.asked.append(request)
        path = request.split(b" ")[1].decode().partition("?")[0]
        answer = self.answers.get(path, whole(b"", status="404 Not Found"))
        if isinstance(answer, bytes):
            stream.sendall(answer)
        else:
            answer(stream)


@dataclass
class Net:
    """Names lead to addresses, and every connection to `port` on loopback, whatever its address."""

    port: int
    names: dict[str, Collection[str]] = field(default_factory=lambda: dict(NAMES))
    lookups: list[str] = field(default_factory=list)
    connections: list[tuple[str, int]] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> Collection[str]:
        """Known names by the table; of others only what is an address in some spelling."""
        self.lookups.append(host)
        if host in self.names:
            return self.names[host]
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(info[4][0]) for info in found]

    def connect(self, address: str, port: int, timeout_s: float) -> socket.socket:
        self.connections.append((address, port))
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)


def get(net: Net, url: str = URL, **options: Any) -> fetch.Fetched:
    trust = ssl.create_default_context()
    AUTHORITY.configure_trust(trust)
    return fetch.get(url, **{"resolve": net.resolve, "connect": net.connect, "trust": trust, **options})


def answered(host: Host, net: Net, answer: Answer, **options: Any) -> fetch.Fetched:
    host.answers["/openapi.yaml"] = answer
    return get(net, **options)


@contextmanager
def canary() -> Iterator[tuple[int, list[bytes]]]:
    """A plain listener, and what it heard: one entry for each connection, even a silent one."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        with suppress(OSError):
            while True:
                stream, _ = listener.accept()
                with stream:
                    stream.settimeout(1)
                    heard.append(stream.recv(4096))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1]), heard
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
