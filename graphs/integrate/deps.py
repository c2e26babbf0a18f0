"""What the nodes of `integrate` need from outside, each the narrowest thing that will do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.blobs import Blobs


class Child(Protocol):
    """The confined child: `core.sandbox.Sandbox`."""

    def call(self, target: str, /, *args: Any, **options: Any) -> Any: ...


class Journal(Protocol):
    """Where effects and approvals of one run are written down before and after."""

    def intend(self, name: str, detail: Mapping[str, Any]) -> None: ...

    def record(self, name: str, receipt: Mapping[str, Any]) -> None: ...

    def approve(self, plan_digest: str, actor: str, decision: str) -> None: ...


class Remote(Protocol):
    """A git repository somewhere: `tools.repo.Repository`."""

    def head(self, branch: str) -> str | None: ...

    def read(self, commit: str, prefixes: Any) -> dict[str, bytes]: ...

    def publish(self, publication: Any) -> Any: ...


@dataclass(frozen=True)
class Deps:
    child: Child
    blobs: Blobs
    remote: Callable[[Mapping[str, Any]], Remote]
    journal: Journal | None = None
    """None for a dry run, which has no effects."""
    now: Callable[[], float] = lambda: 0.0
    """Unix seconds; the date of the commit."""


@dataclass(frozen=True)
class Direct:
    """Stands where LangGraph's Runtime stands when the steps run without a graph."""

    context: Deps
