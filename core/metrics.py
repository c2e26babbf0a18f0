"""Every metric AutoWeave shows, by name. Imported by roots alone, which hand the object on.

Labels are bounded whatever a caller sends: no tenant, no slug, no path; a value that is not known from
the start, or one too many, counts as `other`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from core.errors import AppError, Conflict, Forbidden, Invalid, NotFound, TooLarge, Unavailable, Unsupported
from core.version import VERSION

GRAPHS = ("integrate", "apply", "build", "catalog", "assistant")
STATES = ("admitted", "running", "waiting", "done", "failed", "cancelled")
SEATS = ("primary", "fallback", "planner")
BREAKER = {"closed": 0, "half-open": 1, "open": 2}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER = "other"

_KINDS: dict[int, str] = {
    kind.status: kind.__name__.lower()
    for kind in (Invalid, TooLarge, NotFound, Forbidden, Conflict, Unavailable, Unsupported, AppError)
}
_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Counts in this process since it began; `render` is what Prometheus reads."""

    def __init__(self, *, routes: int = 200) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._routes: set[str] = set()
        self._most_routes = routes
        self._watched = _Watched(self.registry)
        self._integrations()
        self._requests()
        self._runs = self._counter("autoweave_runs", "Runs that came into a state.", "graph", "state")
        self._breaker = Gauge(
            "autoweave_breaker_state", "0 closed, 1 half open, 2 open.", ("seat",), registry=self.registry
        )
        Gauge("autoweave_info", "The version that runs.", ("version",), registry=self.registry).labels(
            VERSION
        ).set(1)

    def _integrations(self) -> None:
        self._succeeded = self._counter("autoweave_integration_success", "Integrations that were published.")
        self._failed = self._counter("autoweave_integration_failures", "Integrations that failed.", "kind")
        for kind in _KINDS.values():  # a series that begins at 1 has no rate
            self._failed.labels(kind)
        self._took = Histogram(
            "autoweave_integration_duration_seconds",
            "From admission to the end, without waiting for a person.",
            buckets=_LONG,
            registry=self.registry,
        )

    def _requests(self) -> None:
        self._answered = self._counter(
            "autoweave_http_requests", "Answered requests.", "method", "route", "status"
        )
        self._latency = Histogram(
            "autoweave_http_request_duration_seconds",
            "From the first byte of a request to the last of its answer.",
            ("route",),
            buckets=_FAST,
            registry=self.registry,
        )
        self._limited = self._counter("autoweave_http_rate_limited", "Requests refused by a rate limit.")

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def integrated(self, took_s: float) -> None:
        """An integration was published, or found nothing to change."""
        self._succeeded.inc()
        self._took.observe(took_s)

    def integration_failed(self, status: int, took_s: float) -> None:
        """`status` is the problem's: its kind is the label."""
        self._failed.labels(_KINDS.get(status, OTHER)).inc()
        self._took.observe(took_s)

    def run(self, graph: str, state: str) -> None:
        """A run came into a state. A graph that is not ours counts as `flow`."""
        self._runs.labels(graph if graph in GRAPHS else "flow", _known(state, STATES)).inc()

    def request(self, method: str, route: str, status: int, took_s: float) -> None:
        """`route` is the template (`/threads/{thread}`), empty where none matched."""
        shown = self._route(route)
        family = f"{status // 100}xx" if 100 <= status < 600 else OTHER
        self._answered.labels(_known(method, METHODS), shown, family).inc()
        self._latency.labels(shown).observe(took_s)
        if status == 429:
            self._limited.inc()

    def breaker(self, seat: str, state: str) -> None:
        self._breaker.labels(_known(seat, SEATS)).set(BREAKER[state])

    def watch_queue(self, depth: Callable[[], float]) -> None:
        self._watch("autoweave_queue_depth", "Jobs that wait for a worker.", depth)

    def watch_approvals(self, waiting: Callable[[], float]) -> None:
        self._watch("autoweave_approvals_waiting", "Runs that wait for a person.", waiting)

    def watch_active(self, active: Callable[[], float]) -> None:
        self._watch("autoweave_runs_active", "Runs this process works on.", active)

    def watch_spans(self, dropped: Callable[[], float]) -> None:
        self._watched.add("autoweave_spans_dropped", "Spans that did not reach their receiver.", dropped)

    def watch_logs(self, dropped: Callable[[], float]) -> None:
        self._watched.add("autoweave_log_lines_dropped", "Log lines nobody read in time.", dropped)

    def render(self) -> tuple[bytes, str]:
        """The text Prometheus reads, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def _watch(self, name: str, about: str, read: Callable[[], float]) -> None:
        Gauge(name, about, registry=self.registry).set_function(lambda: _tried(read))

    def _route(self, route: str) -> str:
        if route in self._routes:
            return route
        if not route or len(self._routes) >= self._most_routes:
            return OTHER
        self._routes.add(route)
        return route


class _Watched(Collector):
    """Counters that somebody else keeps, read when they are asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._read: dict[str, tuple[str, Callable[[], float]]] = {}
        registry.register(self)

    def add(self, name: str, about: str, read: Callable[[], float]) -> None:
        self._read[name] = (about, read)

    def collect(self) -> Iterable[Any]:
        for name, (about, read) in self._read.items():
            yield CounterMetricFamily(name, about, value=_tried(read))


def _tried(read: Callable[[], float]) -> float:
    """NaN where it cannot be read: one part that is down must not take the others' figures with it."""
    try:
        return float(read())
    except Exception:  # noqa: BLE001  # the store, the queue: whatever they throw
        return math.nan


def _known(value: str, among: Collection[str]) -> str:
    return value if value in among else OTHER
