"""`./autoweave worker`: works on the runs that servers admit, and answers nobody. Nobody imports it.

Any number of them share one store and one queue. SIGTERM drains: what is in hand has its time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core import logs, settings, telemetry
from core.errors import AppError
from core.switches import SWITCHES
from core.terminal import Words
from graphs import means
from graphs.front.opened import Bounds, opened

if TYPE_CHECKING:
    from core.settings import Settings
    from core.store import Run

log = logs.named("worker")
# Without a queue between the processes, looking into the table is the only news there is.
_LOOK_S, _REAP_S = 1.0, 5.0


async def work(known: Settings) -> None:
    """Until a signal."""
    from graphs import offered  # noqa: PLC0415  # after the switches
    from graphs.integrate import session  # noqa: PLC0415  # as above

    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    with contextlib.ExitStack() as stack:
        if (recording := means.recording(known)) is not None:
            stack.callback(recording.close)
        box = stack.enter_context(session.opened(means.of(known, is_warm=True), lambda _: None))
        kinds = (await asyncio.to_thread(offered.Offered.of, box)).kinds
        async with opened(box.store, kinds, _bounds(known), ended=_ended):
            log.info("worker.working", slots=known.queue.workers, store=box.store.place)
            await told.wait()
            log.info("worker.draining", within_s=known.serve.drain_s)


def _bounds(known: Settings) -> Bounds:
    url = means.queue_url(known)
    return Bounds(
        queue_url=url,
        queue_prefix=known.queue.prefix,
        slots=known.queue.workers,
        drain_s=known.serve.drain_s,
        reap_s=_REAP_S if url else _LOOK_S,
    )


def _ended(run: Run, took_s: float) -> None:
    log.info("run.stopped", run=run.id, graph=run.graph, state=run.state, took_s=round(took_s, 3))


def main(words: Sequence[str] | None = None) -> None:
    parser = Words(prog="autoweave worker", description="Work on admitted runs.")
    parser.add_argument("--workers", type=int, help="runs at a time in this process")
    given = parser.parse_args(words)
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
    lines = logs.set_up()
    try:
        known = settings.load({"queue.workers": given.workers}, environ=os.environ, folder=Path.cwd())
        for secret in means.secrets(known):
            telemetry.known_secret(secret)
        asyncio.run(work(known))
    except AppError as error:
        log.error("worker.refused", code=error.code, why=error.message, place=error.place, fix=error.fix)
        sys.exit(1)
    finally:
        lines.close()


if __name__ == "__main__":
    main()
