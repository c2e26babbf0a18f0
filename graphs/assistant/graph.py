"""The agent: LangChain's loop of a model and its tools, within our rails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent

from graphs.assistant import rails, tools
from graphs.assistant.state import AssistantState, Deps

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.graph.state import CompiledStateGraph

STEPS = 150
"""More than the rails let a turn have: they end it in words first."""


def build(model: BaseChatModel, saver: Any = None) -> CompiledStateGraph[Any, Deps, Any, Any]:
    return create_agent(
        model,
        tools.tools(),
        middleware=rails.middleware(),
        state_schema=AssistantState,
        context_schema=Deps,
        checkpointer=saver,
        name="assistant",
    )
