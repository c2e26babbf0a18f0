"""From a path a person typed to the source of one document."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from core.errors import Invalid, NotFound

from .limits import Limits
from .problems import TooBig
from .sources import Folder

_SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})
_PREFERRED: Final = frozenset({"openapi", "swagger"})
_MARK: Final = re.compile(rb"""(?:\A|^|[{,])[ \t\r\n]*["']?(?:openapi|swagger)["']?[ \t]*:""", re.MULTILINE)
_LEVELS: Final = 4
_ENTRIES: Final = 20_000


class PathMissing(NotFound):
    """The path that was given is not there."""

    code = "AW120"
    fix = "Check the path."


class EntryUnclear(Invalid):
    """A folder holds no document, or several that could be meant."""

    code = "AW121"
    fix = "Name the document's file instead of the folder, or call it `openapi.yaml`."


def locate(path: Path, limits: Limits | None = None) -> Folder:
    """A file with its folder as root, or a folder with the document found in it."""
    if not path.is_dir():
        if not os.path.lexists(path):
            raise PathMissing(f"There is no {str(path)!r}.", place=str(path))
        return Folder(path.parent, path.name)
    return Folder(path, _entry(path, limits or Limits()))


def _entry(root: Path, limits: Limits) -> str:
    """The one document at the shallowest level that has any; a file called `openapi` wins."""
    found: list[str] = []
    for names in _levels(root):
        found = [name for name in names if _is_document(root, name, limits)]
        preferred = [name for name in found if Path(name).stem in _PREFERRED]
        if len(preferred or found) == 1:
            return (preferred or found)[0]
        if found:
            listed = ", ".join(sorted(found)[:10])
            raise EntryUnclear(f"The folder holds {len(found)} documents: {listed}.", place=str(root))
    raise EntryUnclear("The folder holds no OpenAPI document.", place=str(root))


def _levels(root: Path) -> list[list[str]]:
    """The names of the files that may be documents, level by level, links left out."""
    levels: list[list[str]] = []
    folders = [""]
    seen = 0
    for _ in range(_LEVELS):
        names: list[str] = []
        below: list[str] = []
        for folder in folders:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    seen += 1
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                        below.append(name)
                    elif entry.is_file(follow_symlinks=False) and Path(name).suffix.lower() in _SUFFIXES:
                        names.append(name)
        if seen > _ENTRIES:
            raise TooBig(f"The folder holds over {_ENTRIES:,} entries.", place=str(root))
        levels.append(sorted(names))
        folders = sorted(below)
    return levels


def _is_document(root: Path, name: str, limits: Limits) -> bool:
    try:
        return _MARK.search(Folder(root, name).read(name, limits)) is not None
    except TooBig:
        return False
