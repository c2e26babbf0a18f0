"""What leaves the process, and what happens when nobody takes it (F58)."""

from __future__ import annotations

import statistics
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from core import telemetry
from core.telemetry import mask
from core.telemetry.export import Outlet
from core.telemetry.http import Traced
from core.telemetry.spans import Started
from tests.otlp import black_hole, facts, nobody, receiver
from tests.serving import served

NOTHING = Resource({})


class Exporter(SpanExporter):
    """Keeps what it is given, once it may."""

    def __init__(self, *, takes: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.spans: list[Any] = []
        self.may = threading.Event()
        self.began = threading.Event()
        self.takes = takes

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        self.began.set()
        self.may.wait(20)
        self.spans += spans
        return self.takes


def span(name: str = "step", **attributes: Any) -> Started:
    made = Started(name, None, attributes, lambda _: None)
    made.end()
    return made


def test_a_span_arrives_whole() -> None:
    with receiver() as got:
        opened = telemetry.set_up(endpoint=got.url, everywhere={"stack_port": 4101})
        with (
            telemetry.about(tenant="acme"),
            telemetry.span("run", input={"a": 1}),
            telemetry.span("step", n=2.5),
        ):
            pass
        opened.close()

    above, below = got.named("run"), got.named("step")
    assert below.parent_span_id == above.span_id
    assert below.trace_id == above.trace_id
    assert facts(above) == {
        "stack_port": 4101, "tenant": "acme", "openinference.span.kind": "CHAIN", "input.value": '{"a":1}',
    }  # fmt: skip
    assert facts(below)["n"] == 2.5
    assert above.start_time_unix_nano <= below.start_time_unix_nano <= below.end_time_unix_nano
    assert opened.dropped == 0


def test_a_failure_arrives_as_one() -> None:
    with receiver() as got:
        opened = telemetry.set_up(endpoint=got.url)
        with telemetry.span("step") as step:
            step.fail("AW920 findings")
        opened.close()

    assert (got.named("step").status.code, got.named("step").status.message) == (2, "AW920 findings")


def test_no_secret_is_in_the_bytes_that_leave() -> None:
    canary = "c4nary-in-a-header"
    with receiver() as got:
        opened = telemetry.set_up(endpoint=got.url, headers={"authorization": f"Bearer {canary}"})
        telemetry.known_secret("c4nary-in-the-environment")
        deep = {"env": {"API_KEY": "c4nary-deep"}}
        with telemetry.span(f"call {canary}", password="c4nary-under-a-name", input=deep) as step:
            step.set(output=f"https://ada:{canary}@git.example.com", note="x c4nary-in-the-environment y")
            step.fail(f"refused: token=c4nary-in-a-text; {canary}")
        opened.close()

    assert b"c4nary" not in got.everything
    assert canary in got.headers[0]


def test_a_secret_is_not_cut_in_two_by_the_limit() -> None:
    canary = "c4nary" * 20
    telemetry.known_secret(canary)
    opened = telemetry.set_up(keep=10)
    with telemetry.span("step", output="x" * 4090 + canary):
        pass
    opened.close()

    assert "c4n" not in str(opened.spans()[0].attributes)


def test_an_attribute_the_mask_cannot_read_is_left_out() -> None:
    def broken(name: str, value: Any) -> Any:
        if name == "odd":
            raise RuntimeError("no")
        return mask.masked(name, value)

    exporter = Exporter()
    exporter.may.set()
    outlet = Outlet(exporter, NOTHING, queue=10, every_s=60, hide=broken, is_clean=lambda _: False)
    outlet.put(span(odd="secret", even="plain"))
    outlet.close()

    assert dict(exporter.spans[0].attributes) == {"even": "plain"}


def test_a_span_whose_name_cannot_be_masked_is_dropped_and_counted() -> None:
    def broken(name: str, value: Any) -> Any:
        raise RuntimeError("no")

    exporter = Exporter()
    exporter.may.set()
    outlet = Outlet(exporter, NOTHING, queue=10, every_s=60, hide=broken, is_clean=lambda _: False)
    outlet.put(span())
    outlet.close()

    assert exporter.spans == []
    assert outlet.dropped == 1


def test_one_odd_character_does_not_cost_the_batch() -> None:
    with receiver() as got:
        opened = telemetry.set_up(endpoint=got.url)
        with telemetry.span("good"), telemetry.span("odd", input="\ud800\0"):
            pass
        opened.close()

    assert facts(got.named("odd"))["input.value"] == "\\ud800\\0"
    assert got.named("good")


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    exporter = Exporter()
    outlet = Outlet(exporter, NOTHING, queue=8, every_s=60)
    for _ in range(8):
        outlet.put(span())
    assert exporter.began.wait(10)
    for _ in range(20):
        outlet.put(span())

    assert outlet.dropped == 12
    exporter.may.set()
    outlet.close()
    assert len(exporter.spans) == 16


def test_what_is_refused_is_counted() -> None:
    exporter = Exporter(takes=SpanExportResult.FAILURE)
    exporter.may.set()
    outlet = Outlet(exporter, NOTHING, queue=8, every_s=60)
    outlet.put(span())
    outlet.close()

    assert outlet.dropped == 1


def test_a_receiver_that_is_down_is_told_once_and_once_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exporter = Exporter(takes=SpanExportResult.FAILURE)
    exporter.may.set()
    outlet = Outlet(exporter, NOTHING, queue=8, every_s=60)

    with caplog.at_level("INFO"):
        for takes in ("FAILURE", "FAILURE", "SUCCESS", "SUCCESS"):
            exporter.takes = SpanExportResult[takes]
            outlet.put(span())
            outlet.flush()
    outlet.close()

    assert [record.getMessage() for record in caplog.records] == ["telemetry.lost", "telemetry.back"]


@pytest.fixture(params=["nobody listens", "never answers"])
def bad(request: pytest.FixtureRequest) -> Any:
    if request.param == "nobody listens":
        yield nobody()
        return
    with black_hole() as url:
        yield url


@pytest.mark.filterwarnings("ignore")  # the SDK warns by logging; urllib3 by warnings
def test_a_receiver_that_is_down_does_not_hold_up_the_end(bad: str) -> None:
    opened = telemetry.set_up(endpoint=bad, every_s=0.01)
    with telemetry.span("step"):
        pass
    start = time.monotonic()

    opened.close()

    assert time.monotonic() - start < 3


def test_a_receiver_that_is_down_makes_no_request_wait(bad: str) -> None:
    """Medians of many small requests over a real server; the bound is 10 ms more than without."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        with telemetry.span("work", input={"a": 1}):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    with served(Traced(app)) as url:
        before = median_s(lambda: urllib.request.urlopen(url).read())
        opened = telemetry.set_up(endpoint=bad, every_s=0.01, queue=32)
        during = median_s(lambda: urllib.request.urlopen(url).read())
        opened.close(0.1)

    assert during - before < 0.010
    assert opened.dropped > 0


def median_s(work: Callable[[], object], times: int = 60) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
