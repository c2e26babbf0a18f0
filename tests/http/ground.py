"""An application over the front in memory, and the fakes of what a root would hand in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI

from core.http.app import Parts, create_app
from core.http.front import Caller
from core.http.identity import digest, new_key
from tests.fronts import Memory, front

DEV = Caller("dev", "developer")


def key(seed: str) -> tuple[str, str]:
    """A key's text and id, the same for the same seed."""
    text, key_id, _ = new_key(hashlib.sha512(seed.encode()).digest()[:36])
    return text, key_id


ACME, ACME_ID = key("acme")
OTHER, OTHER_ID = key("other")
REVOKED, REVOKED_ID = key("revoked")
EXPIRED, EXPIRED_ID = key("expired")


@dataclass(frozen=True)
class Row:
    id: str
    tenant: str
    expires: float | None = None
    revoked: float | None = None


class Shelf:
    """Keys in memory, and how often they were looked for."""

    def __init__(self) -> None:
        self.looked = 0
        self.rows = {
            digest(ACME): Row(ACME_ID, "acme"),
            digest(OTHER): Row(OTHER_ID, "other"),
            digest(REVOKED): Row(REVOKED_ID, "acme", revoked=1.0),
            digest(EXPIRED): Row(EXPIRED_ID, "acme", expires=1_000.0),
        }

    def find(self, digest: str) -> Row | None:
        self.looked += 1
        return self.rows.get(digest)


@dataclass
class Kept:
    state: Any
    fingerprint: str
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: bytes | None = None
    holder: str = ""


class Ledger:
    """Answers in memory, by tenant and key."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Kept] = {}

    def begin(self, tenant: str, key: str, fingerprint: str) -> Kept:
        if found := self.kept.get((tenant, key)):
            return found
        self.kept[tenant, key] = Kept("running", fingerprint)
        return Kept("new", fingerprint)

    def keep(
        self, tenant: str, key: str, *, status: int, headers: Mapping[str, str], body: bytes, holder: str
    ) -> None:
        old = self.kept[tenant, key]
        self.kept[tenant, key] = Kept("done", old.fingerprint, status, headers, body)

    def drop(self, tenant: str, key: str, *, holder: str) -> None:
        self.kept.pop((tenant, key), None)


@dataclass
class Clock:
    at: float = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Ground:
    """Everything a test may want to look at or turn."""

    shelf: Shelf = field(default_factory=Shelf)
    ledger: Ledger = field(default_factory=Ledger)
    clock: Clock = field(default_factory=Clock)
    logged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    seen: list[tuple[str, str, int]] = field(default_factory=list)
    memory: Memory | None = None

    def app(self, **changes: Any) -> FastAPI:
        made, self.memory = front()
        parts = Parts(
            keys=self.shelf,
            replies=self.ledger,
            secret=b"s" * 32,
            log=lambda event, **facts: self.logged.append((event, facts)),
            metrics=lambda: (b"autoweave_up 1\n", "text/plain; version=0.0.4"),
            observe=lambda method, route, status, _: self.seen.append((method, route, status)),
            now=self.clock,
        )
        return create_app(made, replace(parts, **changes))


def client(app: Any, key: str = "", *, peer: str = "203.0.113.9", **headers: str) -> httpx.AsyncClient:
    """A client in the same process, from an address that is not this machine's."""
    shown = {"X-Api-Key": key} if key else {}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(peer, 4711)),
        base_url="http://weave.example",
        headers={**shown, **headers},
    )
