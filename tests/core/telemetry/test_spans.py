"""What a span knows, where it stands, and what it costs when nobody records."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
from typing import Any

import pytest

from core import telemetry
from core.telemetry.export import Telemetry

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def named(recorded: Telemetry, name: str) -> Any:
    (found,) = [span for span in recorded.spans() if span.name == name]
    return found


def place(span: Any) -> tuple[str, str]:
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


def test_importing_telemetry_loads_no_opentelemetry() -> None:
    probe = "import sys; from core import telemetry, logs; sys.exit('opentelemetry' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def test_without_opentelemetry_the_missing_group_is_named() -> None:
    probe = "import sys; sys.modules['opentelemetry'] = None; from core import telemetry; telemetry.set_up()"

    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)

    assert "TelemetryMissing: OpenTelemetry is not installed" in run.stderr


def test_nothing_is_recorded_until_a_root_says_so() -> None:
    with telemetry.span("a", tenant="acme") as span:
        span.set(output="b")

        assert not span.is_open
        assert telemetry.current() is None
        assert telemetry.traceparent() is None


def test_a_span_within_a_span_is_its_child(recorded: Telemetry) -> None:
    with telemetry.span("request"), telemetry.span("step"):
        pass

    step, request = named(recorded, "step"), named(recorded, "request")
    assert step.parent.span_id == request.context.span_id
    assert place(step)[0] == place(request)[0]
    assert request.parent is None


def test_current_names_the_innermost_span(recorded: Telemetry) -> None:
    with telemetry.span("request"), telemetry.span("step"):
        seen = telemetry.current()

    assert seen == place(named(recorded, "step"))
    assert telemetry.current() is None


def test_a_trace_begun_elsewhere_goes_on(recorded: Telemetry) -> None:
    with telemetry.within(TRACE, SPAN), telemetry.span("step"):
        pass

    step = named(recorded, "step")
    assert place(step)[0] == TRACE
    assert f"{step.parent.span_id:016x}" == SPAN


def test_a_trace_without_a_span_begins_with_its_own_id(recorded: Telemetry) -> None:
    with telemetry.within(TRACE):
        assert telemetry.current() == (TRACE, "")
        with telemetry.span("root"):
            pass

    root = named(recorded, "root")
    assert place(root)[0] == TRACE
    assert root.parent is None


def test_who_is_in_the_trace_already_stays_where_they_are(recorded: Telemetry) -> None:
    here, again = telemetry.within(TRACE, SPAN), telemetry.within(TRACE, SPAN)
    with here, telemetry.span("request"), again, telemetry.span("run"):
        pass

    assert named(recorded, "run").parent.span_id == named(recorded, "request").context.span_id


@pytest.mark.parametrize(
    ("trace", "span"), [("", ""), ("0" * 32, SPAN), (TRACE.upper(), SPAN), (TRACE[1:], SPAN), ("x" * 32, "")]
)
def test_an_id_that_is_none_begins_no_trace(trace: str, span: str) -> None:
    with telemetry.within(trace, span):
        assert telemetry.current() is None


def test_what_is_said_of_a_span_is_true_of_those_within(recorded: Telemetry) -> None:
    run = telemetry.span("run", session="thread1", input="x")
    with telemetry.about(tenant="acme"), run, telemetry.span("step"):
        pass

    assert dict(named(recorded, "step").attributes) == {
        "tenant": "acme", "session.id": "thread1", "openinference.span.kind": "CHAIN",
    }  # fmt: skip


def test_what_is_written_everywhere_is_on_every_span() -> None:
    opened = telemetry.set_up(keep=10, everywhere={"stack_port": 4101})
    with telemetry.span("a"), telemetry.span("b"):
        pass
    opened.close()

    assert [span.attributes["stack_port"] for span in opened.spans()] == [4101, 4101]


def test_a_note_goes_to_the_span_that_is_open(recorded: Telemetry) -> None:
    with telemetry.span("request"):
        telemetry.note(tenant="acme")

    assert named(recorded, "request").attributes["tenant"] == "acme"


def test_an_exception_is_the_spans_failure_and_goes_on(recorded: Telemetry) -> None:
    with pytest.raises(ValueError, match="no"), telemetry.span("step"):
        raise ValueError("no")

    assert named(recorded, "step").status.description == "ValueError: no"
    assert not named(recorded, "step").status.is_ok


class GraphBubbleUp(Exception):
    """As LangGraph calls what stops a graph for a person."""


@pytest.mark.parametrize("error", [GraphBubbleUp(), asyncio.CancelledError(), KeyboardInterrupt()])
def test_stopping_is_no_failure(recorded: Telemetry, error: BaseException) -> None:
    with pytest.raises(type(error)), telemetry.span("step"):
        raise error

    assert named(recorded, "step").status.is_ok


def test_an_object_is_written_as_it_was_when_it_was_given(recorded: Telemetry) -> None:
    given = {"a": [1]}
    with telemetry.span("step", input=given):
        given["a"].append(2)

    assert named(recorded, "step").attributes["input.value"] == '{"a":[1]}'


@pytest.mark.parametrize("odd", [2**70, float("nan"), {1: {2}}, object(), b"\xff", {"n": 2**70}, "\ud800\0"])
def test_anything_can_be_written(recorded: Telemetry, odd: Any) -> None:
    with telemetry.span("step", input=odd):
        pass

    value = named(recorded, "step").attributes["input.value"]
    assert isinstance(value, str | float)
    assert str(value).encode()


def test_a_value_leaves_at_most_at_its_length(recorded: Telemetry) -> None:
    with telemetry.span("n" * 100_000, input="x" * 1_000_000) as span:
        span.fail("y" * 1_000_000)

    (span_,) = recorded.spans()
    sizes = [len(span_.name), len(span_.attributes["input.value"]), len(span_.status.description or "")]
    assert sizes == [4096, 4096, 4096]


def test_a_span_closed_from_another_context_is_not_anybodys_parent(recorded: Telemetry) -> None:
    outer = telemetry.span("run")
    with outer:
        step = telemetry.span("step").__enter__()
        contextvars.copy_context().run(step.close)
        with telemetry.span("next"):
            pass

    assert named(recorded, "next").parent.span_id == named(recorded, "run").context.span_id


def test_each_task_has_its_own_place(recorded: Telemetry) -> None:
    async def work(name: str) -> None:
        with telemetry.span(name):
            await asyncio.sleep(0)
            with telemetry.span(f"{name}.inner"):
                await asyncio.sleep(0)

    async def both() -> None:
        with telemetry.span("request"):
            await asyncio.gather(work("a"), work("b"))

    asyncio.run(both())

    for name in ("a", "b"):
        assert named(recorded, f"{name}.inner").parent.span_id == named(recorded, name).context.span_id
        assert named(recorded, name).parent.span_id == named(recorded, "request").context.span_id


@pytest.mark.parametrize(
    ("trace", "is_kept"), [("1" * 16 + "3" + "0" * 15, True), ("1" * 16 + "9" + "0" * 15, False)]
)
def test_a_sample_is_drawn_by_the_traces_id_so_all_processes_agree(trace: str, is_kept: bool) -> None:
    opened = telemetry.set_up(keep=10, sample=0.5)
    with telemetry.within(trace), telemetry.span("step"):
        assert telemetry.current() is not None
    opened.close()

    assert bool(opened.spans()) is is_kept


def test_closing_stops_the_recording() -> None:
    opened = telemetry.set_up(keep=10)
    opened.close()
    opened.close()

    with telemetry.span("later") as span:
        assert not span.is_open


@pytest.mark.parametrize(
    "header",
    [
        "", "00", f"00-{TRACE}-{SPAN}", f"00-{TRACE}-{SPAN}-1", f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01", "x" * 100_000, f"0-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01\n00",
    ],
)  # fmt: skip
def test_a_header_that_is_not_w3cs_is_as_good_as_none(header: str) -> None:
    assert telemetry.read_traceparent(header) is None


@pytest.mark.parametrize(
    "header", [f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01-what"]
)
def test_a_header_by_w3c_is_read(header: str) -> None:
    trace = telemetry.read_traceparent(header)

    assert trace is not None
    assert (trace.id, trace.span) == (TRACE, SPAN)


def test_the_tree_shows_each_span_below_its_parent(recorded: Telemetry) -> None:
    with telemetry.within(TRACE), telemetry.span("integrate", tenant="acme"):
        with telemetry.span("integrate.parse"):
            pass
        with telemetry.span("integrate.plan") as span:
            span.fail("AW920 findings\x1b[0m")

    lines = telemetry.tree(recorded.spans()).splitlines()
    assert lines[0] == f"trace {TRACE}"
    assert [line.split()[0] for line in lines[1:]] == ["integrate", "integrate.parse", "integrate.plan"]
    assert [len(line) - len(line.lstrip()) for line in lines[1:]] == [0, 2, 2]
    assert lines[3].endswith("FAILED AW920 findings\\x1b[0m")


def test_the_tree_of_nothing_is_empty() -> None:
    assert telemetry.tree(()) == ""
