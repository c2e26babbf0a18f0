"""The same run with its rows and checkpoints in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graphs.integrate import session
from graphs.integrate.request import Request
from tests import postgres

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    found = postgres.binaries()
    if found is None:
        pytest.skip("group postgres: no initdb on PATH or in /usr/lib/postgresql")
    with postgres.running(found) as running:
        yield running


def test_a_run_waits_in_postgres_and_goes_on_in_another_session(
    server: postgres.Server, means: session.Means, request_: Request
) -> None:
    shared = replace(means, store_url=server.url())
    with session.opened(shared, lambda _: None) as one:
        waiting, _ = one.run(request_, "acme", lambda _: None)

    with session.opened(shared, lambda _: None) as two:
        yes = {"decisions": [{"type": "approve"}], "actor": "ada"}
        run, state = two.run(request_, "acme", lambda _: yes)

    assert waiting.state == "waiting"
    assert (run.id, run.state) == (waiting.id, "done")
    assert state["receipt"]["commit"]
    assert not (Path(shared.home) / "checkpoints.db").exists()
