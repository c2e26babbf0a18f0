"""`run_status`, and each run as a resource: how it stands, without waiting for its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, Field

from core.http import problems
from core.http.context import Resource, Tool
from core.http.front import Caller, Front, Ticket

RUN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"


class Asked(BaseModel):
    run: str = Field(pattern=RUN, description="As `plan` gave it.")
    wait_s: float = Field(1.0, ge=0.1, le=50.0, description="How long to wait for the run to stop.")


class Status(BaseModel):
    """`state`: running, waiting (for an answer), done, failed or cancelled."""

    run: str
    thread: str
    graph: str
    state: str
    digest: str = ""
    summary: str = ""
    receipt: dict[str, Any] = {}
    failure: dict[str, Any] | None = None


@dataclass(frozen=True)
class Reader:
    front: Front

    @property
    def tool(self) -> Tool:
        return Tool(
            name="run_status",
            title="Status of a run",
            description="How a run stands: under way, waiting, done or failed; and its receipt.",
            input=Asked,
            output=Status,
            call=self._status,
            is_read_only=True,
            is_idempotent=True,
        )

    @property
    def resource(self) -> Resource:
        return Resource(
            uri="run://{run}",
            name="run",
            title="A run",
            description="How one run of yours stands.",
            read=self._text,
        )

    async def _status(self, caller: Caller, asked: Asked) -> Mapping[str, Any]:
        ticket = await self.front.runs.find(caller, asked.run)
        return await _stand(ticket, asked.wait_s)

    async def _text(self, caller: Caller, values: Mapping[str, str]) -> str:
        ticket = await self.front.runs.find(caller, values["run"])
        made = Status.model_validate(await _stand(ticket, 1.0))
        return orjson.dumps(made.model_dump(mode="json")).decode()


async def _stand(ticket: Ticket, wait_s: float) -> dict[str, Any]:
    known = {"run": ticket.run, "thread": ticket.thread, "graph": ticket.graph}
    try:
        async with asyncio.timeout(wait_s):
            outcome = await ticket.outcome()
    except TimeoutError:
        return {**known, "state": "running"}
    change = outcome.values.get("change") or {}
    return {
        **known,
        "state": outcome.state,
        "digest": change.get("digest", ""),
        "summary": change.get("summary", ""),
        "receipt": outcome.values.get("receipt") or {},
        "failure": problems.problem(outcome.problem) if outcome.problem else None,
    }
