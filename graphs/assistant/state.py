"""What a conversation knows, and what its steps are given."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, NotRequired

from langchain.agents.middleware.types import AgentState

from core.http.front import Caller

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from core.prompts import Prompt
    from graphs.assistant.desk import Desk

Named = Annotated[dict[str, Any], operator.or_]
"""By handle. Several tools may write in one step, each under a handle of its own."""


class AssistantState(AgentState[Any]):
    """The messages, and what the handles in them stand for."""

    turn: NotRequired[str]
    """The run that works on the conversation, or did last."""
    specs: NotRequired[Named]
    """`{"blob": digest}` or `{"url": address}`, from what the person wrote."""
    plans: NotRequired[Named]
    """`{"run", "digest", "question"}`, by the tool that plans."""
    runs: NotRequired[Named]
    """`{"run": id}`, from what the person wrote."""


@dataclass(frozen=True)
class Deps:
    """`approved` are the digests a person said yes to in this run, each with who it was."""

    caller: Caller
    desk: Desk
    prompt: Prompt
    model: BaseChatModel | None = None
    """This tenant's own, where the one the agent was built with is everybody's."""
    trace: str = ""
    approved: Mapping[str, str] = field(default_factory=dict)


Reads = Callable[[str], str | None]
"""The text of a file of this machine, None for what is no file; only where the person sits at it."""
