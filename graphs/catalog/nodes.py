"""One node for each question. A node reads; an expected failure becomes the state's `problem`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from core.errors import AppError, Invalid
from graphs.catalog.shelf import Shelf
from graphs.catalog.state import CatalogOutput, CatalogState
from tools import catalog

SHOWN = 200
LONGEST = 2_000

Question = Callable[[catalog.Index], CatalogOutput]


class AskIncomplete(Invalid):
    """The question lacks what it is about, or is none of those that can be asked."""

    code = "AW375"
    fix = 'Ask {"do": "list"}, or search with `query`, or check and metadata with `path`.'


def chosen(state: CatalogState) -> Literal["browse", "check", "describe", "refuse"]:
    do = state.get("do")
    if not _is_plain(state):
        return "refuse"
    if do in {"list", "search"}:
        return "browse"
    if not state.get("path"):
        return "refuse"
    if do == "check":
        return "check"
    return "describe" if do == "metadata" else "refuse"


async def browse(state: CatalogState, shelf: Shelf) -> CatalogOutput:
    words = (state.get("query") or "") if state["do"] == "search" else ""

    def question(index: catalog.Index) -> CatalogOutput:
        found = catalog.search(index, words, kind=state.get("kind") or "", limit=catalog.MODULES)
        return {"modules": [each.to_dict() for each in found[:SHOWN]], "total": len(found)}

    return await _asked(shelf, question)


async def check(state: CatalogState, shelf: Shelf) -> CatalogOutput:
    def question(index: catalog.Index) -> CatalogOutput:
        hit = catalog.check(index, state["path"] or "", state.get("version") or "")
        inputs, outputs = state.get("inputs"), state.get("outputs")
        if inputs is not None or outputs is not None:
            catalog.fits(catalog.metadata(index, hit.path, hit.version), inputs=inputs, outputs=outputs)
        return {"module": hit.to_dict()}

    return await _asked(shelf, question)


async def describe(state: CatalogState, shelf: Shelf) -> CatalogOutput:
    def question(index: catalog.Index) -> CatalogOutput:
        return {"module": catalog.metadata(index, state["path"] or "", state.get("version") or "").to_dict()}

    return await _asked(shelf, question)


async def refuse(state: CatalogState) -> CatalogOutput:
    if not _is_plain(state):
        return {"problem": AskIncomplete("A field is no text, or is longer than any name is.").to_dict()}
    if state.get("do") in {"check", "metadata"}:
        return {"problem": AskIncomplete("A module's `path` is missing.", place="/path").to_dict()}
    return {"problem": AskIncomplete("`do` names no question.", place="/do").to_dict()}


def _is_plain(state: CatalogState) -> bool:
    """Not every way in checks the types of what comes in."""
    words: list[Any] = [state.get("path"), state.get("version"), state.get("query"), state.get("kind")]
    given: list[Any] = [state.get("inputs"), state.get("outputs")]
    for fields in given:
        if fields is not None and not isinstance(fields, dict):
            return False
        words += [word for pair in (fields or {}).items() for word in pair]
    return all(word is None or (isinstance(word, str) and len(word) <= LONGEST) for word in words)


async def _asked(shelf: Shelf, question: Question) -> CatalogOutput:
    try:
        answer, copy = await asyncio.to_thread(shelf.ask, question)
    except AppError as error:
        return {"problem": error.to_dict()}
    found: dict[str, Any] = {**answer, "catalog": copy.to_dict()}
    return found  # type: ignore[return-value]  # a TypedDict cannot be spread into another
