"""Group commit: what arrives while one transaction waits for the disk goes into the next one.

A few dozen waits for the disk a second then carry hundreds of admissions. A future resolves only
after its commit; a row that the database refuses fails its own future and no other.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import Invalid
from core.store.errors import AdmissionsClosed, StoreBusy
from core.store.records import Admission, Run

if TYPE_CHECKING:
    from core.store.admitting import Draft
    from core.store.sql import Store

_BATCH = 256  # rows in one transaction: a few milliseconds' work beside one wait for the disk


@dataclass(frozen=True, slots=True)
class _Wanted:
    draft: Draft
    future: Future[Run] = field(default_factory=Future)


class Admissions:
    """One writer thread over the store, begun by the first admission. Close it before the store.

    `backlog` bounds what may wait: more is refused with `StoreBusy`, not kept in memory.
    """

    def __init__(self, store: Store, *, backlog: int = 5000) -> None:
        self._store = store
        self._waiting: queue.Queue[_Wanted | None] = queue.Queue(backlog)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def admit(
        self,
        tenant: str,
        *,
        graph: str,
        key: str,
        input: Any,  # noqa: A002  # the column's name
        trace_id: str = "",
        parent_span: str = "",
        thread: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Future[Run]:
        """The run of this key, once it is on disk. `thread` is made where missing and gets the run;
        `metadata` is merged into the thread's. What cannot be kept is refused at once."""
        asked = Admission(tenant, graph, key, input, trace_id, parent_span, thread, metadata or {})
        wanted = _Wanted(self._store.runs.draft(asked))
        with self._lock:
            if self._is_closed:
                raise AdmissionsClosed("No more runs are admitted here.")
            self._start()
            try:
                self._waiting.put_nowait(wanted)
            except queue.Full:
                raise StoreBusy("Too many runs wait to be written.", waiting=self._waiting.qsize()) from None
        return wanted.future

    def close(self) -> None:
        """Write what waits, then stop. What comes later is refused."""
        with self._lock:
            self._is_closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_on, name="admissions", daemon=True)
            self._thread.start()

    def _write_on(self) -> None:
        is_last = False
        while not is_last:
            batch = [self._waiting.get()]
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            is_last = None in batch
            live = [each for each in batch if each and each.future.set_running_or_notify_cancel()]
            if live:
                self._write(live)

    def _write(self, batch: Sequence[_Wanted]) -> None:
        try:
            admitted = self._store.runs.write([each.draft for each in batch])
        except Invalid as error:
            if len(batch) == 1:
                batch[0].future.set_exception(error)
                return
            for each in batch:  # one of them cannot be kept: find it by writing each alone
                self._write([each])
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it, whatever it is
            for each in batch:
                each.future.set_exception(error)
        else:
            for each, run in zip(batch, admitted, strict=True):
                each.future.set_result(run)
