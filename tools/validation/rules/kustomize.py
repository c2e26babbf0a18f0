"""Kustomizations and the files they name. Nothing outside the set is ever fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from tools.validation.files import joined
from tools.validation.rules.model import SetRule, View, Whole, listed, mappings

Found = Iterator[tuple[View, str, str]]

_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_REMOTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|git@|github\.com/|//|/")
_LISTS = ("resources", "components", "crds", "patchesStrategicMerge", "transformers", "generators")


def _kustomizations(whole: Whole) -> Iterator[View]:
    return (view for view in whole.views if view.document.role == "kustomization")


def _references(view: View) -> Iterator[tuple[str, str]]:
    """Every path a kustomization names, with its place."""
    for field in _LISTS:
        yield from _names(view.value.get(field), f"/{field}")
    for field in ("patches", "patchesJson6902", "replacements"):
        for place, patch in mappings(view.value.get(field), f"/{field}"):
            if isinstance(patch.get("path"), str):
                yield f"{place}/path", patch["path"]
    for field in ("configMapGenerator", "secretGenerator"):
        for place, source in mappings(view.value.get(field), f"/{field}"):
            yield from _sources(source, place)


def _sources(source: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for field in ("files", "envs"):
        for spot, name in _names(source.get(field), f"{place}/{field}"):
            yield spot, name.rpartition("=")[2]


def _names(value: Any, place: str) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(listed(value)):
        if isinstance(name, str) and "\n" not in name:
            yield f"{place}/{index}", name


def _target(view: View, name: str, paths: frozenset[str]) -> str:
    """The file of the set that a name stands for: a file, or the kustomization of a folder; "" if none."""
    path = joined(PurePosixPath(view.document.file).parent, name)
    candidates = [path, *(f"{path}/{kustomization}".lstrip("/") for kustomization in _NAMES)]
    return next((candidate for candidate in candidates if candidate in paths), "")


def resources(whole: Whole) -> Found:
    for view in _kustomizations(whole):
        for place, name in _references(view):
            if _REMOTE.match(name):
                yield view, place, f"`{name}` is outside the set; nothing is fetched."
            elif not _target(view, name, whole.paths):
                yield view, place, f"`{name}` is not among the files."


def roots(whole: Whole) -> list[str]:
    """The folders that no other kustomization builds upon: what is deployed."""
    found = {view.document.file for view in _kustomizations(whole)}
    for view in _kustomizations(whole):
        found -= {_target(view, name, whole.paths) for _, name in _references(view)}
    return sorted(file.rpartition("/")[0] for file in found)


def leaves_the_set(whole: Whole) -> bool:
    """Whether a kustomization names something that would have to be fetched."""
    return any(_REMOTE.match(name) for view in _kustomizations(whole) for _, name in _references(view))


def strays(whole: Whole) -> Found:
    """A manifest beside a kustomization that nobody names is never applied."""
    named: set[str] = set()
    folders: set[str] = set()
    for view in _kustomizations(whole):
        folders.add(view.document.file.rpartition("/")[0])
        named |= {_target(view, name, whole.paths) for _, name in _references(view)}
    seen: set[str] = set()
    for view in whole.views:
        file = view.document.file
        in_folder = file in whole.paths and file.rpartition("/")[0] in folders
        if view.document.role == "kubernetes" and in_folder and file not in named | seen:
            seen.add(file)
            yield view, "", "No kustomization names this file, so it is never applied."


RULES = (
    SetRule("AW468", "Missing kustomization resource", resources),
    SetRule("AW469", "File that is never applied", strays, "warning"),
)
