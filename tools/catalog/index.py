"""catalog.json as an index of modules: every path and version of it is sound, or none is used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from core.errors import Invalid

from . import reading
from .factory import Factory
from .sources import Source

PATH: Final = re.compile(
    r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?(?:/[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?){0,5}"
)
VERSION: Final = re.compile(
    r"(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})"
    r"(?:-[0-9A-Za-z-]{1,40}(?:\.[0-9A-Za-z-]{1,40}){0,5})?(?:\+[0-9A-Za-z-]{1,40})?"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
MODULES: Final = 20_000
VERSIONS: Final = 1_000


class CatalogInvalid(Invalid):
    """catalog.json names something that cannot be: a path that climbs, a version that is none."""

    code = "AW369"
    fix = "Mend the entry where the catalog is kept; nothing of the catalog is used until then."


@dataclass(frozen=True, slots=True)
class Module:
    """`versions` are in the order of the catalog."""

    path: str
    latest: str
    versions: tuple[str, ...]
    description: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "latest": self.latest,
            "versions": list(self.versions),
            "description": self.description,
        }


@dataclass(frozen=True)
class Index:
    """What a catalog says there is. `digest` is of the bytes that were read, for a lock."""

    version: str
    updated: str
    modules: Mapping[str, Module]
    digest: str
    source: Source = field(compare=False)
    factory: Factory = field(default_factory=Factory)


def load(source: Source, factory: Factory | None = None, *, known: Index | None = None) -> Index:
    """The whole catalog, or an error that says which part of it is wrong.

    `known` is an earlier index of the source: it is given back where not a byte has changed.
    """
    factory = factory or Factory()
    name = factory.catalog_path
    data = source.read(name)
    digest = hashlib.sha256(data).hexdigest()
    if known and (known.digest, known.factory) == (digest, factory):
        return known
    document = _object(reading.from_json(data, name), name, "")
    listed = _object(document.get("modules"), name, "/modules")
    if len(listed) > MODULES:
        raise CatalogInvalid(f"The catalog has more than {MODULES} modules.", place=f"{name} /modules")
    modules = {path: _module(path, entry, name) for path, entry in sorted(listed.items())}
    return Index(
        version=_text(document.get("version", ""), name, "/version"),
        updated=_text(document.get("last_updated", ""), name, "/last_updated"),
        modules=MappingProxyType(modules),
        digest=digest,
        source=source,
        factory=factory,
    )


def _module(path: str, entry: Any, name: str) -> Module:
    at = f"/modules/{path.replace('~', '~0').replace('/', '~1')[:200]}"
    if not PATH.fullmatch(path):
        raise CatalogInvalid(f"{path[:80]!a} is no path of a module.", place=f"{name} {ascii(at)[1:-1]}")
    fields = _object(entry, name, at)
    versions = fields.get("versions")
    if not isinstance(versions, list) or not 0 < len(versions) <= VERSIONS:
        raise CatalogInvalid(
            f"`versions` is no list of 1 to {VERSIONS} versions.", place=f"{name} {at}/versions"
        )
    for each in versions:
        if not isinstance(each, str) or not VERSION.fullmatch(each):
            raise CatalogInvalid(f"{str(each)[:80]!a} is no version.", place=f"{name} {at}/versions")
    if len(set(versions)) != len(versions):
        raise CatalogInvalid("A version is listed twice.", place=f"{name} {at}/versions")
    latest = fields.get("latest")
    if not isinstance(latest, str) or latest not in versions:
        raise CatalogInvalid("`latest` is not among the versions.", place=f"{name} {at}/latest")
    told = _text(fields.get("description", ""), name, f"{at}/description")
    return Module(path, latest, tuple(versions), told)


def _object(value: Any, name: str, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CatalogInvalid("An object was expected here.", place=f"{name} {at or '/'}")
    return value


def _text(value: Any, name: str, at: str) -> str:
    if not isinstance(value, str) or len(value) > 2_000 or _CONTROL.search(value):
        raise CatalogInvalid(
            "A plain text of at most 2,000 characters was expected here.", place=f"{name} {at}"
        )
    return value
