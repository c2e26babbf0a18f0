"""The bodies that clients send, as /openapi.json tells them.

Fields are closed: a field that is not here is refused, so that no option is lost without a word. A
field whose only value is null is one that clients know and this server refuses, for its description.
"""

from functools import cache
from types import NoneType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from core.http.agent.refusals import absent, option

StreamMode = Literal["values", "updates", "messages", "messages-tuple", "custom", "debug"]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9/][A-Za-z0-9/._@-]{0,199}$")]
Text = Annotated[str, Field(max_length=200)]


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("Input should be a number")  # Pydantic reads this as a finding
    return value


Limit = Annotated[int, BeforeValidator(_number), Field(ge=1, le=1000)]
Offset = Annotated[int, BeforeValidator(_number), Field(ge=0, le=1_000_000)]
NodeNames = Literal["*"] | list[Text] | None


def refused(why: str) -> Any:
    return Field(default=None, description=why, json_schema_extra=_empty)


def _empty(schema: dict[str, Any]) -> None:
    """What `absent` lets pass: clients that fill in every field leave this one empty in several ways."""
    schema.pop("type", None)
    schema["anyOf"] = [
        {"type": "null"},
        {"type": "object", "maxProperties": 0},
        {"type": "array", "maxItems": 0},
        {"type": "string", "maxLength": 0},
    ]


def _except(name: str, why: str, *values: str) -> BeforeValidator:
    """A better word than "input should be …" for what the interface has and this server has not."""

    def check(value: Any) -> Any:
        asked = value if isinstance(value, list) else [value]
        if hit := next((each for each in asked if isinstance(each, str) and each in values), None):
            raise option(name, f"{hit} {why}")
        return value

    return BeforeValidator(check)


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    within: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        known = _refusals(cls)
        for name in known.keys() & value.keys():
            if not absent(value[name]):
                raise option(cls.within + name, known[name])
        return {name: one for name, one in value.items() if name not in known}


@cache
def _refusals(body: type[Body]) -> dict[str, str]:
    fields = body.model_fields.items()
    return {name: field.description or "" for name, field in fields if field.annotation is NoneType}


class Command(Body):
    """`resume` answers the approval that the thread waits for."""

    within = "command."
    resume: dict[str, Any] | None = None
    update: None = refused("state is changed by runs only")
    goto: None = refused("the order of a graph's steps is fixed")
    graph: None = refused("there is no graph around this one")


class Checkpoint(Body):
    within = "checkpoint."
    thread_id: Id | None = None
    checkpoint_id: Text | None = None
    checkpoint_ns: None = refused("checkpoints of subgraphs are not served")
    checkpoint_map: None = refused("checkpoints of subgraphs are not served")


class Configurable(Checkpoint):
    """The allow-list of what a caller may configure: which thread, at which checkpoint."""

    within = "config.configurable."

    @model_validator(mode="before")
    @classmethod
    def _without_internals(cls, value: Any) -> Any:
        """RemoteGraph, used as a node, passes on its own graph's `__pregel_…` entries."""
        if not isinstance(value, dict):
            return value
        return {name: one for name, one in value.items() if not str(name).startswith("__pregel_")}


class Config(Body):
    configurable: Configurable | None = None
    metadata: dict[str, Any] | None = None
    recursion_limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    tags: list[Text] | None = None


_MODES = _except(
    "stream_mode",
    "is not streamed; values, updates, messages, messages-tuple, custom and debug are",
    "events", "tasks", "checkpoints", "tools", "lifecycle",
)  # fmt: skip
_STRATEGY = _except(
    "multitask_strategy", "would break off a run that may be publishing", "interrupt", "rollback"
)


class RunBody(Body):
    assistant_id: Name
    input: dict[str, Any] | None = None
    command: Command | None = None
    config: Config | None = None
    metadata: dict[str, Any] | None = None
    stream_mode: Annotated[StreamMode | list[StreamMode] | None, _MODES] = None
    stream_subgraphs: StrictBool | None = None
    stream_resumable: StrictBool | None = Field(default=None, description="Every stream can be joined again.")
    interrupt_before: NodeNames = None
    interrupt_after: NodeNames = None
    multitask_strategy: Annotated[Literal["reject", "enqueue"] | None, _STRATEGY] = None
    if_not_exists: Literal["create", "reject"] | None = None
    on_disconnect: Literal["cancel", "continue"] | None = None
    on_completion: Literal["delete", "keep"] | None = None
    checkpoint: Checkpoint | None = None
    checkpoint_id: Text | None = None
    durability: Literal["sync", "async", "exit"] | None = Field(
        default=None, description="Each step is kept before the next begins, so all three promises are kept."
    )
    checkpoint_during: StrictBool | None = Field(default=None, description="An older word for durability.")
    strict_resume: StrictBool | None = Field(
        default=None, description="An answer that nobody waits for is always refused."
    )
    context: None = refused("the graphs take no context from a caller")
    webhook: None = refused("nobody is called back yet; join the run or stream it")
    after_seconds: None = refused("runs begin at once")
    feedback_keys: None = refused("no feedback addresses are made")
    langsmith_tracer: None = refused("traces go where the operator sends them")


class BatchBody(RunBody):
    @model_validator(mode="before")
    @classmethod
    def _said_twice(cls, value: Any) -> Any:
        """The JavaScript client names the assistant in both spellings, in a batch only."""
        if isinstance(value, dict) and value.get("assistantId") == value.get("assistant_id"):
            return {name: one for name, one in value.items() if name != "assistantId"}
        return value


Batch = Annotated[list[BatchBody], Field(min_length=1, max_length=100)]


class ThreadCreate(Body):
    thread_id: Id | None = None
    metadata: dict[str, Any] | None = None
    if_exists: Literal["raise", "do_nothing"] | None = None
    ttl: None = refused("threads stay until they are deleted")
    supersteps: None = refused("state is changed by runs only")


class ThreadPatch(Body):
    metadata: dict[str, Any] | None = None
    ttl: None = refused("threads stay until they are deleted")


class ThreadFilter(Body):
    metadata: dict[str, Any] | None = None
    status: Literal["idle", "busy", "interrupted", "error"] | None = None
    values: None = refused("threads are found by metadata and status")


class ThreadSearch(ThreadFilter):
    ids: list[Id] | None = None
    limit: Limit | None = None
    offset: Offset | None = None
    sort_by: Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: (
        list[
            Literal[
                "thread_id", "created_at", "updated_at", "state_updated_at", "metadata", "config", "status",
                "values", "interrupts",
            ]
        ]
        | None
    ) = None  # fmt: skip
    extract: None = refused("read the thread's state instead")


class StateAt(Body):
    checkpoint: Checkpoint
    subgraphs: StrictBool | None = None
    select: None = refused("a state is given whole")


class Before(Body):
    within = "before."
    configurable: Checkpoint


class HistoryBody(Body):
    limit: Limit | None = None
    before: Text | Before | Checkpoint | None = None
    checkpoint: Checkpoint | None = None
    metadata: None = refused("a history is read from its end, not searched")
    select: None = refused("a state is given whole")


class AssistantFilter(Body):
    graph_id: Text | None = None
    name: Text | None = None
    metadata: dict[str, Any] | None = None


class AssistantSearch(AssistantFilter):
    limit: Limit | None = None
    offset: Offset | None = None
    sort_by: Literal["assistant_id", "graph_id", "name", "created_at", "updated_at"] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: (
        list[
            Literal[
                "assistant_id", "graph_id", "name", "description", "config", "context", "created_at",
                "updated_at", "metadata", "version",
            ]
        ]
        | None
    ) = None  # fmt: skip


class CancelBody(Body):
    thread_id: Id
    run_ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    status: None = refused("name the runs by `run_ids`")
