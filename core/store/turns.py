"""SQLite has one writer, and each commit waits for the disk: threads that wait for their turn go along.

Whoever gets the turn takes everybody's work into one transaction. A group in which one work fails is
rolled back, and each work is then done alone: so each thread hears of its own failure and of no other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection

from core.store.errors import StoreBusy, StoreUnavailable

T = TypeVar("T")
_GROUP = 64
Work = Callable[[Connection], Any]


class Turns:
    """`transact` does all works in one transaction and gives their results, or raises and did none."""

    def __init__(self, transact: Callable[[Sequence[Work]], list[Any]], *, busy_s: float) -> None:
        self._transact = transact
        self._busy_s = busy_s
        self._turn = threading.Lock()
        self._waiting: deque[tuple[Work, Future[Any]]] = deque()

    def write(self, work: Callable[[Connection], T]) -> T:
        mine: Future[T] = Future()
        self._waiting.append((work, mine))
        if not self._turn.acquire(timeout=self._busy_s):
            if mine.cancel():  # nobody has begun it, and now nobody will
                raise StoreBusy("The store's other writers took too long.")
            return mine.result()
        try:
            while not mine.done():
                self._lead()
        finally:
            self._turn.release()
        return mine.result()

    def _lead(self) -> None:
        group: list[tuple[Work, Future[Any]]] = []
        while self._waiting and len(group) < _GROUP:
            work, future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                group.append((work, future))
        try:
            self._settle(group)
        finally:
            for _, future in group:
                if not future.done():  # this thread was interrupted; the others must not wait for ever
                    future.set_exception(StoreUnavailable("The write was interrupted."))

    def _settle(self, group: Sequence[tuple[Work, Future[Any]]]) -> None:
        try:
            results = self._transact([work for work, _ in group])
        except Exception as error:  # noqa: BLE001  # whichever it is, it is its own thread's to handle
            if len(group) == 1:
                group[0][1].set_exception(error)
            else:
                for each in group:
                    self._settle([each])
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)
