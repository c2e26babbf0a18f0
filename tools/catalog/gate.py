"""Does what is named exist? A miss is never substituted: it is refused, with what was probably meant."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotFound

from .index import Index, Module
from .likeness import folded, meant, near, shown


class HallucinationError(NotFound):
    """A module that the catalog does not have."""

    code = "AW376"
    fix = "Search the catalog and use a path from it as it is written there."


class VersionUnknown(HallucinationError):
    """The module exists, and this version of it does not."""

    code = "AW377"
    fix = "Use one of the published versions."


@dataclass(frozen=True, slots=True)
class Hit:
    """A module and a version that exist. `digest` is of the catalog that says so."""

    path: str
    version: str
    is_latest: bool
    description: str
    metadata_path: str
    digest: str

    def to_dict(self) -> dict[str, str | bool]:
        return {
            "path": self.path,
            "version": self.version,
            "is_latest": self.is_latest,
            "description": self.description,
            "metadata_path": self.metadata_path,
            "digest": self.digest,
        }


def check(index: Index, path: str, version: str = "") -> Hit:
    """The module in that version, the latest where none is named; letter by letter."""
    module = index.modules.get(path)
    if module is None:
        raise _no_module(index, path)
    if version and version not in module.versions:
        raise _no_version(module, version)
    found = version or module.latest
    folder = f"{index.factory.modules_path}/{path}/v{found}"
    return Hit(
        path,
        found,
        found == module.latest,
        module.description,
        f"{folder}/MODULE_METADATA.yaml",
        index.digest,
    )


def _no_module(index: Index, path: str) -> HallucinationError:
    found = near(path, index.modules) or _by_last_part(index, path)
    return HallucinationError(
        f"There is no module {shown(path)} in the catalog.", place=index.source.name, fix=meant(found),
        suggestion=found,
    )  # fmt: skip


def _no_version(module: Module, version: str) -> VersionUnknown:
    found = near(version.removeprefix("v"), module.versions) or module.latest
    return VersionUnknown(
        f"{module.path} has no version {shown(version)}; published are {', '.join(module.versions[-10:])}.",
        place=module.path, fix=meant(found), suggestion=found, known=list(module.versions[-20:]),
    )  # fmt: skip


def _by_last_part(index: Index, path: str) -> str:
    last = folded(path).rpartition("/")[2]
    return next((each for each in index.modules if last and each.rpartition("/")[2] == last), "")
