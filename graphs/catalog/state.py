"""What is asked of the catalog, and what it answers. Plain data."""

from __future__ import annotations

from typing import Any, Literal, Required, TypedDict

Do = Literal["list", "search", "check", "metadata"]


class CatalogInput(TypedDict, total=False):
    """None is not given, as a form sends it."""

    do: Required[Do]
    path: str | None  # of a module, such as aws/networking/vpc
    version: str | None  # empty: the latest
    query: str | None  # words to search for
    kind: str | None  # a whole part of the path: provider, category or name
    inputs: dict[str, str] | None  # of a reference: name -> type, or an empty text
    outputs: dict[str, str] | None  # the same


class CatalogOutput(TypedDict, total=False):
    modules: list[dict[str, Any]]  # by browse
    total: int  # by browse: how many there are, shown or not
    module: dict[str, Any]  # by check and describe
    catalog: dict[str, Any]  # by each: name, version, digest, and its age where it is stale
    problem: dict[str, Any]  # by each: an expected failure, shown to the user


class CatalogState(CatalogInput, CatalogOutput, total=False):
    pass
