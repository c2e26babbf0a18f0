"""What a durable graph has to bring so that its runs can be admitted, answered and driven."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from core.http.front import Caller, Offer
from core.store import Run

Tell = Callable[[str, Any], None]
"""Takes a stream mode and its data, from the thread that works."""


@dataclass(frozen=True)
class Admission:
    """A run before it has an id: plain input, and the key under which the same input is the same run."""

    key: str
    input: Mapping[str, Any]


class Kind(Protocol):
    """All but `config` may block: they are called in a thread."""

    offer: Offer

    def prepare(self, caller: Caller, asked: BaseModel, trace: str) -> Admission: ...

    def answered(self, run: Run, answer: Mapping[str, Any], actor: str) -> Run:
        """Keep a person's answer; the run may be worked on again."""
        ...

    def drive(self, run: Run, tell: Tell) -> Run:
        """Claim the run and work on it until it ends or waits. `RunTaken` where another one does."""
        ...

    def config(self, run: Run, thread: str) -> dict[str, Any]:
        """Where LangGraph keeps the run's steps."""
        ...
