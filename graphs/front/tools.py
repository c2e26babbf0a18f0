"""What agents are offered over MCP, whichever way they come: the toolbox over an opened front."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graphs import toolbox

if TYPE_CHECKING:
    from core.http.context import Shelf
    from graphs.front.opened import Opened
    from graphs.integrate.served import Integrate
    from graphs.integrate.session import Session


def shelf(work: Session, hall: Opened, kind: Integrate, docs: Path) -> Shelf:
    return toolbox.shelf(
        hall.front,
        kind.offer,
        blobs=work.kept,
        checker=work,
        docs=docs,
        today=lambda: datetime.now(UTC).date().isoformat(),
        kubernetes=work.means.kubernetes,
    )
