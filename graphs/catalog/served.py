"""`catalog` as clients see it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.http.front import Offer
from graphs.catalog import graph
from graphs.catalog.shelf import Shelf
from graphs.catalog.state import Do

_NAMES = Field(default=None, max_length=200, description="Name to type; an empty type is not compared.")


class CatalogInput(BaseModel):
    """One question. `check` and `metadata` need a path; no version means the latest."""

    model_config = ConfigDict(extra="forbid")

    do: Do = Field(description="What is asked.")
    path: str | None = Field(default=None, max_length=400, examples=["aws/networking/vpc"])
    version: str | None = Field(default=None, max_length=100, examples=["1.2.0"])
    query: str | None = Field(default=None, max_length=400, description="Words, all of which must fit.")
    kind: str | None = Field(default=None, max_length=100, description="Provider, category or name.")
    inputs: dict[str, str] | None = _NAMES
    outputs: dict[str, str] | None = _NAMES


class CatalogOutput(BaseModel):
    """`modules`, `module` or `problem`; `catalog` says what was asked, and how old a stale copy is."""

    modules: list[dict[str, Any]] | None = None
    total: int | None = Field(default=None, description="How many there are; at most 200 are shown.")
    module: dict[str, Any] | None = None
    catalog: dict[str, Any] | None = None
    problem: dict[str, Any] | None = Field(default=None, description="An expected failure.")


def offered(shelf: Shelf | None = None) -> Offer:
    """The offer `/catalog`; without a shelf, of the example catalog."""
    return Offer(
        id="catalog",
        description="The infrastructure modules that are published: list, search, check, read metadata.",
        input=CatalogInput,
        output=CatalogOutput,
        graph=graph.build(shelf),
        is_durable=False,
    )
