"""Where a long way through the schemas is cut, so that Pydantic can build each class.

Pydantic builds a class together with all it refers to, one Python call in another: some 30 classes
in a row end in a RecursionError. A reference that is cut is followed when a value arrives.
"""

from __future__ import annotations

from collections.abc import Iterator

from .table import Entry, references

LONGEST = 24
_CLUSTER = 12
_FAR = 200
Graph = dict[str, list[str]]


def graph_of(entries: dict[str, Entry]) -> Graph:
    """What each entry refers to, its base first."""
    return {
        name: list(dict.fromkeys([*([e.base] if e.base else []), *references(e.schema)]))
        for name, e in entries.items()
    }


def order(graph: Graph, cut: set[tuple[str, str]]) -> dict[str, int]:
    """Each class after what it refers to, with how many classes Pydantic puts into its schema.

    Built in this order a class takes over what is built already: three times faster.
    """
    left = {a: [b for b in targets if (a, b) not in cut] for a, targets in graph.items()}
    return {name: _reach(name, left) for circle in circles(left) for name in circle}


def _reach(name: str, graph: Graph) -> int:
    seen, waiting = {name}, [name]
    while waiting and len(seen) < _FAR:
        new = [each for each in graph[waiting.pop()] if each not in seen]
        seen.update(new)
        waiting += new
    return len(seen)


def find(graph: Graph, entries: dict[str, Entry]) -> set[tuple[str, str]]:
    """(from, to) for each reference to cut; none in nearly every document."""
    found: set[tuple[str, str]] = set()
    height: dict[str, int] = {}
    for circle in circles(graph):
        for cluster in _clusters(circle, graph):
            inside = set(cluster)
            cut = {
                (a, b) for a in cluster for b in graph[a] if b not in inside and _is_far(b, height, inside)
            }
            cut = {edge for edge in cut if not _is_fixed(entries, edge)}
            found |= cut
            below = [
                height.get(b, 0) for a in cluster for b in graph[a] if b not in inside and (a, b) not in cut
            ]
            top = len(cluster) if len(cluster) <= _CLUSTER else 1
            for name in cluster:
                height[name] = top + max(below, default=0)
    return found


def _is_far(name: str, height: dict[str, int], inside: set[str]) -> bool:
    """A class that is not settled yet belongs to the same circle and another cluster."""
    return name not in height or height[name] + len(inside) > LONGEST


def _is_fixed(entries: dict[str, Entry], edge: tuple[str, str]) -> bool:
    """A base cannot be cut, nor what another generator writes."""
    owner, target = (entries[name] for name in edge)
    return owner.composed or owner.base == target.name or "$ref" in owner.schema


def _clusters(circle: list[str], graph: Graph) -> Iterator[list[str]]:
    """A circle in parts that are small enough; a circle that is not long stays whole."""
    if len(circle) <= _CLUSTER or _way(circle, graph) <= LONGEST:
        yield circle
        return
    for start in range(0, len(circle), _CLUSTER):
        yield circle[start : start + _CLUSTER]


def _way(circle: list[str], graph: Graph) -> int:
    """How many classes deep Pydantic goes, whichever class of the circle it is asked for first."""
    inside, longest = set(circle), 0
    for root in circle[:_CLUSTER]:
        seen, path = {root}, [iter(graph[root])]
        while path:
            step = next((n for n in path[-1] if n in inside and n not in seen), None)
            if step is None:
                path.pop()
            else:
                seen.add(step)
                path.append(iter(graph[step]))
                longest = max(longest, len(path))
    return longest


def circles(graph: Graph) -> Iterator[list[str]]:
    """Tarjan's strongly connected parts without recursion, each after what it refers to."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    open_: set[str] = set()
    for root in graph:
        path: list[tuple[str, Iterator[str]]] = []
        _enter(root, index, low, stack, open_, path, graph)
        while path:
            name, steps = path[-1]
            step = next(steps, None)
            if step is not None:
                if step in open_:
                    low[name] = min(low[name], index[step])
                _enter(step, index, low, stack, open_, path, graph)
                continue
            path.pop()
            if path:
                low[path[-1][0]] = min(low[path[-1][0]], low[name])
            if low[name] == index[name]:
                yield _close(name, stack, open_)


def _enter(  # noqa: PLR0917  # the state of one walk
    name: str,
    index: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    open_: set[str],
    path: list[tuple[str, Iterator[str]]],
    graph: Graph,
) -> None:
    if name in index:
        return
    index[name] = low[name] = len(index)
    stack.append(name)
    open_.add(name)
    path.append((name, iter(graph[name])))


def _close(name: str, stack: list[str], open_: set[str]) -> list[str]:
    at = stack.index(name) if len(stack) < 64 else len(stack) - 1 - stack[::-1].index(name)
    found = stack[at:]
    del stack[at:]
    open_.difference_update(found)
    return found
