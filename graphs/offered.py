"""What is served, put together once for the roots: the kinds of run, and the graphs that keep nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.http.front import Offer
from graphs.assistant.planner.model import Planner
from graphs.assistant.served import Assistant
from graphs.catalog import served as catalog
from graphs.front.kinds import Kind
from graphs.integrate.served import Integrate

if TYPE_CHECKING:
    from graphs.integrate.session import Session


@dataclass(frozen=True)
class Offered:
    integrate: Integrate
    kinds: Mapping[str, Kind]
    extra: Mapping[str, Offer]

    @classmethod
    def of(cls, work: Session) -> Offered:
        """Blocking: opens the store, the checkpoints and the child."""
        library = catalog.offered()
        integrate = Integrate.of(work)
        assistant = Assistant.of(work, integrate, Planner(), catalog=library)
        kinds: dict[str, Kind] = {"integrate": integrate, "assistant": assistant}
        return cls(integrate, kinds, {"catalog": library})
