"""Which catalog is asked: a folder, one on GitHub, or the example."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import Invalid
from graphs.catalog.shelf import EXAMPLE, Shelf
from tools import catalog
from tools.catalog.wire import HOSTS

CACHE = ".iac-factory-cache"


class CatalogUnclear(Invalid):
    """Two catalogs are named, or the file that names one cannot be read."""

    code = "AW399"
    fix = "Name one: --source FOLDER, or --factory FILE for one on GitHub."


@dataclass(frozen=True)
class Where:
    """`api_host` may be sent the token, beside GitHub's own. `is_kept` uses the copies on this disk."""

    source: Path | None = None
    factory: Path | None = None
    api_host: str = ""
    is_kept: bool = True


def shelf(where: Where, environ: Mapping[str, str], say: Callable[[str], None]) -> Shelf:
    asked = source(where, environ, say)
    hub = asked.origin if isinstance(asked, catalog.Kept) else asked
    factory = hub.factory if isinstance(hub, catalog.GitHub) else None
    return Shelf(asked, factory, now=time.monotonic)


def source(where: Where, environ: Mapping[str, str], say: Callable[[str], None]) -> catalog.Source:
    if where.source and where.factory:
        raise CatalogUnclear("A folder and a factory.yaml are both named.")
    if where.factory:
        hub = github(where, environ)
        home = environ.get("HOME", "")
        return catalog.Kept(hub, Path(home) / CACHE, time.time) if home and where.is_kept else hub
    if not where.source:
        say("This is the example catalog; --source FOLDER or --factory FILE names another.")
    return catalog.Folder((where.source or EXAMPLE).absolute())


def github(where: Where, environ: Mapping[str, str]) -> catalog.GitHub:
    """GITHUB_TOKEN goes to the hosts that were named here and to no other."""
    if not where.factory:
        raise CatalogUnclear("No factory.yaml is named.")
    try:
        factory = catalog.configured(where.factory.read_bytes(), str(where.factory))
    except OSError as error:
        raise CatalogUnclear(f"It cannot be read: {error.strerror}.", place=str(where.factory)) from error
    hosts = HOSTS | {where.api_host.lower()} if where.api_host else HOSTS
    wire = catalog.Wire(url=factory.api_url, token=environ.get("GITHUB_TOKEN", "").strip(), hosts=hosts)
    return catalog.GitHub(factory, wire)
