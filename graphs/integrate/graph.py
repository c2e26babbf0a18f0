"""The order of the steps of `integrate`: prepare, ask, publish."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.integrate import nodes
from graphs.integrate.deps import Deps
from graphs.integrate.state import IntegrateInput, IntegrateState

Graph = CompiledStateGraph[IntegrateState, Deps, IntegrateInput, IntegrateState]


def build(checkpointer: Any = None) -> Graph:
    """`checkpointer` keeps what must survive a crash; None for a drawing."""
    graph = StateGraph(IntegrateState, context_schema=Deps, input_schema=IntegrateInput)
    for node in (*nodes.PREPARE, nodes.approve, nodes.publish):
        graph.add_node(node.__name__, node)  # type: ignore[call-overload]  # a node takes state and runtime
    graph.add_edge(START, "parse")
    graph.add_conditional_edges("parse", nodes.after_step, {"go on": "describe", "stop": END})
    graph.add_conditional_edges("describe", nodes.after_step, {"go on": "generate", "stop": END})
    graph.add_conditional_edges("generate", nodes.after_step, {"go on": "render", "stop": END})
    graph.add_conditional_edges("render", nodes.after_step, {"go on": "validate", "stop": END})
    graph.add_conditional_edges("validate", nodes.after_step, {"go on": "plan", "stop": END})
    graph.add_conditional_edges("plan", nodes.after_plan, {"approve": "approve", "stop": END})
    graph.add_conditional_edges(
        "approve", nodes.after_approval, {"publish": "publish", "describe": "describe", "stop": END}
    )
    graph.add_edge("publish", END)
    return graph.compile(checkpointer=checkpointer, name="integrate")
