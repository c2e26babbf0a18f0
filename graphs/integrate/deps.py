"""What the nodes of `integrate` need from outside, each the narrowest thing that will do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.blobs import Blobs


class Child(Protocol):
    """The confined child: `core.sandbox.Sandbox`."""

    def call(self, target: str, /, *args: Any, read: Sequence[Path] = ()) -> Any: ...


class Journal(Protocol):
    """Where the effects of one run are written down, before and after."""

    def intend(self, name: str, *, key: str, detail: Mapping[str, Any]) -> Any: ...

    def record(self, effect: Any, receipt: Mapping[str, Any]) -> None: ...


class Remote(Protocol):
    """A git repository somewhere: `tools.repo.Repository`."""

    def head(self, branch: str) -> str | None: ...

    def tip(self, branch: str) -> str | None: ...

    def read(self, commit: str, prefixes: Sequence[str]) -> dict[str, bytes]: ...

    def publish(self, publication: Any) -> Any: ...


class Unborn:
    """A repository that is not made yet: nothing is in it, and reading makes nothing."""

    def head(self, branch: str) -> str | None:  # noqa: ARG002  # the protocol's words
        return None

    def tip(self, branch: str) -> str | None:  # noqa: ARG002  # as above
        return None

    def read(self, commit: str, prefixes: Sequence[str]) -> dict[str, bytes]:  # noqa: ARG002  # as above
        return {}

    def publish(self, publication: Any) -> Any:  # noqa: ARG002  # as above
        raise AssertionError("a dry run publishes nothing")


@dataclass(frozen=True)
class Deps:
    child: Child
    blobs: Blobs
    remote: Callable[[str | None], Remote]
    """The repository at an address; None is the default one."""
    author: tuple[str, str]
    """Name and e-mail address that commits carry."""
    now: Callable[[], float]
    """Unix seconds: the date of a commit."""
    journal: Journal | None = None
    """None for a dry run, which has no effects."""


@dataclass(frozen=True)
class Direct:
    """Stands where LangGraph's Runtime stands when the steps run without a graph."""

    context: Deps
