"""How often a call may be tried again: for a share of all calls, so that trouble is not doubled."""

from __future__ import annotations

import threading

from core.gateway.faults import Fault

_PASSING = frozenset({"broken", "server", "rate"})
_LONGEST_S = 2.0


class Again:
    """Each call earns a share of a retry, and at most `most` are saved up."""

    def __init__(self, *, share: float = 0.2, most: float = 5.0) -> None:
        self._share = share
        self._most = most
        self._saved = 1.0
        self._lock = threading.Lock()

    def earn(self) -> None:
        with self._lock:
            self._saved = min(self._most, self._saved + self._share)

    def spend(self) -> bool:
        with self._lock:
            may = self._saved >= 1.0
            self._saved -= may
        return may


def pause_s(fault: Fault, chance: float) -> float | None:
    """How long to wait before it is tried again; None where that is no use."""
    if fault.why not in _PASSING:
        return None
    if fault.retry_after_s is not None and fault.retry_after_s > 0:
        return fault.retry_after_s if fault.retry_after_s <= _LONGEST_S else None
    return 0.2 + 0.3 * chance
