"""The sets: one case a line, what is asked and what has to come of it. Reads files; runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import Invalid

HERE = Path(__file__).resolve().parent
SETS = ("integrate", "assistant", "catalog")
Place = Literal["title", "description", "summary", "schema"]


class CaseInvalid(Invalid):
    """A line of a set is no case."""

    code = "AW385"
    fix = "Compare the line with docs/evals.md, section Cases."


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Decision(_Closed):
    """A person's answer to the question that is open."""

    decision: Literal["approve", "reject"]


class Call(_Closed):
    name: str
    args: Mapping[str, Any] = Field(default_factory=dict)


class Scripted(_Closed):
    """What a model says that is none of ours: how far it gets is what such a case measures."""

    content: str = ""
    calls: Sequence[Call] = ()


class Expected(_Closed):
    """What has to come of it. What is left out is not looked at."""

    outcome: Literal["done", "waiting", "failed"]
    tools: Sequence[Call] | None = None
    code: str = Field("", description="Of the problem, or of the failure that a tool told.")
    modules: Sequence[str] | None = Field(None, description="`path@version`, as the catalog confirmed them.")
    reply: Sequence[str] = Field((), description="Words that the last reply holds.")
    unsaid: Sequence[str] = Field((), description="Words that are nowhere.")
    commits: int = Field(0, ge=0)
    steps: int = Field(1000, ge=1, description="At most so many answers of the model and results of tools.")


class Case(_Closed):
    """`input` is asked of the graph that the set is named after, `messages` of the assistant."""

    id: str = Field(pattern=r"^[a-z]+-[a-z0-9-]+$")
    input: Mapping[str, Any] | None = None
    messages: Sequence[str | Decision] = ()
    scripted: Sequence[Scripted] = ()
    inject: str = Field("", description="Put into the documents at `where`.")
    where: Place = "description"
    expected: Expected
    tags: Sequence[str] = ()

    @model_validator(mode="after")
    def _asks_once(self) -> Case:
        if (self.input is None) == (not self.messages):
            raise ValueError("a case has either an input or messages")
        return self

    @property
    def group(self) -> str:
        return self.id.partition("-")[0]

    @property
    def is_adversarial(self) -> bool:
        return "adversarial" in self.tags


def load(name: str, folder: Path = HERE / "datasets") -> tuple[Case, ...]:
    """The cases of one set, in the order of its lines."""
    path = folder / f"{name}.jsonl"
    made: list[Case] = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            made.append(_case(line, f"{path.name}:{number}"))
            _placed(made, name, f"{path.name}:{number}")
    return tuple(made)


def _case(line: bytes, place: str) -> Case:
    try:
        return Case.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise CaseInvalid(f"The line is no JSON: {error}.", place=place) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(step) for step in first["loc"])
        raise CaseInvalid(f"{where}: {first['msg']}.", place=place) from error


def _placed(made: Sequence[Case], name: str, place: str) -> None:
    last = made[-1]
    if last.group != name:
        raise CaseInvalid(f"{last.id} does not begin with the set's name, {name}.", place=place)
    if any(each.id == last.id for each in made[:-1]):
        raise CaseInvalid(f"There are two cases {last.id}.", place=place)
