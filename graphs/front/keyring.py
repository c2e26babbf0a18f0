"""API keys on the command line: made, listed, rotated, revoked. A key is shown once and kept nowhere."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.errors import Invalid
from core.http.identity import new_key
from core.store import Key, KeyMissing
from core.terminal import Terminal

if TYPE_CHECKING:
    from core.store.sql import Store

DONE = 0
_TENANT = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")


class TenantUnusable(Invalid):
    """A tenant's name becomes part of namespaces and paths."""

    code = "AW987"
    fix = "Use lower-case letters, digits and hyphens, at most 40, a letter first."


def added(store: Store, terminal: Terminal, *, tenant: str, name: str, days: int | None) -> int:
    if not _TENANT.fullmatch(tenant):
        raise TenantUnusable(f"{tenant[:50]!r} cannot be a tenant's name.")
    expires = time.time() + days * 86_400 if days else None
    text, made = _made(store, tenant, name, expires)
    _show(terminal, text, made)
    return DONE


def listed(store: Store, terminal: Terminal, *, tenant: str | None) -> int:
    found = store.keys.of(tenant)
    now = time.time()
    lines = [f"{key.id}  {key.tenant:<20} {_state(key, now):<22} {key.name}" for key in found]
    terminal.result([_row(key, now) for key in found], "\n".join(lines) or "There are no keys.")
    return DONE


def revoked(store: Store, terminal: Terminal, key_id: str) -> int:
    key = store.keys.revoke(key_id)
    terminal.result(_row(key, time.time()), f"Key {key.id} of {key.tenant} is revoked.")
    return DONE


def rotated(store: Store, terminal: Terminal, key_id: str, *, hours: int) -> int:
    """The new key first: if something fails between the two steps, nobody is locked out."""
    old = next((key for key in store.keys.of() if key.id == key_id), None)
    if old is None or old.revoked is not None:
        raise KeyMissing("There is no valid key of this id.", key=key_id[:64])
    text, made = _made(store, old.tenant, old.name, old.expires)
    store.keys.expire(old.id, at=time.time() + hours * 3600)
    _show(terminal, text, made, beside=f"The old key {old.id} is valid for {hours} more hours.")
    return DONE


def _made(store: Store, tenant: str, name: str, expires: float | None) -> tuple[str, Key]:
    text, key_id, digest = new_key(secrets.token_bytes(36))
    return text, store.keys.add(tenant, key_id=key_id, name=name[:100], digest=digest, expires=expires)


def _show(terminal: Terminal, text: str, key: Key, beside: str = "") -> None:
    terminal.say(f"Key {key.id} of tenant {key.tenant}. It is shown this once. {beside}".rstrip())
    terminal.result({**_row(key, time.time()), "key": text}, text)


def _row(key: Key, now: float) -> dict[str, Any]:
    return {"id": key.id, "tenant": key.tenant, "name": key.name, "state": _state(key, now)}


def _state(key: Key, now: float) -> str:
    if key.revoked is not None:
        return "revoked"
    if key.expires is None:
        return "valid"
    day = datetime.fromtimestamp(key.expires, UTC).strftime("%Y-%m-%d %H:%M")
    return f"valid to {day}" if key.expires > now else "expired"
