"""A browser's session: the digest of a key and an end, signed. The key itself stays in nobody's jar.

Nothing is kept here, so any server process that has the secret knows the session, and revoking
the key ends it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

COOKIE = "autoweave_session"
LIFE_S = 12 * 3600


class Sessions:
    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("Sessions are signed with at least 32 secret bytes.")
        self._secret = secret

    def value(self, digest: str, now: float) -> str:
        body = struct.pack(">Q", int(now) + LIFE_S) + bytes.fromhex(digest)
        return base64.urlsafe_b64encode(body + self._mark(body)).decode().rstrip("=")

    def digest(self, cookie: bytes, now: float) -> str | None:
        """The key's digest that a valid session in this Cookie header is bound to."""
        for pair in cookie.split(b";"):
            name, _, value = pair.strip().partition(b"=")
            if name == COOKIE.encode():
                return self._opened(value, now)
        return None

    def _opened(self, value: bytes, now: float) -> str | None:
        try:
            raw = base64.b64decode(value + b"=" * (-len(value) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            return None
        body, mark = raw[:40], raw[40:]
        if len(body) != 40 or not hmac.compare_digest(mark, self._mark(body)):
            return None
        until = struct.unpack(">Q", body[:8])[0]
        return body[8:].hex() if now < until else None

    def _mark(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, b"session" + body, hashlib.sha256)
