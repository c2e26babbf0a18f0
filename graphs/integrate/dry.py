"""The steps up to the plan, without a graph: what `plan`, `diff` and `--dry-run` do.

Nothing is written outside; LangGraph is not imported, which is most of a small document's time.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, cast

from graphs.integrate import nodes, places
from graphs.integrate.deps import Deps, Direct
from graphs.integrate.state import IntegrateInput, IntegrateState


def run(given: IntegrateInput, deps: Deps) -> IntegrateState:
    """The state after `plan`, or after the step that met the `problem`."""
    state: dict[str, Any] = dict(given)
    for node in nodes.PREPARE:
        # A node asks its runtime for `context` alone.
        state |= node(cast("IntegrateState", state), cast("Any", Direct(deps)))
        if state.get("problem"):
            break
    return cast("IntegrateState", state)


class Memo:
    """What the pure steps made of an input, by its build key: an unchanged input is not read again."""

    def __init__(self, size: int = 256) -> None:
        self._kept: OrderedDict[str, IntegrateState] = OrderedDict()
        self._size = size

    def run(self, given: IntegrateInput, deps: Deps) -> IntegrateState:
        """`dry.run`, or its earlier answer where the same input met the same head of the branch."""
        kept = self._kept.get(given["key"])
        if kept is not None and _head(kept, deps) == kept["change"]["base_commit"]:
            self._kept.move_to_end(given["key"])
            return kept
        state = run(given, deps)
        if not state.get("problem"):
            self._kept[given["key"]] = state
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return state


def _head(state: IntegrateState, deps: Deps) -> str:
    return deps.remote(places.named(state)).tip(state["descriptor"]["git"]["branch"]) or ""
