"""What a client may send: LangServe's request bodies, of which only the harmless part is read."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import pydantic
from pydantic import BaseModel, Field, StringConstraints
from starlette.requests import Request

from core.errors import Invalid, TooLarge
from core.http import scope as scopes

INPUTS_AT_MOST = 100
_CLIENTS_OWN_LIMIT = 25
"""LangChain's clients send their default with every call: it says nothing about what they want."""
_LIMIT_AT_MOST = 1_000

Body = TypeVar("Body", bound=BaseModel)
Tag = Annotated[str, StringConstraints(max_length=200)]
ThreadId = Annotated[str, StringConstraints(max_length=255, pattern=r"^[A-Za-z0-9._:@-]*$")]


class BodyInvalid(Invalid):
    """The body is not what LangServe's clients send."""

    code = "AW960"
    fix = 'Send {"input": …, "config": {…}} as JSON; the route\'s input_schema tells what the input holds.'


class BatchTooLarge(TooLarge):
    code = "AW962"
    fix = f"Send at most {INPUTS_AT_MOST} inputs in one batch."


class CheckpointRefused(Invalid):
    """A run here goes on where its thread stands."""

    code = "AW963"
    fix = "Leave checkpoint_id out, or fork the thread through POST /threads/{id}/runs."


class Configurable(BaseModel):
    """Everything else that may stand here is ignored: no client configures a graph's insides."""

    thread_id: ThreadId | None = None
    checkpoint_id: str | None = None
    checkpoint_ns: str | None = None


class Config(BaseModel):
    """The part of LangChain's RunnableConfig that a client decides; the rest is ignored."""

    configurable: Configurable | None = None
    recursion_limit: Annotated[int, Field(ge=1)] | None = None
    tags: Annotated[list[Tag], Field(max_length=50)] | None = None
    metadata: dict[str, Any] | None = None

    @property
    def thread(self) -> str:
        return (self.configurable and self.configurable.thread_id) or ""

    @property
    def limit(self) -> int:
        asked = self.recursion_limit or _CLIENTS_OWN_LIMIT
        return 0 if asked == _CLIENTS_OWN_LIMIT else min(asked, _LIMIT_AT_MOST)

    @property
    def notes(self) -> dict[str, Any]:
        given = (self.metadata or {}).items()
        own = {name: value for name, value in given if name != "graph_id" and not name.startswith("__")}
        return {**own, "tags": list(self.tags)} if self.tags else own

    def check(self) -> Config:
        inner = self.configurable
        # A graph that calls us as a node sends its own inner checkpoint, with its namespace.
        if inner and inner.checkpoint_id and not inner.checkpoint_ns:
            raise CheckpointRefused(
                "A run cannot start at an older checkpoint here.", place="/config/configurable/checkpoint_id"
            )
        return self


class Run(BaseModel):
    """invoke, stream and stream_log."""

    input: Any
    config: Config | None = None
    kwargs: Any = Field(default=None, description="Ignored, as LangServe does.")


class Watch(Run):
    """stream_events: which events to send. Excluding wins."""

    include_names: list[str] | None = None
    include_types: list[str] | None = None
    include_tags: list[str] | None = None
    exclude_names: list[str] | None = None
    exclude_types: list[str] | None = None
    exclude_tags: list[str] | None = None


class Batch(BaseModel):
    """One configuration for all inputs, or one for each; none, as npm's client says it, is an empty list."""

    inputs: list[Any]
    config: Config | list[Config] | None = None
    kwargs: Any = Field(default=None, description="Ignored, as LangServe does.")

    def configs(self) -> list[Config]:
        if len(self.inputs) > INPUTS_AT_MOST:
            raise BatchTooLarge(f"{len(self.inputs)} inputs came in one batch.", place="/inputs")
        if isinstance(self.config, Config):
            return [self.config] * len(self.inputs)
        if not self.config:
            return [Config()] * len(self.inputs)
        if len(self.config) != len(self.inputs):
            raise BodyInvalid(
                f"{len(self.config)} configurations came for {len(self.inputs)} inputs.", place="/config"
            )
        return self.config


class Decision(BaseModel, extra="allow"):
    """LangChain's: `edit` brings `edited_action`, `reject` perhaps a `message`. None is the default."""

    type: Literal["approve", "edit", "reject"]
    message: str = ""


class Answer(BaseModel, extra="allow"):
    decisions: list[Decision] = Field(default=[], max_length=100)

    def plain(self) -> dict[str, Any]:
        """As LangChain's middleware reads it; empty where nothing was decided."""
        made: dict[str, Any] = dict(self.model_extra or {})
        if self.decisions:
            made["decisions"] = [_decided(each) for each in self.decisions]
        return made


def _decided(decision: Decision) -> dict[str, Any]:
    return decision.model_dump(mode="json", exclude=None if decision.message else {"message"})


async def read(model: type[Body], request: Request) -> Body:
    """The body, checked; the limits before us have parsed it already, where they stand before us."""
    try:
        if scopes.JSON in request.scope:
            return model.model_validate(scopes.parsed(request.scope))
        return model.model_validate_json(await request.body() or b"null")
    except pydantic.ValidationError as error:
        raise refusal(error) from error


def refusal(error: pydantic.ValidationError, place: str = "") -> BodyInvalid:
    """Where it is wrong and why, without what was sent: that may be a secret."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    errors = [{"place": place + _pointer(each["loc"]), "message": each["msg"]} for each in found[:20]]
    first = errors[0]
    return BodyInvalid(f"{first['message']}.", place=first["place"], errors=errors)


def _pointer(steps: tuple[int | str, ...]) -> str:
    return "".join(f"/{escaped(str(step))}" for step in steps)


def escaped(step: str) -> str:
    """One step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")
