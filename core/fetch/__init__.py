"""Fetch one public https document, and nothing else.

The decision falls on the resolved addresses and the connection goes to one of them: a name that
resolves anew to something private gains nothing. Proxies named in the environment are not used.
One deadline, and one size limit measured after decompression, hold for the whole call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from core.fetch import urls
from core.fetch.call import Call, Fetched, FetchLimits
from core.fetch.errors import (
    AccessDenied,
    AddressRefused,
    AnswerInvalid,
    BodyTooLarge,
    DocumentMissing,
    HostFailed,
    HostRefused,
    NameUnknown,
    RedirectRefused,
    TlsFailed,
    TooSlow,
    TypeRefused,
    Unreachable,
    UrlRefused,
)
from core.fetch.urls import is_public

if TYPE_CHECKING:
    import socket
    import ssl

__all__ = [
    "AccessDenied",
    "AddressRefused",
    "AnswerInvalid",
    "BodyTooLarge",
    "DocumentMissing",
    "FetchLimits",
    "Fetched",
    "HostFailed",
    "HostRefused",
    "NameUnknown",
    "RedirectRefused",
    "TlsFailed",
    "TooSlow",
    "TypeRefused",
    "Unreachable",
    "UrlRefused",
    "get",
    "is_public",
]


def resolve(host: str, port: int) -> Collection[str]:
    """All addresses of a host, by this machine's resolver."""
    import socket  # noqa: PLC0415  # with ssl 20 ms; most runs fetch nothing

    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def connect(address: str, port: int, timeout_s: float) -> socket.socket:
    import socket  # noqa: PLC0415  # as above

    return socket.create_connection((address, port), timeout=timeout_s)


def get(
    url: str,
    *,
    allow_hosts: Collection[str] | None = None,
    limits: FetchLimits | None = None,
    trust: ssl.SSLContext | None = None,
    resolve: Callable[[str, int], Collection[str]] = resolve,
    connect: Callable[[str, int, float], socket.socket] = connect,
    clock: Callable[[], float] = time.monotonic,
) -> Fetched:
    """The document at `url`.

    `allow_hosts` are names, or `name:port` for another port than 443; None allows every public
    host on 443. `trust` replaces the system's certificate authorities.
    """
    import ssl  # noqa: PLC0415  # as above

    limits = limits or FetchLimits()
    ends = clock() + limits.deadline_s
    parts = urls.parse(url)
    call = Call(
        limits=limits,
        allowed=None if allow_hosts is None else frozenset(host.lower() for host in allow_hosts),
        trust=trust or ssl.create_default_context(),
        resolve=resolve,
        connect=connect,
        clock=clock,
        ends=ends,
    )
    return call.run(parts)
