"""One fetch: resolve, check, connect, ask, follow. Everything under one deadline."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.fetch import answers, urls
from core.fetch.errors import (
    AddressRefused,
    AnswerInvalid,
    HostRefused,
    NameUnknown,
    RedirectRefused,
    TlsFailed,
    TooSlow,
    Unreachable,
    UrlRefused,
)

if TYPE_CHECKING:
    import socket
    import ssl
    from urllib.parse import SplitResult


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`max_bytes` holds after decompression, `deadline_s` for the whole call with its redirects."""

    max_bytes: int = 5_000_000
    deadline_s: float = 15.0
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """`url` is where the document was in the end, without its query: that may hold a key."""

    url: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One `get`. `ends` is when its deadline passes, by `clock`."""

    limits: FetchLimits
    allowed: frozenset[str] | None
    trust: ssl.SSLContext
    resolve: Callable[[str, int], Collection[str]]
    connect: Callable[[str, int, float], socket.socket]
    clock: Callable[[], float]
    ends: float

    def run(self, parts: SplitResult) -> Fetched:
        for _ in range(self.limits.redirects + 1):
            answer = self.ask(parts)
            if isinstance(answer, Fetched):
                return answer
            parts = urls.hop(parts, answer)
        raise RedirectRefused(f"More than {self.limits.redirects} redirects.", place=urls.shown(parts))

    def ask(self, parts: SplitResult) -> Fetched | str:
        """The document, or where the host says it is."""
        from http.client import HTTPException  # noqa: PLC0415  # with http.client 40 ms; most runs fetch nothing

        place = urls.shown(parts)
        self.refuse_host(parts)
        try:
            with self.open(parts) as stream:
                return self.exchange(stream, parts)
        except TimeoutError as error:
            raise TooSlow(f"No whole answer within {self.limits.deadline_s:g} s.", place=place) from error
        except OSError as error:  # before ValueError: a certificate's error is both
            raise _network(error, place) from error
        except (HTTPException, ValueError) as error:
            raise AnswerInvalid(f"Not a whole HTTP answer: {type(error).__name__}.", place=place) from error

    def left_s(self) -> float:
        left = self.ends - self.clock()
        if left <= 0:
            raise TimeoutError
        return left

    def refuse_host(self, parts: SplitResult) -> None:
        name = urls.host(parts)
        key = name if urls.port(parts) == 443 else f"{name}:{urls.port(parts)}"
        if self.allowed is not None and key not in self.allowed:
            raise HostRefused(f"{key} is not an allowed host.", place=urls.shown(parts))
        if self.allowed is None and urls.port(parts) != 443:
            raise UrlRefused(f"Port {urls.port(parts)} is not fetched from.", place=urls.shown(parts))

    def open(self, parts: SplitResult) -> ssl.SSLSocket:
        """A TLS connection to a checked address that proved to be the host."""
        raw = self.reach(self.addresses(parts), urls.port(parts))
        try:
            raw.settimeout(self.left_s())
            # A body that ends with the connection is whole only if the host said so in TLS.
            return self.trust.wrap_socket(raw, server_hostname=urls.host(parts), suppress_ragged_eofs=False)
        except BaseException:
            raw.close()
            raise

    def reach(self, addresses: list[str], port: int) -> socket.socket:
        """The first address that answers; one that does not takes only its share of the time."""
        last: OSError = OSError("no address")
        for index, address in enumerate(addresses):
            try:
                return self.connect(address, port, self.left_s() / (len(addresses) - index))
            except OSError as error:
                last = error
        raise last

    def addresses(self, parts: SplitResult) -> list[str]:
        place = urls.shown(parts)
        found = list(dict.fromkeys(self.look_up(parts)))
        if not found:
            raise NameUnknown("The host's name has no address.", place=place)
        if not all(map(urls.is_public, found)):
            raise AddressRefused("The host's address is not public.", place=place)
        return found

    def look_up(self, parts: SplitResult) -> Collection[str]:
        """The resolver has no deadline of its own, so it is left behind in its thread when ours passes."""
        import threading  # noqa: PLC0415  # with http.client 40 ms; most runs fetch nothing

        answer: list[Collection[str] | Exception] = []

        def ask() -> None:
            try:
                answer.append(self.resolve(urls.host(parts), urls.port(parts)))
            except (OSError, ValueError) as error:  # ValueError: a label over 63 characters
                answer.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(self.left_s())
        if not answer:
            raise TimeoutError
        if isinstance(answer[0], Exception):
            raise NameUnknown("The host's name has no address.", place=urls.shown(parts)) from answer[0]
        return answer[0]

    def exchange(self, stream: ssl.SSLSocket, parts: SplitResult) -> Fetched | str:
        import http.client  # noqa: PLC0415  # with http.client 40 ms; most runs fetch nothing

        stream.settimeout(self.left_s())
        stream.sendall(_request(parts))
        with http.client.HTTPResponse(answers.Timed(stream, self.left_s), method="GET") as answer:  # type: ignore[arg-type]  # it asks for makefile alone
            answer.begin()
            if answer.status in _MOVED:
                return answer.headers.get("Location") or ""
            answers.refuse(answer, urls.shown(parts))
            body = answers.body(answer, self.limits.max_bytes, urls.shown(parts))
            return Fetched(urls.shown(parts), body, answer.headers.get_content_type())


def _request(parts: SplitResult) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {urls.authority(parts)}",
        "User-Agent: autoweave",
        "Accept: application/json, application/yaml, text/yaml, text/plain, */*;q=0.1",
        "Accept-Encoding: gzip",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _network(error: OSError, place: str) -> Unreachable | TlsFailed:
    import ssl  # noqa: PLC0415  # with http.client 40 ms; most runs fetch nothing

    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailed(f"The certificate is refused: {error.verify_message}.", place=place)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return TlsFailed(f"No TLS with the host: {error.reason}.", place=place)
    return Unreachable(f"No connection, or it broke: {error.strerror or type(error).__name__}.", place=place)


_MOVED = frozenset({301, 302, 303, 307, 308})
