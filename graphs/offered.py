"""What is served, put together once for the roots: the kinds of run, and the graphs that keep nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.http.front import Offer
from graphs import models
from graphs.assistant.served import Assistant
from graphs.catalog import served as catalog
from graphs.front.kinds import Kind
from graphs.integrate.served import Integrate

if TYPE_CHECKING:
    from graphs.assistant.state import Reads
    from graphs.integrate.session import Session


@dataclass(frozen=True)
class Offered:
    integrate: Integrate
    kinds: Mapping[str, Kind]
    extra: Mapping[str, Offer]
    models: models.Seated
    assistant: Assistant

    @classmethod
    def of(cls, work: Session, *, files: Reads | None = None) -> Offered:
        """Blocking: opens the store, the checkpoints and the child. `files` reads what a person at this
        machine names; nobody else may name a file."""
        library = catalog.offered()
        integrate = Integrate.of(work)
        seated = models.seated(work.means.llm or models.Wanted())
        assistant = Assistant.of(
            work, integrate, seated.model, catalog=library, files=files, of_tenant=seated.of_tenant
        )
        kinds: dict[str, Kind] = {"integrate": integrate, "assistant": assistant}
        return cls(integrate, kinds, {"catalog": library}, seated, assistant)
