"""Names, figures, and labels that no caller can grow (A106)."""

from __future__ import annotations

import re

import pytest

from core.metrics import Metrics


def lines(metrics: Metrics) -> dict[str, float]:
    text = metrics.render()[0].decode()
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_a_published_integration_is_counted_and_timed() -> None:
    metrics = Metrics()

    metrics.integrated(1.5)

    shown = lines(metrics)
    assert shown["autoweave_integration_success_total"] == 1
    assert shown["autoweave_integration_duration_seconds_sum"] == 1.5


def test_a_failed_integration_is_counted_by_its_kind() -> None:
    metrics = Metrics()

    metrics.integration_failed(422, 0.1)
    metrics.integration_failed(418, 0.1)

    shown = lines(metrics)
    assert shown['autoweave_integration_failures_total{kind="invalid"}'] == 1
    assert shown['autoweave_integration_failures_total{kind="other"}'] == 1
    assert shown["autoweave_integration_success_total"] == 0


def test_a_request_is_counted_by_route_and_class() -> None:
    metrics = Metrics()

    metrics.request("POST", "/threads/{thread}/runs", 429, 0.02)

    shown = lines(metrics)
    assert (
        shown['autoweave_http_requests_total{method="POST",route="/threads/{thread}/runs",status="4xx"}'] == 1
    )
    assert shown['autoweave_http_request_duration_seconds_count{route="/threads/{thread}/runs"}'] == 1


def test_ten_thousand_callers_words_add_no_series() -> None:
    metrics = Metrics()
    metrics.request("GET", "", 404, 0.1)
    metrics.run("flow-0", "done")
    metrics.request("X-0", "", 777, 0.1)
    metrics.run("integrate", "state-0")
    before = len(lines(metrics))

    for number in range(10_000):
        metrics.request("GET", "", 404, 0.1)
        metrics.run(f"flow-{number}", "done")
        metrics.request(f"X-{number}", "", 600 + number, 0.1)
        metrics.run("integrate", f"state-{number}")

    assert len(lines(metrics)) == before


def test_routes_beyond_the_bound_count_as_other() -> None:
    metrics = Metrics(routes=2)

    for name in ("/a", "/b", "/c", "/d", "/a"):
        metrics.request("GET", name, 200, 0.1)

    routes = re.findall(
        r'autoweave_http_requests_total\{method="GET",route="([^"]*)"', metrics.render()[0].decode()
    )
    assert sorted(routes) == ["/a", "/b", "other"]


def test_what_somebody_else_knows_is_asked_when_it_is_read() -> None:
    metrics = Metrics()
    waiting = [3.0]
    metrics.watch_queue(lambda: waiting[0])
    metrics.watch_approvals(lambda: 2)
    metrics.watch_active(lambda: 1)
    metrics.watch_spans(lambda: 7)
    metrics.watch_logs(lambda: 8)

    waiting[0] = 5.0

    shown = lines(metrics)
    assert shown["autoweave_queue_depth"] == 5
    assert shown["autoweave_approvals_waiting"] == 2
    assert shown["autoweave_runs_active"] == 1
    assert shown["autoweave_spans_dropped_total"] == 7
    assert shown["autoweave_log_lines_dropped_total"] == 8


def test_a_part_that_is_down_does_not_take_the_others_figures_with_it() -> None:
    def down() -> float:
        raise OSError("no store")

    metrics = Metrics()
    metrics.watch_queue(down)
    metrics.watch_spans(down)
    metrics.integrated(1)

    shown = lines(metrics)
    assert shown["autoweave_queue_depth"] != shown["autoweave_queue_depth"]  # NaN
    assert shown["autoweave_integration_success_total"] == 1


@pytest.mark.parametrize(("state", "figure"), [("closed", 0), ("half-open", 1), ("open", 2)])
def test_a_breakers_state_is_a_figure_for_its_seat(state: str, figure: int) -> None:
    metrics = Metrics()

    metrics.breaker("primary", state)
    metrics.breaker("gpt-of-a-caller", state)

    assert lines(metrics)['autoweave_breaker_state{seat="primary"}'] == figure
    assert lines(metrics)['autoweave_breaker_state{seat="other"}'] == figure


def test_refusals_by_a_rate_limit_are_counted() -> None:
    metrics = Metrics()

    metrics.request("POST", "/runs", 429, 0.001)
    metrics.request("POST", "/runs", 200, 0.001)

    assert lines(metrics)["autoweave_http_rate_limited_total"] == 1


def test_two_of_them_share_nothing() -> None:
    one, two = Metrics(), Metrics()

    one.integrated(1)

    assert lines(two)["autoweave_integration_success_total"] == 0


def test_what_is_rendered_says_what_it_is() -> None:
    assert Metrics().render()[1].startswith("text/plain")
