"""Fetching: how long, how large, how whole, and of what type an answer may be."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from core import fetch
from core.errors import AppError
from core.testing import Clock
from tests.tls_host import NAME, PUBLIC, URL, Host, Net, answered, get, moved, whole

SHORT = fetch.FetchLimits(max_bytes=100_000, deadline_s=0.4)
HEAD = b"HTTP/1.1 200 OK\r\n"
LONG = threading.Event()  # never set: a wait that only the deadline ends


def drip(head: bytes) -> Callable[[ssl.SSLSocket], None]:
    def answer(stream: ssl.SSLSocket) -> None:
        stream.sendall(head)
        for _ in range(100):
            stream.sendall(b"x")
            LONG.wait(0.02)

    return answer


def endless(head: bytes, piece: bytes) -> Callable[[ssl.SSLSocket], None]:
    def answer(stream: ssl.SSLSocket) -> None:
        stream.sendall(head)
        while True:
            stream.sendall(piece)

    return answer


@pytest.mark.parametrize(
    "head",
    [b"", HEAD, HEAD + b"X-Slow: ", HEAD + b"\r\n", HEAD + b"Content-Length: 50\r\n\r\n",
     HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"],
)  # fmt: skip
def test_a_host_that_drips_ends_at_the_deadline(host: Host, net: Net, head: bytes) -> None:
    begun = time.monotonic()

    with pytest.raises(fetch.TooSlow):
        answered(host, net, drip(head), limits=SHORT)

    assert time.monotonic() - begun < SHORT.deadline_s + 0.5


def test_a_host_that_never_shakes_hands_ends_at_the_deadline(net: Net) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        net.port = silent.getsockname()[1]

        with pytest.raises(fetch.TooSlow):
            get(net, limits=SHORT)


def test_a_resolver_that_never_answers_ends_at_the_deadline(net: Net) -> None:
    release = threading.Event()

    def resolve(_name: str, _port: int) -> list[str]:
        release.wait(10)
        return [PUBLIC]

    with pytest.raises(fetch.TooSlow):
        get(net, resolve=resolve, limits=SHORT)

    assert net.connections == []
    release.set()


def test_the_deadline_is_one_for_all_redirects(host: Host, net: Net) -> None:
    clock = Clock()

    def connect(address: str, port: int, timeout_s: float) -> socket.socket:
        clock.move(6)
        return net.connect(address, port, timeout_s)

    host.answers |= {"/1": moved("/2"), "/2": moved("/3"), "/3": whole()}

    with pytest.raises(fetch.TooSlow):
        get(net, f"https://{NAME}/1", connect=connect, clock=clock)
    assert len(host.asked) == 2


@pytest.mark.parametrize(
    ("head", "piece"),
    [(HEAD + b"\r\n", b"x" * 4096), (HEAD + b"Content-Length: 999999999999\r\n\r\n", b"x" * 4096),
     (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n")],
    ids=["until closed", "announced", "chunked"],
)  # fmt: skip
def test_an_endless_body_is_cut(host: Host, net: Net, head: bytes, piece: bytes) -> None:
    with pytest.raises(fetch.BodyTooLarge):
        answered(host, net, endless(head, piece), limits=fetch.FetchLimits(max_bytes=100_000))


@pytest.mark.parametrize(
    ("head", "piece"),
    [(HEAD, b"X-More: y\r\n"), (HEAD + b"X-Long: ", b"y" * 4096), (b"HTTP/1.1 200 ", b"y" * 4096)],
    ids=["fields", "field", "status"],
)
def test_an_endless_head_is_refused(host: Host, net: Net, head: bytes, piece: bytes) -> None:
    with pytest.raises(fetch.AnswerInvalid):
        answered(host, net, endless(head, piece))


def test_a_compressed_body_is_decompressed(host: Host, net: Net) -> None:
    body = gzip.compress(b"openapi: 3.1.0\n" * 1000, mtime=0)

    fetched = answered(host, net, whole(body, headers="Content-Encoding: gzip\r\n"))

    assert fetched.body == b"openapi: 3.1.0\n" * 1000


def test_a_body_that_swells_is_cut_before_it_fills_the_memory(host: Host, net: Net) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(60)) + packer.flush()
    assert len(bomb) < 65_536

    tracemalloc.start()
    with pytest.raises(fetch.BodyTooLarge):
        answered(host, net, whole(bomb, headers="Content-Encoding: gzip\r\n"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 20_000_000


def test_compressed_bytes_that_give_nothing_are_cut_too(host: Host, net: Net) -> None:
    """A gzip header may hold a file name, and nothing says how long."""
    head = HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0"

    with pytest.raises(fetch.BodyTooLarge):
        answered(host, net, endless(head, b"n" * 4096), limits=fetch.FetchLimits(max_bytes=100_000))


def test_an_announced_length_over_the_limit_is_refused_before_it_is_sent(host: Host, net: Net) -> None:
    head = HEAD + b"Content-Length: 5000001\r\n\r\n"

    with pytest.raises(fetch.BodyTooLarge):
        answered(host, net, drip(head))


def test_the_limit_itself_is_allowed_and_a_byte_more_is_not(host: Host, net: Net) -> None:
    limits = fetch.FetchLimits(max_bytes=1000)

    assert len(answered(host, net, whole(b"x" * 1000), limits=limits).body) == 1000
    with pytest.raises(fetch.BodyTooLarge):
        answered(host, net, whole(b"x" * 1001), limits=limits)
    with pytest.raises(fetch.BodyTooLarge):
        answered(host, net, HEAD + b"\r\n" + b"x" * 1001, limits=limits)


GZIPPED = gzip.compress(b"openapi: 3.1.0\n", mtime=0)


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 100\r\n\r\nshort",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nopena\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nopena\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nopena\r\n0\r\n\r\n",
        b"", b"\r\n\r\n", b"openapi: 3.1.0\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n",
        whole(GZIPPED[:-6], headers="Content-Encoding: gzip\r\n"),
        whole(GZIPPED + b"tail", headers="Content-Encoding: gzip\r\n"),
        whole(b"not gzip", headers="Content-Encoding: gzip\r\n"),
        whole(b"", headers="Content-Encoding: gzip\r\n"),
        whole(b"x", headers="Content-Encoding: br\r\n"),
        whole(b"x", headers="Content-Encoding: gzip, gzip\r\n"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_whole_is_refused(host: Host, net: Net, answer: bytes) -> None:
    with pytest.raises((fetch.AnswerInvalid, fetch.Unreachable)):
        answered(host, net, answer)


def test_a_connection_cut_without_goodbye_is_not_taken_for_the_end(host: Host, net: Net) -> None:
    def cut(stream: ssl.SSLSocket) -> None:
        stream.sendall(HEAD + b"\r\nopenapi: 3.1.0\npaths:")
        stream.shutdown(socket.SHUT_RDWR)  # TCP's end without TLS's: anybody on the way can do that

    with pytest.raises((fetch.Unreachable, fetch.AnswerInvalid)):
        answered(host, net, cut)


def test_more_bytes_than_announced_are_not_read(host: Host, net: Net) -> None:
    answer = HEAD + b"Content-Length: 5\r\n\r\nopenaHTTP/1.1 200 OK\r\n\r\nmore"

    assert answered(host, net, answer).body == b"opena"


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain",
     "application/octet-stream", "application/vnd.oai.openapi+json", "application/vnd.oai.openapi",
     "application/openapi+yaml", "APPLICATION/JSON; charset=utf-8", "text/vnd.yaml"],
)  # fmt: skip
def test_a_document_has_one_of_these_types(host: Host, net: Net, kind: str) -> None:
    assert answered(host, net, whole(headers=f"Content-Type: {kind}\r\n")).body


@pytest.mark.parametrize(
    "kind", ["text/html", "application/xhtml+xml", "image/png", "application/pdf", "application/zip",
             "multipart/form-data", "text/javascript", "application/x-python"],
)  # fmt: skip
def test_any_other_type_is_refused(host: Host, net: Net, kind: str) -> None:
    with pytest.raises(fetch.TypeRefused):
        answered(host, net, whole(headers=f"Content-Type: {kind}\r\n"))


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("https://user:hunter2@spec.example.com/", b""),
        ("https://user:hunter2@127.0.0.1/?token=hunter2", b""),
        ("https://127.0.0.1/?token=hunter2", b""),
        ("https://nowhere.example.com/?token=hunter2", b""),
        (f"{URL}?token=hunter2", whole(b"", status="404 No")),
        (f"{URL}?token=hunter2", moved("https://a:hunter2@other.example.com/?t=hunter2")),
        (f"{URL}?token=hunter2", moved("/openapi.yaml?again=hunter2")),
        (f"{URL}?token=hunter2", whole(headers="Content-Type: text/html\r\n")),
    ],
)
def test_no_message_holds_a_password_or_query(host: Host, net: Net, url: str, answer: bytes) -> None:
    with pytest.raises(AppError) as refused:
        answered(host, net, answer, url=url)

    assert "hunter2" not in str(refused.value.to_dict())


def test_what_was_fetched_is_named_without_its_query(host: Host, net: Net) -> None:
    assert answered(host, net, whole(), url=f"{URL}?token=hunter2").url == URL


def test_nothing_but_the_question_is_sent(host: Host, net: Net) -> None:
    answered(host, net, whole(), url=f"{URL}?a=b")

    assert host.asked[0].split(b"\r\n")[:2] == [b"GET /openapi.yaml?a=b HTTP/1.1", b"Host: spec.example.com"]
    assert not any(word in host.asked[0].lower() for word in (b"authorization", b"cookie", b"referer"))
