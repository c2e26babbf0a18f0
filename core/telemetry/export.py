"""Spans on their way out: OpenTelemetry's SDK, a bounded queue, a mask, OTLP over HTTP.

Nothing here makes a request wait: a full queue, a receiver that is down and one that never answers
cost spans, which are counted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from core.telemetry import mask
from core.telemetry.trace import Trace
from core.version import VERSION

LONGEST = 4096
"""Characters of one attribute that leave."""
_SLACK = 1024  # kept until the mask has run, so that a secret is not cut in two by the limit

# OpenInference's names, which Phoenix reads.
_NAMES = {
    "kind": "openinference.span.kind",
    "input": "input.value",
    "output": "output.value",
    "session": "session.id",
}
Mask = Callable[[str, Any], Any]


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
        self._ids = _Ids()
        resource = Resource(
            {"service.name": service, "service.version": VERSION, "openinference.project.name": service}
        )
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(sample),
            resource=resource,
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._tracer = self._provider.get_tracer("autoweave", VERSION)
        self._everywhere = _plain(everywhere)
        self._kept: deque[ReadableSpan] = deque(maxlen=keep)
        self._outlet: Outlet | None = None
        if keep:
            self._provider.add_span_processor(_Keeping(self._kept))
        if endpoint:
            self._outlet = Outlet(_otlp(endpoint, headers, timeout_s), queue=queue, every_s=every_s)
            self._provider.add_span_processor(self._outlet)
        self._on_close: Callable[[Telemetry], None] | None = on_close

    def start(self, name: str, parent: Trace | None, attributes: Mapping[str, Any]) -> Started:
        context = Context()
        if parent is not None and parent.span:
            context = set_span_in_context(NonRecordingSpan(_context(parent)), context)
        self._ids.wanted.trace = parent.id if parent is not None else ""
        span = self._tracer.start_span(
            name, context, attributes={**self._everywhere, **_plain(attributes)}, record_exception=False
        )
        return Started(span)

    @property
    def dropped(self) -> int:
        return self._outlet.dropped if self._outlet is not None else 0

    def spans(self) -> tuple[ReadableSpan, ...]:
        """The last `keep` spans that ended, masked, in the order they ended."""
        return tuple(filter(None, (hidden(span) for span in tuple(self._kept))))

    def flush(self, within_s: float = 2.0) -> bool:
        """Send what is waiting; whether it left in time."""
        return self._outlet is None or _in_time(self._outlet.force_flush, within_s)

    def close(self, within_s: float = 2.0) -> None:
        """Send what is waiting if the receiver takes it within that time, and record no more."""
        if self._on_close is not None:
            self._on_close(self)
            self._on_close = None
            _in_time(self._provider.shutdown, within_s)


class Started:
    """One span of the SDK, in our words."""

    __slots__ = ("_span", "id", "trace")

    def __init__(self, span: Any) -> None:
        self._span = span
        context = span.get_span_context()
        self.trace = format(context.trace_id, "032x")
        self.id = format(context.span_id, "016x")

    def set(self, attributes: Mapping[str, Any]) -> None:
        if self._span.is_recording():
            self._span.set_attributes(_plain(attributes))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, message: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, message[: LONGEST + _SLACK]))

    def end(self) -> None:
        self._span.end()


class Outlet(SpanProcessor):
    """The SDK's batches behind a door that counts: what does not fit or is not taken is dropped."""

    def __init__(
        self, exporter: SpanExporter, *, queue: int, every_s: float, hide: Mask = mask.masked
    ) -> None:
        self._exporter = exporter
        self._hide = hide
        self._room = queue
        self._lock = threading.Lock()
        self.dropped = 0
        self._batches = BatchSpanProcessor(
            _Leaving(self),
            max_queue_size=queue + 1,  # ours is full first, so the SDK need not warn
            schedule_delay_millis=every_s * 1000,
            max_export_batch_size=min(512, queue),
        )

    def on_end(self, span: ReadableSpan) -> None:
        if not (span.context and span.context.trace_flags.sampled):
            return
        with self._lock:
            if self._room <= 0:
                self.dropped += 1
                return
            self._room -= 1
        self._batches.on_end(span)

    def send(self, batch: Sequence[ReadableSpan]) -> SpanExportResult:
        """In the SDK's thread: mask and hand over; what was not taken is counted."""
        with self._lock:
            self._room += len(batch)
        leaving = [masked for span in batch if (masked := hidden(span, self._hide)) is not None]
        result = self._exporter.export(leaving)
        lost = len(batch) - len(leaving) if result is SpanExportResult.SUCCESS else len(batch)
        with self._lock:
            self.dropped += lost
        return result

    def shutdown(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # the SDK's
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._batches.force_flush(timeout_millis)


class _Leaving(SpanExporter):
    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._outlet.send(spans)


class _Keeping(SpanProcessor):
    def __init__(self, kept: deque[ReadableSpan]) -> None:
        self._kept = kept

    def on_end(self, span: ReadableSpan) -> None:
        self._kept.append(span)


class _Ids(IdGenerator):
    """Random ids, but for a span that begins a trace which has its id already (a run's row has)."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self.wanted = threading.local()

    def generate_span_id(self) -> int:
        return self._random.generate_span_id()

    def generate_trace_id(self) -> int:
        wanted = getattr(self.wanted, "trace", "")
        return int(wanted, 16) if wanted else self._random.generate_trace_id()


def hidden(span: ReadableSpan, hide: Mask = mask.masked) -> ReadableSpan | None:
    """The span as it may leave, or None where even its name cannot be masked."""
    name = _tried(hide, "", span.name)
    if name is None:
        return None
    status = span.status
    if status.description:
        status = Status(status.status_code, _cut(_tried(hide, "", status.description)) or "")
    return ReadableSpan(
        name=name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_masked(span.attributes or {}, hide),
        links=span.links,
        kind=span.kind,
        status=status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _masked(attributes: Mapping[str, AttributeValue], hide: Mask) -> dict[str, AttributeValue]:
    found = ((key, _cut(_tried(hide, key, value))) for key, value in attributes.items())
    return {key: value for key, value in found if value is not None}


def _tried(hide: Mask, name: str, value: Any) -> Any:
    """None where the mask fails: better nothing than a secret."""
    try:
        return hide(name, value)
    except Exception:  # noqa: BLE001  # whatever it is, the value must not leave
        return None


def _cut(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) else value


def _plain(attributes: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """What OTLP can hold: text, numbers, and JSON of the rest."""
    return {
        _NAMES.get(key, key): _text(value) if not isinstance(value, bool | int | float) else value
        for key, value in attributes.items()
        if value is not None
    }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        value = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return str(value[: LONGEST + _SLACK])


def _context(parent: Trace) -> SpanContext:
    return SpanContext(int(parent.id, 16), int(parent.span, 16), is_remote=True, trace_flags=TraceFlags(1))


def _otlp(endpoint: str, headers: dict[str, str], timeout_s: float) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  # 0.15 CPU s
        OTLPSpanExporter,
    )

    if not urlsplit(endpoint).path.strip("/"):
        endpoint = endpoint.rstrip("/") + "/v1/traces"
    return OTLPSpanExporter(endpoint=endpoint, headers=headers, timeout=timeout_s)


def _in_time(work: Callable[[], Any], within_s: float) -> bool:
    """Whether the work was done by then. It is left to a thread that does not keep the process alive."""
    thread = threading.Thread(target=work, name="telemetry-close", daemon=True)
    thread.start()
    thread.join(within_s)
    return not thread.is_alive()
