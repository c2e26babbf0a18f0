"""The real front over a real store: with `integrate` as its kind, or with a small kind of the tests' own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from core.http.front import Caller
from core.store import Run
from graphs.front.kinds import Kind
from graphs.front.opened import Bounds, Opened, opened
from graphs.integrate import session
from graphs.integrate.served import Integrate

ACME, OTHER = Caller("acme", "key:1"), Caller("other", "key:2")
SPEC = (Path(__file__).resolve().parents[3] / "examples" / "orders" / "openapi.yaml").read_text()
MODULE = {"spec": SPEC, "name": "orders", "image": "registry.example.com/shop/orders:1.0.0"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[session.Session]:
    means = session.Means(
        home=tmp_path, store_url=f"sqlite:///{tmp_path}/s.db", remote=f"{tmp_path}/remote.git"
    )
    with session.opened(means, lambda _: None) as made:
        yield made


@contextlib.asynccontextmanager
async def hall(
    work: session.Session, kinds: Mapping[str, Kind] | None = None, *, slots: int = 2
) -> AsyncIterator[Opened]:
    bounds = Bounds(slots=slots, reap_s=0.05)
    made = kinds or {"integrate": Integrate.of(work)}
    async with opened(work.store, made, bounds, ended=_uncounted) as open_hall:
        yield open_hall


def _uncounted(run: Run, took_s: float) -> None:
    """The metrics have tests of their own."""
