"""A span while it is open, and the masked OpenTelemetry span it leaves as.

Ours is a few plain fields, because it is made while somebody waits. What is slow (masking, building
what the SDK wants) happens in the thread that sends.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags
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


class Started:
    """One span. It becomes OpenTelemetry's, plain and masked, in the thread that sends it."""

    __slots__ = (
        "_ended",
        "attributes",
        "began",
        "context",
        "finished",
        "id",
        "name",
        "parent",
        "problem",
        "trace",
    )

    def __init__(
        self,
        name: str,
        parent: Trace | None,
        attributes: dict[str, Any],
        ended: Callable[[Started], None],
    ) -> None:
        self.name = name
        self.parent = parent.span if parent is not None else ""
        self.trace = parent.id if parent is not None else f"{random.getrandbits(128) or 1:032x}"  # no secret
        self.id = f"{random.getrandbits(64) or 1:016x}"  # no secret
        self.context = _SAMPLED
        self.problem: str | None = None
        self.attributes = _short(attributes)
        self.finished = 0
        self._ended = ended
        self.began = time.time_ns()

    def set(self, attributes: Mapping[str, Any]) -> None:
        if not self.finished:
            self.attributes |= _short(attributes)

    def rename(self, name: str) -> None:
        self.name = name

    def fail(self, message: str) -> None:
        self.problem = message[: LONGEST + _SLACK]

    def end(self) -> None:
        if not self.finished:
            self.finished = time.time_ns()
            self._ended(self)


def leaving(
    span: Started,
    resource: Resource,
    hide: Mask = mask.masked,
    is_clean: Callable[[str], bool] = mask.is_clean,
) -> ReadableSpan | None:
    """The span as it may leave, or None where even its name cannot be masked."""
    plain = _plain(span.attributes)
    told = [span.name, span.problem or "", *(value for value in plain.values() if isinstance(value, str))]
    name: str | None = span.name
    problem, attributes = span.problem, plain
    if not is_clean("\0".join(told)) or any(map(mask.is_secret, plain)):
        name = _tried(hide, "", name)
        problem = _tried(hide, "", problem) if problem is not None else None
        attributes = {key: _tried(hide, key, value) for key, value in plain.items()}
    if name is None:
        return None
    failed = Status(StatusCode.ERROR, _cut(problem or "")) if span.problem is not None else Status()
    return ReadableSpan(
        name=_cut(name),
        context=_context(span.trace, span.id),
        parent=_context(span.trace, span.parent) if span.parent else None,
        resource=resource,
        attributes={key: _cut(value) for key, value in attributes.items() if value is not None},
        status=failed,
        start_time=span.began,
        end_time=span.finished,
        instrumentation_scope=_SCOPE,
    )


def _tried(hide: Mask, name: str, value: Any) -> Any:
    """None where the mask fails: better nothing than a secret."""
    try:
        return hide(name, value)
    except Exception:  # noqa: BLE001  # whatever it is, the value must not leave
        return None


def _cut(value: Any) -> Any:
    """At its length, and without what no receiver can take: one bad character would cost a whole batch."""
    if not isinstance(value, str):
        return value
    short = value[:LONGEST].replace("\0", "\\0")
    return short if short.isascii() else short.encode("utf-8", "backslashreplace").decode()


def _short(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What may be kept until it leaves: a text that was cut, a number, or the text of anything else.

    Made at once, because the caller may change the object it gave.
    """
    return {key: _text(value) for key, value in attributes.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    told = value if isinstance(value, str) else _json(value)
    return told[: LONGEST + _SLACK]


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # nested too deep, or a number of more than 64 bits
        return str(value)


def _plain(attributes: Mapping[str, Any]) -> dict[str, AttributeValue]:
    return {_NAMES.get(key, key): value for key, value in attributes.items()}


def _context(trace: str, span: str) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=_FLAGS)


_FLAGS = TraceFlags(TraceFlags.SAMPLED)
_SAMPLED = SpanContext(1, 1, is_remote=False, trace_flags=_FLAGS)
_SCOPE = InstrumentationScope("autoweave", VERSION)
