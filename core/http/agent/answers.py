"""The answers, as /openapi.json tells them. They are written by `wire`, not by these models: a state
may be megabytes, and is encoded once."""

from typing import Any, Literal

from pydantic import BaseModel

Pointer = dict[str, str | None]


class Interrupt(BaseModel):
    id: str
    value: Any


class Assistant(BaseModel):
    """With `select`, only the fields that were asked for."""

    assistant_id: str = ""
    graph_id: str = ""
    name: str = ""
    description: str | None = None
    config: dict[str, Any] = {}
    context: dict[str, Any] = {}
    created_at: str = ""
    updated_at: str = ""
    metadata: dict[str, Any] = {}
    version: int = 1


class Schemas(BaseModel):
    graph_id: str
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any] | None
    state_schema: dict[str, Any] | None
    config_schema: dict[str, Any] | None
    context_schema: dict[str, Any] | None


class Drawing(BaseModel):
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]


class Thread(BaseModel):
    """With `select`, only the fields that were asked for."""

    thread_id: str = ""
    created_at: str = ""
    updated_at: str = ""
    state_updated_at: str = ""
    metadata: dict[str, Any] = {}
    config: dict[str, Any] = {}
    status: Literal["idle", "busy", "interrupted", "error"] = "idle"
    values: dict[str, Any] | None = None
    interrupts: dict[str, list[Interrupt]] = {}


class State(BaseModel):
    values: dict[str, Any]
    next: list[str]
    tasks: list[dict[str, Any]]
    metadata: dict[str, Any]
    created_at: str | None
    checkpoint: Pointer
    parent_checkpoint: Pointer | None
    interrupts: list[Interrupt]


class Run(BaseModel):
    run_id: str
    thread_id: str
    assistant_id: str
    status: Literal["pending", "running", "error", "success", "interrupted"]
    metadata: dict[str, Any]


class Info(BaseModel):
    version: str
    langgraph_py_version: str
    flags: dict[str, bool]


class Ok(BaseModel):
    ok: bool
