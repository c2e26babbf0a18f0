"""The same promises over all three engines, on a real Redis and a real PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres, redis

ENGINES = [
    "table",
    pytest.param("redis", marks=pytest.mark.redis),
    pytest.param("postgres", marks=pytest.mark.postgres),
]
_names = itertools.count()


@pytest.fixture(scope="session")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Server]:
    if not redis.is_there():
        pytest.skip("group redis: no redis-server on PATH")
    pytest.importorskip("bullmq", reason="group redis: uv sync --group server")
    with redis.running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def own_keeper(tmp_path: Path) -> Iterator[redis.Server]:
    """A Redis that a test may hurt."""
    if not redis.is_there():
        pytest.skip("group redis: no redis-server on PATH")
    with redis.running(tmp_path / "redis") as server:
        yield server


@pytest.fixture(scope="session")
def database() -> Iterator[postgres.Server]:
    found = postgres.binaries()
    if found is None:
        pytest.skip("group postgres: no initdb on PATH or in /usr/lib/postgresql")
    pytest.importorskip("psycopg", reason="group postgres: uv sync --group postgres")
    with postgres.running(found) as server:
        yield server


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "table":
        return ""
    if request.param == "redis":
        return request.getfixturevalue("keeper").url
    return request.getfixturevalue("database").url()


@pytest.fixture
def name() -> str:
    """Tests share a server and no queue."""
    return f"runs-{next(_names)}"
