"""What the renderer is told besides the module: facts of the spec, the files made so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Invalid
from tools.manifests.fields import Remote


class ContextInvalid(Invalid):
    """The renderer was called with facts of a wrong form."""

    code = "AW331"
    fix = "This is a fault of the caller, not of your files; please report it."


class Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spec(Facts):
    title: str = ""
    description: str = ""
    version: str = ""
    digest: str = Field(default="", pattern=r"^([a-z0-9]+:)?[0-9a-f]*$", max_length=160)


class Operation(BaseModel):
    """An operation as the spec's reader describes it; only these two facts count."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    method: str = "GET"
    path: str


Digest = Annotated[str, Field(max_length=200)]


class Context(Facts):
    """What `render` is told; every part may be left out."""

    spec: Spec = Spec()
    health: tuple[Operation, ...] = Field(default=(), description="The spec's health operations.")
    servers: tuple[str, ...] = Field(
        default=(), description="The spec's servers; the first one's path counts."
    )
    openapi: str = Field(
        default="", description="Text of apps/<module>/openapi.yaml; none is written if empty."
    )
    models: dict[str, str] = Field(
        default_factory=dict, description="Path under apps/<module>/models → text."
    )
    repository: Remote | None = Field(default=None, description="Used where the module names no remote.")
    project: str | None = Field(default=None, description="The tenant's project file as it stands, if any.")
    tool: str = Field(default="0", max_length=100)
    digests: dict[str, Digest] = Field(default_factory=dict, description="More digests for autoweave.lock.")
    beside: tuple[str, ...] = Field(default=(), description="Paths the caller adds to the bundle.")
    templates: dict[str, str] | None = Field(default=None, description="Instead of the product's own.")


def context(data: Mapping[str, Any]) -> Context:
    try:
        return Context.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ContextInvalid(f"{place}: {first['msg']}", place=place) from error


_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff]+"
)


def line(text: str, limit: int) -> str:
    """One line of visible text: what a title or a description of a spec may become."""
    visible = re.sub(r"\s+", " ", _INVISIBLE.sub(" ", text[: limit * 4])).strip()
    return visible if len(visible) <= limit else f"{visible[: limit - 1].rstrip()}…"
