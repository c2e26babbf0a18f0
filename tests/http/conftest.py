"""The tests of HTTP are coroutines, run by anyio's own plugin."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
