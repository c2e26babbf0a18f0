"""Spans: what happened, for how long, in which trace. Nothing is recorded until a root calls `set_up`.

Light to import: OpenTelemetry comes with `set_up` alone. A trace begun elsewhere (a request, another
worker) goes on with `within`. What is written is masked when it leaves, see `mask`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from core.errors import Unsupported
from core.telemetry.mask import known_secret, masked
from core.telemetry.trace import Trace, read_traceparent
from core.telemetry.tree import tree

if TYPE_CHECKING:
    from types import TracebackType

    from core.telemetry.export import Telemetry

__all__ = [
    "about",
    "current",
    "known_secret",
    "masked",
    "note",
    "read_traceparent",
    "set_up",
    "span",
    "traceparent",
    "tree",
    "within",
]


class TelemetryMissing(Unsupported):
    """Traces are asked for, and what records them is not installed."""

    code = "AW975"
    fix = "Run `uv sync --group server`, or take the endpoint out of the settings."


INHERITED = frozenset({"tenant", "stack_port", "agent_type", "session"})
"""What is said of one span is true of those within it."""


class Open(Protocol):
    """A span that was started, as whoever writes spans sees it."""

    trace: str
    id: str

    def set(self, attributes: Mapping[str, Any]) -> None: ...

    def rename(self, name: str) -> None: ...

    def fail(self, message: str) -> None: ...

    def end(self) -> None: ...


class Recorder(Protocol):
    def start(self, name: str, parent: Trace | None, attributes: Mapping[str, Any]) -> Open: ...


@dataclass(slots=True, eq=False)
class _Spot:
    """Where in which trace this code runs, and what is true of every span below."""

    trace: Trace | None = None
    open: Open | None = None
    inherited: Mapping[str, Any] | None = None
    above: _Spot | None = None
    is_over: bool = False
    """The span was closed from another context, where this one could not be put back."""


_NOWHERE = _Spot()
_spot: ContextVar[_Spot] = ContextVar("autoweave_spot", default=_NOWHERE)  # frozen
_recorders: list[Recorder] = []  # the last one records: a process-wide switch that `set_up` turns


def _here() -> _Spot:
    spot = _spot.get()
    while spot.is_over and spot.above is not None:
        spot = spot.above
    return spot


class Span:
    """One span while it is open. An exception that leaves it is its failure, and goes on."""

    __slots__ = ("_attributes", "_name", "_open", "_own")

    def __init__(self, name: str, attributes: dict[str, Any]) -> None:
        self._name = name
        self._attributes = attributes
        self._open: Open | None = None
        self._own = _NOWHERE

    def set(self, **attributes: Any) -> None:
        """More about it: `input`, `output`, `kind`, `session` and whatever else is true."""
        if self._open is not None:
            self._open.set(attributes)

    @property
    def is_open(self) -> bool:
        """Whether it is being recorded."""
        return self._open is not None

    def rename(self, name: str) -> None:
        """Once it is known what it was, such as the route of a request."""
        if self._open is not None:
            self._open.rename(name)

    def fail(self, problem: object) -> None:
        """It did not do what it was for, though nothing is raised."""
        if self._open is not None:
            self._open.fail(str(problem))

    def __enter__(self) -> Span:
        if not _recorders:
            return self
        before = _here()
        inherited = before.inherited
        attributes = {**inherited, **self._attributes} if inherited else self._attributes
        self._open = opened = _recorders[-1].start(self._name, before.trace, attributes)
        if not INHERITED.isdisjoint(self._attributes):
            inherited = {key: value for key, value in attributes.items() if key in INHERITED}
        self._own = _Spot(Trace(opened.trace, opened.id), opened, inherited, before)
        _spot.set(self._own)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._open is None:
            return
        # A stream may be closed in another context than it was begun in, where a token is refused.
        _spot.set(self._own.above or _NOWHERE)
        if error is not None and _is_failure(error):
            self._open.fail(f"{type(error).__name__}: {error}")
        self._open.end()

    def close(self, error: BaseException | None = None) -> None:
        """End it from a callback, which may run in any context: whoever is still in it goes up one."""
        self._own.is_over = self._open is not None
        self.__exit__(type(error) if error else None, error, None)


def span(name: str, /, **attributes: Any) -> Span:
    """`with telemetry.span("integrate.parse", tenant=…) as span:`; costs next to nothing when off.

    `kind` is OpenInference's: CHAIN unless it is a TOOL, an LLM or an AGENT.
    """
    attributes.setdefault("kind", "CHAIN")
    return Span(name, attributes)


def note(**attributes: Any) -> None:
    """More about the span this code runs in, whoever opened it."""
    opened = _here().open
    if opened is not None:
        opened.set(attributes)


@contextlib.contextmanager
def about(**attributes: Any) -> Iterator[None]:
    """What is true of every span within: `tenant`, `stack_port`, `agent_type`, `session`."""
    before = _here()
    _spot.set(_Spot(before.trace, before.open, {**(before.inherited or {}), **attributes}))
    try:
        yield
    finally:
        _spot.set(before)


def current() -> tuple[str, str] | None:
    """The trace and the span this code runs in, as 32 and 16 hex digits.

    The span is empty in a trace that was named by `within` and has none yet.
    """
    trace = _here().trace
    return (trace.id, trace.span) if trace is not None else None


def traceparent() -> str | None:
    """The W3C header for a request to somebody else, who then goes on with this trace."""
    trace = _here().trace
    return trace.header if trace is not None and trace.span else None


@contextlib.contextmanager
def within(trace_id: str, span_id: str = "") -> Iterator[None]:
    """Go on with a trace that was begun elsewhere. Where this code runs in it already, it stays there."""
    before = _here()
    wanted = Trace.of(trace_id, span_id)
    if wanted is not None and (before.trace is None or before.trace.id != wanted.id):
        _spot.set(_Spot(wanted, None, before.inherited))
    try:
        yield
    finally:
        _spot.set(before)


def set_up(
    *,
    endpoint: str = "",
    headers: Mapping[str, str] | None = None,
    service: str = "autoweave",
    sample: float = 1.0,
    everywhere: Mapping[str, Any] | None = None,
    queue: int = 4096,
    every_s: float = 1.0,
    timeout_s: float = 5.0,
    keep: int = 0,
) -> Telemetry:
    """Record from now on, until the answer is closed.

    `endpoint` is an OTLP/HTTP receiver (`/v1/traces` is added to a URL without a path); without one
    nothing leaves the process.
    `keep` spans stay in memory for `Telemetry.spans`. `everywhere` is written on every span, such as
    `stack_port`. The values of `headers` become known secrets.
    """
    try:
        from core.telemetry.export import Telemetry  # noqa: PLC0415  # OpenTelemetry: 0.1 to 0.3 CPU s
    except ImportError as error:
        raise TelemetryMissing(f"OpenTelemetry is not installed: {error}.") from error
    for value in (*(headers or {}).values(), urlsplit(endpoint).password or ""):
        for part in (value, value.partition(" ")[2]):  # `Bearer …`: the key travels without its scheme too
            known_secret(part)
    telemetry = Telemetry(
        endpoint=endpoint,
        headers=dict(headers or {}),
        service=service,
        sample=sample,
        everywhere=dict(everywhere or {}),
        queue=queue,
        every_s=every_s,
        timeout_s=timeout_s,
        keep=keep,
        on_close=_recorders.remove,
    )
    _recorders.append(telemetry)
    return telemetry


def _is_failure(error: BaseException) -> bool:
    """Cancellation is none, and neither is LangGraph's way of stopping for a person."""
    return isinstance(error, Exception) and "GraphBubbleUp" not in {
        kind.__name__ for kind in type(error).__mro__
    }
