"""MCP on stdin and stdout: the front opened for one process, whose user is the caller."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from core.http.context.stdio import serve_stdio
from core.http.front import Caller
from graphs.front import tools
from graphs.front.opened import Bounds, opened
from graphs.offered import Offered

if TYPE_CHECKING:
    from core.store import Run
    from graphs.integrate.session import Session


def served(work: Session, tenant: str, *, docs: Path) -> int:
    """Answers until stdin ends."""
    asyncio.run(_served(work, tenant, docs))
    return 0


def _uncounted(run: Run, took_s: float) -> None:
    """Nobody reads the metrics of a process that one program talks to."""


async def _served(work: Session, tenant: str, docs: Path) -> None:
    offered = Offered.of(work)
    kinds, extra = offered.kinds, offered.extra
    async with opened(work.store, kinds, Bounds(), ended=_uncounted, extra=extra) as hall:
        await serve_stdio(tools.shelf(work, hall, offered.integrate, docs), Caller(tenant, work.actor))
