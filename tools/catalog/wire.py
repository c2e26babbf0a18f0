"""One request to GitHub's REST interface, and its answer: https, one host, bounded in size and time.

No redirect is followed and no proxy of the environment is used: the token goes to the one host that
was allowed for it. Nothing is tried twice; who called knows what may be.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from core import fetch
from core.fetch import answers, urls

from . import reading, refusals
from .refusals import TokenRefused

if TYPE_CHECKING:
    import http.client
    import socket
    import ssl

HOSTS: Final = frozenset({"api.github.com"})
_TOKEN: Final = re.compile(r"[!-~]{1,500}")
_JSON: Final = "application/vnd.github+json"


@dataclass(frozen=True, kw_only=True)
class Wire:
    """`hosts` may be sent the token; `trust` replaces the system's certificate authorities."""

    url: str = "https://api.github.com"
    token: str = field(default="", repr=False)
    hosts: Collection[str] = HOSTS
    deadline_s: float = 20.0
    trust: ssl.SSLContext | None = None
    connect: Callable[[str, int, float], socket.socket] = fetch.connect
    now: Callable[[], float] = time.monotonic

    def json(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | int) -> Any:
        """What the answer says, as plain values; an answer that is a refusal is raised."""
        return reading.from_json(self.send(method, path, body, _JSON, query), path)

    def raw(self, path: str, **query: str | int) -> bytes:
        return self.send("GET", path, None, "application/vnd.github.raw+json", query)

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None, accept: str, query: Mapping[str, Any]
    ) -> bytes:
        parts = urls.parse(self.url)
        if urls.authority(parts) not in self.hosts:
            raise fetch.HostRefused(f"{urls.authority(parts)} is not an allowed host.", place=self.url)
        target = f"{parts.path.rstrip('/')}{quote(path)}" + (f"?{urlencode(query)}" if query else "")
        sent = b"" if body is None else json.dumps(body).encode()
        head = self._head(method, target, urls.authority(parts), accept, len(sent))
        return self._exchange(parts.hostname or "", parts.port or 443, head + sent, method, path)

    def _head(self, method: str, target: str, host: str, accept: str, size: int) -> bytes:
        lines = [
            f"{method} {target} HTTP/1.1", f"Host: {host}", "User-Agent: autoweave", f"Accept: {accept}",
            "X-GitHub-Api-Version: 2022-11-28", "Accept-Encoding: gzip", "Connection: close",
        ]  # fmt: skip
        if self.token:
            if not _TOKEN.fullmatch(self.token):
                raise TokenRefused("The token holds characters that no token has.")
            lines.append(f"Authorization: Bearer {self.token}")
        if method != "GET":
            lines += ["Content-Type: application/json", f"Content-Length: {size}"]
        return "\r\n".join((*lines, "", "")).encode("ascii")

    def _exchange(self, host: str, port: int, request: bytes, method: str, path: str) -> bytes:
        import ssl  # noqa: PLC0415  # with http.client 40 ms; a folder needs neither
        from http.client import HTTPException  # noqa: PLC0415  # as above

        ends = self.now() + self.deadline_s

        def left_s() -> float:
            if (left := ends - self.now()) <= 0:
                raise TimeoutError
            return left

        try:
            trust = self.trust or ssl.create_default_context()
            with (
                self.connect(host, port, left_s()) as raw,
                trust.wrap_socket(raw, server_hostname=host, suppress_ragged_eofs=False) as stream,
            ):
                stream.settimeout(left_s())
                stream.sendall(request)
                return _answered(answers.Timed(stream, left_s), method, path)
        except TimeoutError as error:
            raise fetch.TooSlow(f"No whole answer within {self.deadline_s:g} s.", place=host) from error
        except ssl.SSLCertVerificationError as error:
            raise fetch.TlsFailed(
                f"The certificate is refused: {error.verify_message}.", place=host
            ) from error
        except OSError as error:
            raise refusals.GithubAway(f"No connection: {error.strerror or error}.", place=host) from error
        except (HTTPException, ValueError) as error:
            raise refusals.GithubAway(f"No whole answer: {type(error).__name__}.", place=host) from error


def _answered(stream: answers.Timed, method: str, path: str) -> bytes:
    import http.client  # noqa: PLC0415  # as above

    with http.client.HTTPResponse(stream, method=method) as answer:  # type: ignore[arg-type]  # it asks for makefile alone
        answer.begin()
        body = _body(answer, path)
        if 200 <= answer.status < 300:
            return body
        raise refusals.of(
            answer.status, {name.lower(): value for name, value in answer.headers.items()}, body, path
        )


def _body(answer: http.client.HTTPResponse, path: str) -> bytes:
    try:
        return answers.body(answer, reading.MAX_BYTES, path)
    except fetch.BodyTooLarge as error:
        raise reading.FileTooLarge(
            f"The file is over {reading.MAX_BYTES // 1_000_000} MB.", place=path
        ) from error
