"""What the layers of one request tell one another: names in the ASGI scope, read in one place."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.types import Scope

CALLER = "autoweave.caller"
JSON = "autoweave.json"
HEADERS = "autoweave.headers"
_REQUEST = "autoweave.request"


def headers(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers by lower-case name; the last of a name wins, so count before trusting."""
    found: dict[bytes, bytes] | None = scope.get(HEADERS)
    if found is None:
        found = scope[HEADERS] = dict(scope["headers"])
    return found


def every(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def peer(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith(("127.", "::ffff:127."))


def is_forwarded(scope: Scope) -> bool:
    """A proxy stands between: then the peer's address says nothing about who asks."""
    return not _PROXIES.isdisjoint(headers(scope))


def request_id(scope: Scope) -> str:
    """A name for this request, where the log and an answer need one."""
    made: str = scope.setdefault(_REQUEST, "") or uuid.uuid4().hex
    scope[_REQUEST] = made
    return made


def parsed(scope: Scope) -> Any:
    """The body as the limits already parsed it, or None where it was not JSON."""
    return scope.get(JSON)


_PROXIES = frozenset({b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via", b"x-forwarded-host"})
