"""Find modules by words and by kind. The same question always gives the same order."""

from __future__ import annotations

from .index import Index, Module


def search(index: Index, query: str = "", *, kind: str = "", limit: int = 50) -> tuple[Module, ...]:
    """Modules that have every word of the query in path or description, the closest first.

    `kind` is a whole part of the path: a provider, a category or a name (`aws`, `networking`, `vpc`).
    """
    words = query.casefold().split()
    ranked = [
        (rank, module.path, module)
        for module in index.modules.values()
        if (not kind or kind.casefold() in module.path.split("/"))
        and (rank := _rank(module, words)) is not None
    ]
    return tuple(module for _, _, module in sorted(ranked, key=lambda each: each[:2])[:limit])


def _rank(module: Module, words: list[str]) -> int | None:
    """0 for a hit in whole parts of the path, more for hits elsewhere, None where a word is missing."""
    parts, told = module.path.split("/"), module.description.casefold()
    total = 0
    for word in words:
        if word in parts:
            continue
        if word in module.path:
            total += 1
        elif word in told:
            total += 10
        else:
            return None
    return total
