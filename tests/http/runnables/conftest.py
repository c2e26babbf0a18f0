"""One application for all tests of a module: making one takes longer than they do."""

from __future__ import annotations

import pytest

from tests.http.playing import Stage


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def house(anyio_backend: str) -> Stage:
    """A coroutine, so that all tests of a module share its loop: the application keeps locks of it."""
    return Stage()


@pytest.fixture
def stage(house: Stage) -> Stage:
    house.memory.__init__()  # type: ignore[misc]  # as new
    return house
