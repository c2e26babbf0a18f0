"""One question, one answer: `catalog` reads and ends."""

from __future__ import annotations

import functools
import time
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.catalog import nodes
from graphs.catalog.shelf import EXAMPLE, Shelf
from graphs.catalog.state import CatalogInput, CatalogOutput, CatalogState
from tools import catalog

Graph = CompiledStateGraph[CatalogState, None, CatalogInput, CatalogOutput]


def build(shelf: Shelf | None = None) -> Graph:
    """Without a shelf it asks the example catalog. Nothing is read before the first question."""
    asked = shelf or Shelf(catalog.Folder(EXAMPLE), now=time.monotonic)
    graph = StateGraph(CatalogState, input_schema=CatalogInput, output_schema=CatalogOutput)
    for node in (nodes.browse, nodes.check, nodes.describe):
        bound: Any = functools.partial(node, shelf=asked)
        graph.add_node(node.__name__, bound)
        graph.add_edge(node.__name__, END)
    graph.add_node("refuse", nodes.refuse)
    graph.add_edge("refuse", END)
    graph.add_conditional_edges(START, nodes.chosen)
    return graph.compile(name="catalog")
