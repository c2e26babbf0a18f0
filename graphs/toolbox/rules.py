"""`explain`, and each rule as a resource: the section of docs/rules that every code has."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, Field

from core.http.context import Resource, Tool
from core.http.front import Caller
from core.names import closest
from graphs import checking


class Asked(BaseModel):
    code: str = Field(pattern=r"^[Aa][Ww][0-9]{3}$", description="Such as AW101.")


class Explained(BaseModel):
    code: str
    title: str
    text: str


@dataclass(frozen=True)
class Book:
    """Read once, at the first question."""

    folder: Path

    @property
    def tool(self) -> Tool:
        return Tool(
            name="explain",
            title="Explain a code",
            description="What a code such as AW101 means, why it is a rule, and what to do.",
            input=Asked,
            output=Explained,
            call=self._explain,
            is_read_only=True,
            is_idempotent=True,
        )

    @property
    def resources(self) -> tuple[Resource, ...]:
        return (
            Resource(
                uri="rule://{code}",
                name="rule",
                title="A rule or an error",
                description="What one code means, why it is a rule, and what to do.",
                read=self._text,
                mime="text/markdown",
            ),
            Resource(
                uri="rules://index",
                name="rules",
                title="All rules and errors",
                description="Every code with its title.",
                read=self._index,
            ),
        )

    async def _explain(self, caller: Caller, asked: Asked) -> Mapping[str, Any]:
        code = asked.code.upper()
        text = await self._text(caller, {"code": code})
        title, _, rest = text.partition("\n")
        return {"code": code, "title": title.partition(" · ")[2], "text": rest.strip()}

    async def _text(self, _: Caller, values: Mapping[str, str]) -> str:
        found = await asyncio.to_thread(_sections, self.folder)
        code = values["code"].upper()
        if code not in found:
            near = closest(code, found)
            hint = f" Did you mean {near}?" if near else ""
            raise checking.RuleUnknown(
                f"There is no rule {code}.{hint}", fix="Read the resource rules://index."
            )
        return found[code]

    async def _index(self, _: Caller, __: Mapping[str, str]) -> str:
        found = await asyncio.to_thread(_sections, self.folder)
        titles = {code: text.partition("\n")[0].partition(" · ")[2] for code, text in sorted(found.items())}
        return orjson.dumps(titles).decode()


_sections = functools.cache(checking.sections)
