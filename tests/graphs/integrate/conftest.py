"""A session on real parts: sandbox, SQLite, git."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
os.environ["LANGSMITH_TRACING"] = "false"

from graphs.integrate import session
from graphs.integrate.request import Request

SPEC = Path(__file__).resolve().parents[3] / "examples" / "orders" / "openapi.yaml"
IMAGE = "registry.example.com/shop/orders:1.0.0"


@pytest.fixture
def means(tmp_path: Path) -> session.Means:
    home = tmp_path / "home"
    return session.Means(home=home, store_url=f"sqlite:///{home}/store.db", remote=str(home / "remote.git"))


@pytest.fixture
def work(means: session.Means) -> Iterator[session.Session]:
    with session.opened(means, lambda _: None) as opened:
        yield opened


@pytest.fixture
def request_() -> Request:
    return Request(
        source={"openapi.yaml": SPEC.read_bytes()},
        entry="openapi.yaml",
        overrides={"name": "shop", "version": "1.0.0", "image": IMAGE, "tenant": "acme"},
    )
