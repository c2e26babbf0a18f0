"""From what a person names to what a run is given: the captured source, the options, the key."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ormsgpack

from core.blobs import Blobs
from core.errors import Invalid
from core.version import VERSION
from graphs.integrate.deps import Child
from graphs.integrate.state import IntegrateInput
from tools import openapi

# A `$ref` to another file, in JSON or YAML spelling: not `#/…`, and no URL, which is never read. A hit
# only costs a closer look.
_OUTWARD = re.compile(rb"""\$ref["']?\s*:\s*["']?(?![#{\[&*|>"'\s]|[A-Za-z][A-Za-z0-9+.-]*:)""")


@dataclass(frozen=True)
class Request:
    """What is asked for, before anything was read of it."""

    source: Mapping[str, bytes]
    entry: str
    descriptor: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = False
    kubernetes: str = "1.34"
    engines: tuple[str, ...] = ("builtin",)
    waivers: tuple[Mapping[str, str], ...] = ()
    apart: bool = False
    """The tenant is a caller's over the network: it publishes to its own repository and no other."""

    @property
    def module(self) -> dict[str, Any]:
        return {"descriptor": self.descriptor, "overrides": dict(self.overrides)}

    @property
    def options(self) -> dict[str, Any]:
        return {
            "strict": self.strict,
            "kubernetes": self.kubernetes,
            "engines": list(self.engines),
            "waivers": [dict(each) for each in self.waivers],
            **({"apart": True} if self.apart else {}),
        }

    @property
    def key(self) -> str:
        """SHA-256 of the canonical input, the product's version and its templates; no time in it."""
        files = sorted((name, hashlib.sha256(data).hexdigest()) for name, data in self.source.items())
        parts = [
            files,
            self.entry,
            self.descriptor,
            dict(self.overrides),
            self.options,
            VERSION,
            _templates(),
        ]
        return hashlib.sha256(ormsgpack.packb(parts, option=ormsgpack.OPT_SORT_KEYS)).hexdigest()


def given(request: Request, blobs: Blobs, *, today: str, run: str = "", trace: str = "") -> IntegrateInput:
    """The input of the graph; the captured files are put away under their digest."""
    source = ormsgpack.packb({"files": dict(request.source), "entry": request.entry})
    return {
        "source": blobs.put(source),
        "module": request.module,
        "options": {**request.options, "today": today},
        "run": run,
        "key": request.key,
        "trace": trace,
    }


class RootRefused(Invalid):
    """The document does not lie below the folder that was named as its root."""

    code = "AW908"
    fix = "Give --root a folder that holds the document and all it refers to."


def capture(path: Path, child: Child, root: Path | None = None) -> tuple[dict[str, bytes], str]:
    """Every file the document at `path` is made of, by its name below one root, and the entry's name.

    The root is the document's own folder unless one further up is named. The run works on these
    bytes: what changes on disk afterwards does not reach it.
    """
    folder = openapi.locate(path.absolute()) if root is None else _below(root, path)
    entry = folder.read(folder.entry, openapi.Limits())
    if not path.is_dir() and not _OUTWARD.search(entry):
        return {folder.entry: entry}, folder.entry
    source = {"root": str(folder.root), "entry": folder.entry}
    found = child.call("graphs.integrate.work:names", source, read=(folder.root,)).value
    limits = openapi.Limits()
    return {name: folder.read(name, limits) for name in found}, folder.entry


def _below(root: Path, path: Path) -> openapi.Folder:
    try:
        entry = path.absolute().relative_to(root.absolute())
    except ValueError as error:
        raise RootRefused("The document is not below the root.", place=str(path), root=str(root)) from error
    return openapi.Folder(root.absolute(), entry.as_posix())


@functools.cache
def _templates() -> str:
    """SHA-256 over every template's name and bytes."""
    root = Path(__file__).resolve().parents[2] / "templates"
    total = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
