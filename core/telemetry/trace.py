"""A place in a trace, and the W3C header that carries it (https://www.w3.org/TR/trace-context/)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_TRACE = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"(?:[0-9a-f]{16})?")


@dataclass(frozen=True, slots=True)
class Trace:
    """`id` is 32 hex digits, `span` 16, or empty in a trace that has no span yet."""

    id: str
    span: str = ""

    @classmethod
    def of(cls, trace_id: str, span_id: str = "") -> Trace | None:
        """None where the ids are not what W3C calls valid; a bad span id alone is left out."""
        if not _TRACE.fullmatch(trace_id) or not trace_id.strip("0"):
            return None
        is_span = _SPAN.fullmatch(span_id) and span_id.strip("0")
        return cls(trace_id, span_id if is_span else "")

    @property
    def header(self) -> str:
        return f"00-{self.id}-{self.span}-01"


def read_traceparent(header: str) -> Trace | None:
    """The place a caller's header names. A header that is not valid is as good as none."""
    found = _HEADER.fullmatch(header.strip())
    if found is None or (header.startswith("00") and len(header.strip()) != 55):
        return None
    trace = Trace.of(found[1], found[2])
    return trace if trace is not None and trace.span else None
