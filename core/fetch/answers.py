"""Read one HTTP answer: its status, its type, and its body within the limits."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from core.fetch.errors import (
    AccessDenied,
    AnswerInvalid,
    BodyTooLarge,
    DocumentMissing,
    HostFailed,
    TypeRefused,
)

if TYPE_CHECKING:
    import http.client
    import io
    import ssl


# Earlier Pythons take a connection that is cut for TLS's own end (CPython issue 95494).
ENDS_ARE_SEEN = sys.version_info >= (3, 11, 4)
_TEXT = re.compile(
    r"(application|text)/([\w.-]+\+)?(x-|vnd\.)?(json|yaml|yml|plain|openapi|octet-stream)"
    r"|application/vnd\.oai\.openapi"
)


def refuse(answer: http.client.HTTPResponse, place: str) -> None:
    status = answer.status
    if status in {404, 410}:
        raise DocumentMissing(f"The host answered {status}.", place=place)
    if status in {401, 403, 407}:
        raise AccessDenied(f"The host answered {status}.", place=place)
    if status == 429 or status >= 500:
        raise HostFailed(f"The host answered {status}.", place=place)
    if status != 200:
        raise AnswerInvalid(f"The host answered {status}.", place=place)
    kind = answer.headers.get_content_type()
    if "content-type" in answer.headers and not _TEXT.fullmatch(kind):
        raise TypeRefused(f"The answer is {kind}.", place=place)


def body(answer: http.client.HTTPResponse, limit: int, place: str) -> bytes:
    whole = bytearray()
    is_open = answer.length is None and not answer.chunked
    if answer.length is not None and answer.length > limit:
        raise BodyTooLarge(f"The document is over {limit} bytes.", place=place)
    for piece in _plain(answer, _sent(answer, limit, place), place):
        whole += piece
        if len(whole) > limit:
            raise BodyTooLarge(f"The document is over {limit} bytes.", place=place)
    if is_open and not ENDS_ARE_SEEN:
        raise AnswerInvalid(
            "The answer does not say how long it is, and this Python cannot tell its end from a cut.",
            place=place,
            fix="Use Python 3.11.4 or newer, or download the file and name it.",
        )
    return bytes(whole)


def _sent(answer: http.client.HTTPResponse, limit: int, place: str) -> Iterator[bytes]:
    total = 0
    while piece := answer.read(_PIECE):
        total += len(piece)
        if total > limit:
            raise BodyTooLarge(f"The answer is over {limit} bytes.", place=place)
        yield piece
    if answer.length:
        raise AnswerInvalid(f"The answer ended {answer.length} bytes early.", place=place)


_PIECE = 65_536


def _plain(answer: http.client.HTTPResponse, pieces: Iterator[bytes], place: str) -> Iterator[bytes]:
    """The decompressed pieces, each at most 64 kB however small its source is."""
    import zlib  # noqa: PLC0415  # as above

    coding = (answer.headers.get("Content-Encoding") or "identity").strip().lower()
    if coding == "identity":
        yield from pieces
        return
    if coding not in {"gzip", "x-gzip"}:
        raise AnswerInvalid("The answer is compressed in a way that was not asked for.", place=place)
    gzip = zlib.decompressobj(31)
    try:
        for piece in pieces:
            yield gzip.decompress(piece, _PIECE)
            while gzip.unconsumed_tail and not gzip.eof:
                yield gzip.decompress(gzip.unconsumed_tail, _PIECE)
    except zlib.error as error:
        raise AnswerInvalid("The compressed answer is damaged.", place=place) from error
    if not gzip.eof or gzip.unused_data:
        raise AnswerInvalid("The compressed answer is not one whole piece.", place=place)


class Timed:
    """What `HTTPResponse` reads from: each read has only the time that is left of the call."""

    def __init__(self, stream: ssl.SSLSocket, left_s: Callable[[], float]) -> None:
        self._stream = stream
        self._left_s = left_s

    def makefile(self, _mode: str) -> io.BufferedReader:
        import io  # noqa: PLC0415  # the name is needed as a type alone elsewhere

        stream, left_s = self._stream, self._left_s

        class Reads(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                stream.settimeout(left_s())
                return stream.recv_into(buffer)

        return io.BufferedReader(Reads())
