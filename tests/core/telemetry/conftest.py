"""Recording on for one test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core import telemetry
from core.telemetry.export import Telemetry


@pytest.fixture
def recorded() -> Iterator[Telemetry]:
    opened = telemetry.set_up(keep=1000)
    yield opened
    opened.close()
