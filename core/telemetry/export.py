"""Spans on their way out: OpenTelemetry's SDK, a bounded queue, a mask, OTLP over HTTP.

Nothing here makes a request wait: a full queue, a receiver that is down and one that never answers
cost spans, which are counted.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from core import logs
from core.telemetry import mask
from core.telemetry.spans import Mask, Started, leaving
from core.telemetry.trace import Trace
from core.version import VERSION


class Telemetry:
    """Records spans until it is closed. `dropped` counts those that nobody will see."""

    def __init__(
        self,
        *,
        endpoint: str,
        headers: dict[str, str],
        service: str,
        sample: float,
        everywhere: Mapping[str, Any],
        queue: int,
        every_s: float,
        timeout_s: float,
        keep: int,
        on_close: Callable[[Telemetry], None],
    ) -> None:
        names = {"service.name": service, "service.version": VERSION, "openinference.project.name": service}
        self._resource = Resource(names)
        self._kept_below = int(sample * 2**64)
        self._everywhere = dict(everywhere)
        self._memory: deque[Started] = deque(maxlen=keep)
        exporter = _otlp(endpoint, headers, timeout_s) if endpoint else None
        self._outlet = Outlet(exporter, self._resource, queue=queue, every_s=every_s) if exporter else None
        self._on_close: Callable[[Telemetry], None] | None = on_close

    def start(self, name: str, parent: Trace | None, attributes: Mapping[str, Any]) -> Started:
        return Started(name, parent, {**self._everywhere, **attributes}, self._ended)

    def _ended(self, span: Started) -> None:
        # By the trace's id, as TraceIdRatioBased does it: every process decides alike.
        if int(span.trace[16:], 16) >= self._kept_below:
            return
        self._memory.append(span)
        if self._outlet is not None:
            self._outlet.put(span)

    @property
    def dropped(self) -> int:
        return self._outlet.dropped if self._outlet is not None else 0

    def spans(self) -> tuple[ReadableSpan, ...]:
        """The last `keep` spans that ended, masked, in the order they ended."""
        return tuple(filter(None, (leaving(span, self._resource) for span in tuple(self._memory))))

    def flush(self, within_s: float = 2.0) -> bool:
        """Send what is waiting; whether it left in time."""
        return self._outlet is None or _in_time(self._outlet.flush, within_s)

    def close(self, within_s: float = 2.0) -> None:
        """Send what is waiting if the receiver takes it within that time, and record no more."""
        if self._on_close is not None:
            self._on_close(self)
            self._on_close = None
            if self._outlet is not None:
                _in_time(self._outlet.close, within_s)


class Outlet:
    """The SDK's batches behind a door that counts: what does not fit or is not taken is dropped."""

    def __init__(
        self,
        exporter: SpanExporter,
        resource: Resource,
        *,
        queue: int,
        every_s: float,
        hide: Mask = mask.masked,
        is_clean: Callable[[str], bool] = mask.is_clean,
    ) -> None:
        self.exporter = exporter
        self._made = functools.partial(leaving, resource=resource, hide=hide, is_clean=is_clean)
        self._room = queue
        self._lock = threading.Lock()
        self.dropped = 0
        self._is_lost = False
        self._batches = BatchSpanProcessor(
            _Leaving(self),
            max_queue_size=queue + 1,  # ours is full first, so the SDK need not warn
            schedule_delay_millis=every_s * 1000,
            max_export_batch_size=min(512, queue),
        )

    def put(self, span: Started) -> None:
        with self._lock:
            if self._room <= 0:
                self.dropped += 1
                return
            self._room -= 1
        self._batches.on_end(cast("ReadableSpan", span))  # it looks at the context alone, and keeps order

    def send(self, batch: Sequence[Started]) -> SpanExportResult:
        """In the SDK's thread: mask and hand over; what was not taken is counted."""
        with self._lock:
            self._room += len(batch)
        lost = len(batch)
        try:
            made = [done for span in batch if (done := self._made(span)) is not None]
            result = self.exporter.export(made)
            if result is SpanExportResult.SUCCESS:
                lost -= len(made)
        finally:
            with self._lock:
                self.dropped += lost
            self._tell(is_lost=lost == len(batch))
        return result

    def _tell(self, *, is_lost: bool) -> None:
        """Once when it begins, once when it is over: a receiver may be down for days."""
        if is_lost is self._is_lost:
            return
        self._is_lost = is_lost
        log = logs.named(__name__)
        if is_lost:
            log.warning("telemetry.lost", spans=self.dropped)
        else:
            log.info("telemetry.back", spans_lost=self.dropped)

    def close(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # the SDK's

    def flush(self) -> None:
        self._batches.force_flush()


class _Leaving(SpanExporter):
    """What the SDK's batches call."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._outlet.send(cast("Sequence[Started]", spans))

    def shutdown(self) -> None:
        self._outlet.exporter.shutdown()


def _otlp(endpoint: str, headers: dict[str, str], timeout_s: float) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  # 0.15 CPU s
        OTLPSpanExporter,
    )

    # It would tell each batch that fails, with words of its own; `Outlet` tells the first and the last.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    if not urlsplit(endpoint).path.strip("/"):
        endpoint = endpoint.rstrip("/") + "/v1/traces"
    return OTLPSpanExporter(endpoint=endpoint, headers=headers, timeout=timeout_s)


def _in_time(work: Callable[[], Any], within_s: float) -> bool:
    """Whether the work was done by then. It is left to a thread that does not keep the process alive."""
    thread = threading.Thread(target=work, name="telemetry-close", daemon=True)
    thread.start()
    thread.join(within_s)
    return not thread.is_alive()
