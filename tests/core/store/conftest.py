"""The same tests over both databases, and a clock that the tests move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import store
from core.store.sql import Store
from core.testing import Clock
from tests import postgres


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    found = postgres.binaries()
    if found is None:
        pytest.skip("group postgres: no initdb on PATH or in /usr/lib/postgresql")
    pytest.importorskip("psycopg", reason="group postgres: uv sync --group postgres")
    with postgres.running(found) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state/store.db"
    return request.getfixturevalue("server").url()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(url: str, clock: Clock) -> Iterator[Store]:
    with store.open(url, now=clock) as opened:
        yield opened
