"""`catalog_search` and `catalog_check`: what exists, so that no module has to be made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.errors import revive
from core.http.context import Tool
from core.http.front import Ask, Caller, Front

_PATH = Field(max_length=400, description="Such as aws/networking/vpc.")
_NAMES: Any = Field(default_factory=dict, max_length=200, description="Name to type; an empty type fits any.")


class Searched(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: str = Field("", max_length=400, description="Words, all of which must fit; empty for all.")
    kind: str = Field("", max_length=100, description="A part of the path: provider, category or name.")


class Found(BaseModel):
    modules: list[dict[str, Any]]
    total: int
    catalog: dict[str, Any]


class Reference(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: str = _PATH
    version: str = Field("", max_length=100, description="Empty for the latest.")
    inputs: dict[str, str] = _NAMES
    outputs: dict[str, str] = _NAMES


class Checked(BaseModel):
    module: dict[str, Any]
    catalog: dict[str, Any]


@dataclass(frozen=True)
class Librarian:
    """Asks the graph `catalog`; a miss is an error with "did you mean", never another module."""

    front: Front

    @property
    def tools(self) -> tuple[Tool, ...]:
        return (
            Tool(
                name="catalog_search",
                title="Search the catalog",
                description="The infrastructure modules that are published, with their versions.",
                input=Searched,
                output=Found,
                call=self._search,
                is_read_only=True,
                is_idempotent=True,
            ),
            Tool(
                name="catalog_check",
                title="Check a reference",
                description="Whether a module, its version and the named inputs and outputs exist."
                " Call it before you name a module to anybody.",
                input=Reference,
                output=Checked,
                call=self._check,
                is_read_only=True,
                is_idempotent=True,
            ),
        )

    async def _search(self, caller: Caller, asked: Searched) -> Mapping[str, Any]:
        do = "search" if asked.query or asked.kind else "list"
        return await self._asked(caller, {"do": do, **asked.model_dump(exclude_defaults=True)})

    async def _check(self, caller: Caller, asked: Reference) -> Mapping[str, Any]:
        return await self._asked(caller, {"do": "check", **asked.model_dump(exclude_defaults=True)})

    async def _asked(self, caller: Caller, question: Mapping[str, Any]) -> Mapping[str, Any]:
        outcome = await (await self.front.runs.start(caller, Ask("catalog", question))).outcome()
        if outcome.problem:
            raise revive(dict(outcome.problem))
        return outcome.values
