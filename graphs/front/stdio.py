"""MCP on stdin and stdout: the front opened for one process, whose user is the caller."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.http.context.stdio import serve_stdio
from core.http.front import Caller
from graphs import toolbox
from graphs.front.opened import Bounds, opened
from graphs.integrate.served import Integrate

if TYPE_CHECKING:
    from core.http.context import Shelf
    from graphs.front.opened import Opened
    from graphs.integrate.session import Session


def served(work: Session, tenant: str, *, docs: Path) -> int:
    """Answers until stdin ends."""
    asyncio.run(_served(work, tenant, docs))
    return 0


def shelf(work: Session, hall: Opened, kind: Integrate, docs: Path) -> Shelf:
    """What agents are offered, whichever way they come."""
    return toolbox.shelf(
        hall.front,
        kind.offer,
        blobs=work.kept,
        checker=work,
        docs=docs,
        today=lambda: datetime.now(UTC).date().isoformat(),
        kubernetes=work.means.kubernetes,
    )


async def _served(work: Session, tenant: str, docs: Path) -> None:
    kind = Integrate.of(work)
    kinds = {"integrate": kind}
    async with opened(work.store, kinds, Bounds(), ended=lambda run, took_s: None) as hall:  # noqa: ARG005  # nobody counts
        await serve_stdio(shelf(work, hall, kind, docs), Caller(tenant, work.actor))
