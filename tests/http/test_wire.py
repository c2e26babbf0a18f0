"""What comes over the connection before it is a request: a real uvicorn, and bytes of our own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from core.http import wire
from core.http.limits import Limits
from tests.http.ground import ACME, DEV, Ground

KEY = f"X-Api-Key: {ACME}\r\n"


class Hasty(wire.Patient):
    """Waits a tenth of a second for a head, so that a test need not wait ten."""

    head_s = 0.1


@contextlib.contextmanager
def serving(app: Any, **changes: Any) -> Iterator[int]:
    """The port of a server with the settings that `serve` uses, but for `changes`."""
    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

    config = wire.config(app, drain_s=1)
    for name, value in changes.items():
        setattr(config, name, value)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        assert ready.wait(30)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground()


@pytest.fixture(scope="module")
def port(ground: Ground) -> Iterator[int]:
    with serving(ground.app(limits=Limits(body=100_000))) as found:
        yield found


def talk(port: int, sent: bytes | str, *, silence: float = 1.0) -> bytes:
    """Everything that comes back until the server closes, or says nothing for a while."""
    raw = sent.encode() if isinstance(sent, str) else sent
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        with contextlib.suppress(ConnectionError):
            link.sendall(raw)
        link.settimeout(silence)
        parts = []
        with contextlib.suppress(ConnectionError, TimeoutError):
            while part := link.recv(65_536):
                parts.append(part)
        return b"".join(parts)


def until_closed(link: socket.socket) -> bytes:
    """Everything that comes until the server closes; a TimeoutError if it does not."""
    parts = []
    while part := link.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def statuses(answer: bytes) -> list[int]:
    return [int(part.split(b" ", 1)[0]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def ask(port: int, head: str, *, line: str = "GET /ready HTTP/1.1") -> bytes:
    """The server closes when it has answered, so on a busy machine the silence before may be long."""
    return talk(port, f"{line}\r\n{head}Connection: close\r\n\r\n", silence=10.0)


def test_no_answer_names_the_server(port: int) -> None:
    assert b"\r\nserver:" not in ask(port, "Host: x\r\n").lower()


@pytest.mark.parametrize("sent", [
    "POST /threads HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    "0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /threads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
    "0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /threads HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 44\r\n\r\n"
    "GETXGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /threads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"
    "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /threads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"
    "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
], ids=["length and chunks", "chunks and length", "two lengths", "odd coding", "blank in name"])  # fmt: skip
def test_no_second_request_hides_in_the_body_of_a_first(port: int, ground: Ground, sent: str) -> None:
    before = len(ground.seen)

    answer = talk(port, sent)

    assert b"autoweave_up" not in answer
    assert statuses(answer)[0] in {400, 401}
    assert "/metrics" not in {route for _, route, _ in ground.seen[before:]}


@pytest.mark.parametrize(
    "head", ["", "Host: a\r\nHost: b\r\n", "Host: x?\r\n", "Host: x/\r\n", "Host: a@b\r\n", "Host: \r\n"]
)
def test_one_host_that_is_a_name_is_needed(port: int, head: str) -> None:
    assert statuses(ask(port, head + KEY)) == [400]


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../ready",
        "//ready",
        "/%2e%2e/ready",
        "/READY",
        "/ready;x",
        "/ready%2f",
        "/./ready",
        "/x/..%2fready",
    ],
)
def test_a_path_that_only_looks_like_another_is_not_found(port: int, path: str) -> None:
    assert statuses(ask(port, f"Host: x\r\n{KEY}", line=f"GET {path} HTTP/1.1")) == [404]


def test_the_path_of_a_whole_url_decides_and_its_host_does_not(port: int) -> None:
    answer = ask(port, "Host: x\r\n", line="GET http://localhost/docs HTTP/1.1")

    assert statuses(answer) == [401]


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_over_the_limit_is_refused_before_it_has_come(port: int, is_chunked: bool) -> None:
    head = f"POST /threads HTTP/1.1\r\nHost: x\r\n{KEY}Content-Type: application/json\r\n"
    if is_chunked:
        sent = head + "Transfer-Encoding: chunked\r\n\r\n" + ("2710\r\n" + "x" * 10_000 + "\r\n") * 20
    else:
        sent = head + "Content-Length: 100001\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(sent.encode())

        assert statuses(link.recv(65_536)) == [413]


def test_a_flood_of_ranges_is_answered_once(port: int) -> None:
    answer = ask(port, f"Host: x\r\n{KEY}Range: bytes={'0-,' * 5_000}0-\r\n", line="GET /docs HTTP/1.1")

    assert statuses(answer) == [200]
    assert len(answer) < 100_000


@pytest.mark.parametrize(
    "head", ["X-Long: " + "a" * 200_000, "".join(f"X-{n}: a\r\n" for n in range(20_000))]
)
def test_a_head_without_end_is_cut(port: int, head: str) -> None:
    answer = talk(port, f"GET /health HTTP/1.1\r\nHost: x\r\n{head}")

    assert statuses(answer) == [431] or answer == b""  # reset while we were still sending


def test_a_url_without_end_is_cut(port: int) -> None:
    answer = talk(port, "GET /" + "a" * 200_000)

    assert statuses(answer) == [431] or answer == b""


@pytest.mark.parametrize("sent", [b"", b"GET /he", b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_head_that_does_not_come_is_not_waited_for(ground: Ground, sent: bytes) -> None:
    with serving(ground.app(), http=Hasty) as port, socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(sent)

        assert until_closed(link) == b""


def test_the_next_head_on_a_connection_is_not_waited_for_either(ground: Ground) -> None:
    with serving(ground.app(), http=Hasty) as port, socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        first = link.recv(65_536)
        link.sendall(b"GET /hea")

        assert statuses(first + until_closed(link)) == [200]


def test_hundreds_of_idle_connections_are_closed_and_the_next_is_served(ground: Ground) -> None:
    with serving(ground.app(), http=Hasty, limit_concurrency=2_000) as port:
        idle = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(400)]
        assert all(until_closed(link) == b"" for link in idle)
        for link in idle:
            link.close()

        assert statuses(ask(port, "Host: x\r\n", line="GET /health HTTP/1.1")) == [200]


def test_more_connections_than_allowed_are_told_so(ground: Ground) -> None:
    with serving(ground.app(), limit_concurrency=5) as port:
        idle = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(10)]
        answer = ask(port, "Host: x\r\n", line="GET /health HTTP/1.1")
        for link in idle:
            link.close()

    assert statuses(answer) == [503]


def test_an_upgrade_is_not_followed(port: int) -> None:
    answer = ask(port, f"Host: x\r\n{KEY}Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n")

    assert statuses(answer) == [200]


def test_a_developer_is_let_in_by_the_name_of_this_machine_only(ground: Ground) -> None:
    with serving(ground.app(dev=DEV)) as port:
        near = ask(port, f"Host: localhost:{port}\r\n", line="GET /docs HTTP/1.1")
        rebound = ask(port, f"Host: evil.example:{port}\r\n", line="GET /docs HTTP/1.1")
        proxied = ask(port, "Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n", line="GET /docs HTTP/1.1")

    assert [*statuses(near), *statuses(rebound), *statuses(proxied)] == [200, 403, 401]
