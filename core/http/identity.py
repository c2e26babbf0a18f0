"""Who asks: an API key, a browser's session made from one, or nobody but this machine.

The tenant comes from the key. What a header, a path or a body says about tenants is never believed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Callable, Collection
from typing import ClassVar, Protocol

from starlette.requests import Request
from starlette.types import Scope

from core.errors import Forbidden, Invalid
from core.http import scope as scopes
from core.http.front import Caller
from core.http.sessions import Sessions

CACHE_S = 2.0
CACHE_ROWS = 4096
KEY = re.compile(r"aw_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_HOST = re.compile(rb"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_TENANT_HEADERS = (b"x-tenant", b"x-tenant-id")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class KeyRefused(Forbidden):
    """No key was shown, or one that is not valid (any more)."""

    code = "AW944"
    status: ClassVar[int] = 401
    fix = "Send a valid key as `X-Api-Key` or `Authorization: Bearer`; `./autoweave keys` makes one."


class Ambiguous(Invalid):
    """The request says two things where one is needed."""

    code = "AW945"
    status: ClassVar[int] = 400
    fix = "Say it once."


class OriginRefused(Forbidden):
    """A page of another site asks with what the browser keeps, or the name asked for is not ours."""

    code = "AW946"
    fix = "Ask from a page of this server, or send an API key."


class Row(Protocol):
    """What a store keeps of a key. Times are seconds since the epoch."""

    @property
    def id(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def expires(self) -> float | None: ...
    @property
    def revoked(self) -> float | None: ...


class Keys(Protocol):
    def find(self, digest: str) -> Row | None: ...


def new_key(entropy: bytes) -> tuple[str, str, str]:
    """The key's text (shown once), its id and its digest (kept), from 36 random bytes."""
    if len(entropy) != 36:
        raise ValueError("A key takes 36 random bytes.")
    import base64  # noqa: PLC0415  # only a new key needs it

    key_id = entropy[:4].hex()
    secret = base64.urlsafe_b64encode(entropy[4:]).rstrip(b"=").decode()
    text = f"aw_{key_id}_{secret}"
    return text, key_id, digest(text)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def caller(request: Request) -> Caller:
    """Who asks, as the door found it. Every route but the open ones has one."""
    found: Caller | None = request.scope.get(scopes.CALLER)
    if found is None:
        raise KeyRefused("No key was shown.")
    return found


class Door:
    """Says who a request's caller is, from its headers alone."""

    def __init__(
        self,
        keys: Keys,
        *,
        sessions: Sessions,
        now: Callable[[], float],
        dev: Caller | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self._keys, self._sessions, self._now, self._dev = keys, sessions, now, dev
        self._origins = frozenset(origin.encode() for origin in origins)
        self._rows: dict[str, tuple[float, Row | None]] = {}

    async def caller(self, scope: Scope) -> Caller:
        """The caller, or why there is none: KeyRefused, Ambiguous, OriginRefused."""
        text = _shown(scope)
        if text is not None and (self._dev is None or text.startswith("aw_")):
            found = await self.by_text(text)
        else:
            found = await self._ambient(scope)
        named = {value for name in _TENANT_HEADERS for value in scopes.every(scope, name)}
        if named - {found.tenant.encode()}:
            raise Ambiguous("A header names a tenant other than the key's.", fix="Leave the header out.")
        return found

    async def by_text(self, text: str) -> Caller:
        shape = KEY.fullmatch(text)
        if shape is None:
            raise KeyRefused("The key is not valid.")
        made = digest(text)
        row = await self._row(made)
        if row is None or not hmac.compare_digest(row.id, shape.group(1)):
            raise KeyRefused("The key is not valid.")
        return Caller(row.tenant, f"key:{row.id}")

    async def _row(self, made: str) -> Row | None:
        """The row of a valid key. What the store said is believed for two seconds."""
        now = self._now()
        until, row = self._rows.get(made, (0.0, None))
        if not now < until <= now + CACHE_S:
            row = await asyncio.to_thread(self._keys.find, made)
            if len(self._rows) >= CACHE_ROWS:
                self._rows.clear()
            self._rows[made] = (now + CACHE_S, row)
        if row is None or row.revoked is not None or (row.expires is not None and row.expires <= now):
            return None
        return row

    async def _ambient(self, scope: Scope) -> Caller:
        """A session or this machine's developer: neither proves that the page that asks is ours."""
        origin = scopes.headers(scope).get(b"origin")
        if found := await self._by_session(scope):
            if origin is None and scope["method"] not in _SAFE:
                raise OriginRefused("A request by session that changes something needs an Origin header.")
            if origin is not None and not is_own(scope, origin):
                raise OriginRefused("The page that asks is not of this server.")
            return found
        if self._dev is None:
            raise KeyRefused("No key was shown.")
        _local(scope)
        if origin is not None and origin not in self._origins and not is_own(scope, origin):
            raise OriginRefused("The page that asks is not of this server.")
        return self._dev

    async def _by_session(self, scope: Scope) -> Caller | None:
        cookie = scopes.headers(scope).get(b"cookie")
        made = self._sessions.digest(cookie, self._now()) if cookie else None
        row = await self._row(made) if made else None
        return Caller(row.tenant, f"key:{row.id}") if row else None


def _shown(scope: Scope) -> str | None:
    """The one key that the headers show."""
    texts = {value for name, value in scope["headers"] if name == b"x-api-key"}
    for value in scopes.every(scope, b"authorization"):
        scheme, _, rest = value.partition(b" ")
        if scheme.lower() != b"bearer":
            raise KeyRefused("Only the scheme `Bearer` is known.")
        texts.add(rest.strip())
    if len(texts) > 1:
        raise Ambiguous("The request shows two different keys.")
    return texts.pop().decode("latin-1") if texts else None


def _local(scope: Scope) -> None:
    """Only a program on this machine that asks for this machine by name: else a page that has its
    name point here (DNS rebinding), or whoever a proxy lets in, would be the developer."""
    host = scopes.headers(scope).get(b"host", b"")
    if not scopes.is_loopback(scopes.peer(scope)) or scopes.is_forwarded(scope):
        raise KeyRefused("Without a key, only programs on this machine may ask.")
    if not _HOST.fullmatch(host):
        raise OriginRefused(
            "Without a key, only localhost may be asked for.", fix="Ask for localhost, or send a key."
        )


def is_own(scope: Scope, origin: bytes) -> bool:
    """The scheme is left open: where TLS ends before us, we do not see it."""
    host = scopes.headers(scope).get(b"host", b"")
    return origin in (b"http://" + host, b"https://" + host)
