"""Five steps that do next to nothing: what is left is what a server costs. The peers load it by its path."""

from __future__ import annotations

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

STEPS = ("one", "two", "three", "four", "five")


class State(TypedDict):
    text: str
    seen: list[str]


def _step(name: str) -> Any:
    async def node(state: State) -> dict[str, Any]:
        return {"seen": [*state["seen"], name]}

    return node


def build() -> Any:
    made = StateGraph(State)
    for name in STEPS:
        made.add_node(name, _step(name))
    for before, after in zip([START, *STEPS], [*STEPS, END], strict=True):
        made.add_edge(before, after)
    return made.compile(name="five")


graph = build()
