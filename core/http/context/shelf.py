"""What may be offered over the Model Context Protocol, and what may be wrong with asking for it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from core.errors import Invalid, NotFound
from core.http.front import Caller

_VARIABLE = re.compile(r"\{([a-z_]+)\}")
# One path segment of a URI: no slash, no dots that climb, nothing that needs decoding.
_VALUE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"


class NotOffered(NotFound):
    """No tool, resource or prompt of this name is offered."""

    code = "AW965"
    fix = "List what is offered, and use a name from the list."


class ArgumentsInvalid(Invalid):
    """The arguments do not fit the schema of the tool, or the prompt lacks one."""

    code = "AW966"
    fix = "Read the schema that the list gives; names that it does not have are refused."


@dataclass(frozen=True)
class Tool:
    """One thing a model may do. `call` gets the caller and a validated `input`.

    What it returns must fit `output`; an `AppError` is shown to the model with its next step.
    """

    name: str
    title: str
    description: str
    input: type[BaseModel]
    output: type[BaseModel]
    call: Callable[[Caller, Any], Awaitable[Mapping[str, Any]]]
    is_read_only: bool = False
    is_destructive: bool = False
    is_idempotent: bool = False
    is_open_world: bool = False
    """It reaches beyond this server, such as to a URL that was named."""


@dataclass(frozen=True)
class Resource:
    """A text with an address. `{names}` in the address are variables, each one plain segment."""

    uri: str
    name: str
    title: str
    description: str
    read: Callable[[Caller, Mapping[str, str]], Awaitable[str]]
    mime: str = "application/json"

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(_VARIABLE.findall(self.uri))

    def match(self, uri: str) -> dict[str, str] | None:
        """The variables' values where the address is this one."""
        parts = _VARIABLE.split(self.uri)  # text, name, text, name, …, text
        pattern = "".join(
            f"(?P<{part}>{_VALUE})" if at % 2 else re.escape(part) for at, part in enumerate(parts)
        )
        found = re.fullmatch(pattern, uri)
        return found.groupdict() if found else None


@dataclass(frozen=True)
class Prompt:
    """A request ready to be made; `arguments` maps names to what they mean, all of them required."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, str]
    fill: Callable[[Mapping[str, str]], str]


@dataclass(frozen=True)
class Shelf:
    """All that one server offers."""

    name: str
    version: str
    instructions: str = ""
    tools: tuple[Tool, ...] = ()
    resources: tuple[Resource, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    _by_name: dict[str, Tool] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {tool.name: tool for tool in self.tools})
        assert len(self._by_name) == len(self.tools), "two tools have one name"

    def tool(self, name: str) -> Tool:
        try:
            return self._by_name[name]
        except KeyError:
            raise NotOffered("There is no tool of that name.", known=sorted(self._by_name)) from None

    def find(self, uri: str) -> tuple[Resource, dict[str, str]]:
        for resource in self.resources:
            if (values := resource.match(uri)) is not None:
                return resource, values
        raise NotOffered("There is no resource of that address.")

    def prompt(self, name: str, arguments: Mapping[str, str]) -> str:
        prompt = next((each for each in self.prompts if each.name == name), None)
        if prompt is None:
            raise NotOffered("There is no prompt of that name.")
        if missing := sorted(prompt.arguments.keys() - arguments.keys()):
            raise ArgumentsInvalid(f"The prompt needs {', '.join(missing)}.")
        return prompt.fill({each: arguments[each] for each in prompt.arguments})
