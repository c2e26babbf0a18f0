"""What a trace tells of an integration, in one process and over two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core import telemetry
from core.telemetry.export import Telemetry
from graphs.integrate import session
from graphs.integrate.request import Request

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PREPARED = ["parse", "describe", "generate", "render", "validate", "plan"]


@pytest.fixture
def recorded() -> Iterator[Telemetry]:
    opened = telemetry.set_up(keep=100)
    yield opened
    opened.close()


def yes(state: Any) -> dict[str, Any]:
    return {"decisions": [{"type": "approve"}], "actor": "ada", "plan_digest": state["change"]["digest"]}


def parents(recorded: Telemetry) -> list[tuple[str, str]]:
    names = {span.context.span_id: span.name for span in recorded.spans() if span.context}
    return [
        (span.name, names.get(span.parent.span_id, "") if span.parent else "") for span in recorded.spans()
    ]


def test_a_dry_run_tells_each_step(work: session.Session, request_: Request, recorded: Telemetry) -> None:
    work.dry(request_)

    assert [name for name, _ in parents(recorded)] == [f"integrate.{step}" for step in PREPARED]


def test_a_published_run_is_one_trace_that_names_its_commit(
    work: session.Session, request_: Request, recorded: Telemetry
) -> None:
    run, state = work.run(request_, "acme", yes)

    spans = recorded.spans()
    assert {f"{span.context.trace_id:032x}" for span in spans if span.context} == {run.trace_id}
    assert ("integrate.commit", "integrate.publish") in parents(recorded)
    (commit,) = [span for span in spans if span.name == "integrate.commit"]
    assert commit.attributes is not None
    assert commit.attributes["commit"] == state["receipt"]["commit"]
    assert {span.attributes["tenant"] for span in spans if span.attributes} == {"acme"}
    assert {span.attributes["session.id"] for span in spans if span.attributes} == {run.id}


def test_stopping_for_a_person_is_no_failure(
    work: session.Session, request_: Request, recorded: Telemetry
) -> None:
    run, _ = work.run(request_, "acme", lambda _: None)

    assert run.state == "waiting"
    assert all(span.status.is_ok for span in recorded.spans())
    assert recorded.spans()[-1].attributes["state"] == "waiting"  # type: ignore[index]  # it has some


def test_a_step_that_fails_says_so_with_its_code(
    work: session.Session, request_: Request, recorded: Telemetry
) -> None:
    bad = replace(request_, source={"openapi.yaml": b"openapi: 3.1.0\npaths: 7\n"})

    work.run(bad, "acme", yes)

    failed = {span.name: span.status.description or "" for span in recorded.spans() if not span.status.is_ok}
    assert failed.keys() == {"integrate.parse", "integrate"}
    assert all(words.startswith("AW") for words in failed.values())


def test_another_process_goes_on_with_the_runs_own_trace(
    means: session.Means, request_: Request, recorded: Telemetry
) -> None:
    with session.opened(means, lambda _: None) as one:
        run, _ = one.run(request_, "acme", lambda _: None)
    with telemetry.within(TRACE, SPAN), session.opened(means, lambda _: None) as two:
        done, _ = two.run(request_, "acme", yes)

    assert done.id == run.id
    assert {f"{span.context.trace_id:032x}" for span in recorded.spans() if span.context} == {run.trace_id}
    assert [name for name, _ in parents(recorded)].count("integrate") == 2
