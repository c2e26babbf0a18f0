"""When the call that this thread makes is over, for the code that reads from the network.

A provider that sends a byte now and then never runs into a timeout of httpx, which is per read. Nobody
can end a thread from outside, so the reading itself looks at the clock.
"""

from __future__ import annotations

import time
from contextvars import ContextVar

_until: ContextVar[float | None] = ContextVar("autoweave_llm_until", default=None)


def begin(within_s: float) -> None:
    _until.set(time.monotonic() + within_s)


def is_over() -> bool:
    end = _until.get()
    return end is not None and time.monotonic() >= end
