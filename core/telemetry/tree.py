"""Spans as a person reads them: one line each, children below their parent, with times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

_SHOWN = ("tenant", "commit", "status", "problem")


def tree(spans: Sequence[ReadableSpan]) -> str:
    """One trace after the other, each span with its milliseconds; empty text for no spans."""
    children: dict[int, list[Any]] = {}
    known = {span.context.span_id for span in spans if span.context is not None}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        above = span.parent.span_id if span.parent is not None else 0
        children.setdefault(above if above in known else 0, []).append(span)
    lines: list[str] = []
    trace = 0
    for top in children.get(0, ()):
        if top.context.trace_id != trace:
            trace = top.context.trace_id
            lines.append(f"trace {trace:032x}")
        lines += _lines(top, children, "")
    return "".join(f"{line}\n" for line in lines)


def _lines(span: Any, children: dict[int, list[Any]], indent: str) -> Iterator[str]:
    taken_ms = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
    failed = "" if span.status.is_ok else f"  FAILED {span.status.description or ''}".rstrip()
    facts = "".join(f"  {key}={span.attributes[key]}" for key in _SHOWN if key in span.attributes)
    line = f"{indent}{span.name:<{max(2, 40 - len(indent))}} {taken_ms:>9.1f} ms{facts}{failed}"
    yield "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
    for child in children.get(span.context.span_id, ()):
        yield from _lines(child, children, indent + "  ")
