"""`doctor`: each part of this machine that AutoWeave uses, and what follows where one is missing."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import shutil
import socket
import subprocess
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from core.errors import AppError
from core.terminal import Terminal
from core.version import VERSION
from graphs.integrate.session import Session

DONE, FAILED = 0, 1
_PATIENCE_S = 2.0


@dataclass(frozen=True)
class Around:
    """What a server would use besides the session's means."""

    host: str
    port: int
    queue_url: str
    endpoint: str


def examined(work: Session, around: Around, terminal: Terminal) -> int:
    """Each part of the machine: fine, or what is missing and what follows from it."""
    rows = [
        _versions(),
        _git(),
        _sandbox(work),
        _store(work),
        _engines(work),
        _server(around),
        _keys(work, around),
        _queue(around),
        _traces(around),
    ]
    width = max(len(row["part"]) for row in rows)
    lines = [f"{'ok  ' if row['ok'] else 'FAIL'} {row['part']:<{width}}  {row['says']}" for row in rows]
    terminal.result(rows, "\n".join(lines))
    return DONE if all(row["ok"] for row in rows) else FAILED


def _row(part: str, says: str, *, ok: bool = True) -> dict[str, Any]:
    return {"part": part, "ok": ok, "says": says}


def _versions() -> dict[str, Any]:
    return _row(
        "autoweave",
        f"{VERSION} on Python {platform.python_version()}, {platform.system()} {platform.machine()}",
    )


def _git() -> dict[str, Any]:
    found = shutil.which("git")
    if found is None:
        return _row("git", "not found: nothing can be published. Install git 2.30 or newer.", ok=False)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return _row("git", said)


def _sandbox(work: Session) -> dict[str, Any]:
    from core import sandbox  # noqa: PLC0415  # here only to probe

    report = sandbox.probe()
    reasons = f" ({'; '.join(report.reasons)})" if report.reasons else ""
    return _row(
        "sandbox", f"{report.level.flag}: {report.level.text}{reasons}", ok=report.level >= work.means.level
    )


def _store(work: Session) -> dict[str, Any]:
    try:
        kind = (
            "PostgreSQL" if work.means.store_url.startswith("postgresql") else f"SQLite in {work.means.home}"
        )
        left = len(work.left())
    except AppError as error:
        return _row("store", f"{error.code}: {error.message} {error.fix}", ok=False)
    hint = f"; {left} runs were left behind: ./autoweave runs resume" if left else ""
    return _row("store", kind + hint)


def _engines(work: Session) -> dict[str, Any]:
    del work
    from tools import validation  # noqa: PLC0415  # here only to look

    found = sorted(validation.available())
    others = f"; found on PATH: {', '.join(found)}" if found else "; no others on PATH"
    return _row("engines", f"builtin{others}")


def _server(around: Around) -> dict[str, Any]:
    if importlib.util.find_spec("fastapi") is None:
        return _row("server", "not installed: uv sync --group server", ok=False)
    place = f"{around.host}:{around.port}"
    try:
        socket.create_server((around.host, around.port)).close()
    except OSError as error:
        return _row("server", f"{place}: {error.strerror}; `serve --port 0` takes any free port")
    return _row("server", f"can listen on {place}")


def _keys(work: Session, around: Around) -> dict[str, Any]:
    try:
        found = work.store.keys.of()
    except AppError as error:
        return _row("keys", f"{error.code}: {error.message}", ok=False)
    if found:
        valid = sum(key.revoked is None for key in found)
        return _row("keys", f"{valid} not revoked, of {len({key.tenant for key in found})} tenants")
    is_near = around.host.startswith(("127.", "localhost", "::1"))
    says = "none: on loopback none is asked for" if is_near else "none: ./autoweave keys add"
    return _row("keys", says, ok=is_near)


def _queue(around: Around) -> dict[str, Any]:
    if not around.queue_url:
        return _row("queue", "the store's own tables")
    from core import queue  # noqa: PLC0415  # BullMQ and Redis's client, only where they are used

    async def ask() -> int:
        async with queue.open(around.queue_url) as lane:
            return await lane.depth()

    kind = urlsplit(around.queue_url).scheme
    try:
        return _row("queue", f"BullMQ on {kind}, {asyncio.run(ask())} waiting")
    except AppError as error:
        return _row("queue", f"{error.code}: {error.message} {error.fix}", ok=False)


def _traces(around: Around) -> dict[str, Any]:
    if not around.endpoint:
        return _row("telemetry", "off; `./autoweave phoenix` starts a receiver")
    parts = urlsplit(around.endpoint)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=_PATIENCE_S).close()
    except OSError as error:
        why = f"{parts.hostname}:{port} does not answer ({error.strerror or error}); spans are dropped"
        return _row("telemetry", why, ok=False)
    return _row("telemetry", f"{parts.hostname}:{port} answers")
