"""A module in a local folder, before it is published: its metadata, and the files that belong to it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core import paths
from core.errors import Invalid

from . import metadata as metadatas
from .index import PATH, VERSION
from .metadata import Metadata

METADATA: Final = "MODULE_METADATA.yaml"
CHANGELOG: Final = "CHANGELOG.md"
FILES: Final = 500
BYTES: Final = 10_000_000
# What tools leave behind, and what holds secrets in plain text.
_LEFT_OUT: Final = frozenset({".git", ".terraform", ".terragrunt-cache", "__pycache__", "node_modules"})
_SECRET: Final = re.compile(
    r"(?i).*\.tfstate(\..*)?|.*\.(pem|key|p12|pfx|jks)|\.env(\..*)?|id_(rsa|ed25519|ecdsa)|.*\.auto\.tfvars"
)


class ModuleUnfit(Invalid):
    """The folder is no module that could be published as it is."""

    code = "AW390"
    fix = "Give the folder of one module, with MODULE_METADATA.yaml (schema 2.0) and its own files in it."


@dataclass(frozen=True)
class Local:
    """`files` are by their path in the folder, sorted."""

    path: str
    version: str
    metadata: Metadata
    files: Mapping[str, bytes]


def opened(folder: Path, path: str = "") -> Local:
    """Under `path` in the catalog; where none is given, what the metadata says it is."""
    files = dict(sorted(_files(folder)))
    if METADATA not in files:
        raise ModuleUnfit("There is no MODULE_METADATA.yaml.", place=str(folder))
    document = metadatas.opened(files[METADATA], METADATA)
    named = _path(document["module"], path)
    version = document["module"].get("version")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise ModuleUnfit(f"{str(version)[:80]!a} is no version.", place=f"{METADATA} /module/version")
    metadatas.same_module(document["module"], named, version, METADATA)
    described = metadatas.described(document, named, version, METADATA)
    return Local(named, version, described, files)


def _path(module: Mapping[str, Any], path: str) -> str:
    named = path or "/".join(str(module.get(each, "")) for each in ("provider", "category", "name"))
    if not PATH.fullmatch(named):
        raise ModuleUnfit(f"{named[:80]!a} is no path of a module.", place=f"{METADATA} /module")
    return named


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """A link is not followed: what it leads to is not the module's, and may be a secret."""
    if not folder.is_dir():
        raise ModuleUnfit("There is no such folder.", place=str(folder))
    count = total = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each not in _LEFT_OUT)
        linked = [each for each in folders if (Path(root) / each).is_symlink()]
        for name in sorted([*names, *linked]):
            if name.startswith(".git"):  # .gitignore and the like: of the repository it was made in
                continue
            file = Path(root) / name
            inside = paths.check(file.relative_to(folder).as_posix())
            data = _read(file, inside, BYTES - total)
            count, total = count + 1, total + len(data)
            if count > FILES:
                raise ModuleUnfit(f"The folder has more than {FILES} files.", place=str(folder))
            yield inside, data


def _read(file: Path, inside: str, left: int) -> bytes:
    if _SECRET.fullmatch(file.name):
        raise ModuleUnfit("A file of this name mostly holds secrets; it is not published.", place=inside)
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            raise ModuleUnfit("A link, pipe or device is not published.", place=inside)
        with file.open("rb") as stream:
            data = stream.read(left + 1)
    except OSError as error:
        raise ModuleUnfit(f"The file cannot be read: {error.strerror}.", place=inside) from error
    if len(data) > left:
        raise ModuleUnfit(f"The folder is over {BYTES // 1_000_000} MB.", place=inside)
    return data
