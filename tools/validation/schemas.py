"""The strict Kubernetes schemas that `kubernetes-validate` carries, compiled once per version and kind.

The package is never imported (0.2 s): its JSON files are read by path. A kind's schema is compiled with
only the definitions it reaches, which is what makes a first validation cheap.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import Invalid, Unsupported

_FOLDER = re.compile(r"v(\d+\.\d+)\.0-local-strict")
_VERSION = re.compile(r"v?(\d+\.\d+)(?:\.\d+)?")
_GROUP_LABEL = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


class UnknownVersion(Invalid):
    """There are no schemas for this Kubernetes version."""

    code = "AW403"
    fix = "Choose one of the versions listed, for example with `--kubernetes 1.34`."


class SchemasMissing(Unsupported):
    """The package with the Kubernetes schemas is not installed."""

    code = "AW415"
    fix = "Install the project's dependencies again (`uv sync --locked`)."


@lru_cache(1)
def folder() -> Path:
    """Where the schemas lie, found without importing the package."""
    from importlib.util import find_spec  # noqa: PLC0415  # costs 1 ms, and most runs hit the cache

    spec = find_spec("kubernetes_validate")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "kubernetes-json-schema"
        if path.is_dir():
            return path
    raise SchemasMissing("The Kubernetes schemas are not installed.")


@lru_cache(1)
def versions() -> tuple[str, ...]:
    """The known Kubernetes versions, oldest first."""
    names = (_FOLDER.fullmatch(path.name) for path in folder().iterdir())
    return tuple(sorted((m.group(1) for m in names if m), key=lambda v: tuple(map(int, v.split(".")))))


def version(text: str) -> str:
    """`1.34`, `v1.34` and `1.34.2` are 1.34; anything that has no schemas is refused."""
    match = _VERSION.fullmatch(text)
    if match is None or match.group(1) not in versions():
        raise UnknownVersion(
            f"There are no schemas for Kubernetes {text!r}; known are {', '.join(versions())}.",
            known=list(versions()),
        )
    return match.group(1)


def validator(api_version: str, kind: str, kubernetes: str) -> Any | None:
    """The compiled schema of a kind, or None where this Kubernetes version does not know it."""
    return _bundled(api_version, kind, kubernetes)


@lru_cache(1024)
def _bundled(api_version: str, kind: str, kubernetes: str) -> Any | None:
    found = standalone(api_version, kind, kubernetes)
    return _compiled(found[1]) if found is not None else None


def standalone(api_version: str, kind: str, kubernetes: str) -> tuple[str, dict[str, Any]] | None:
    """The file name kubeconform looks for, and the schema with everything it needs inside."""
    group, _, number = api_version.rpartition("/")
    if not kind.isalnum() or not number.isalnum() or not (group == "" or _GROUP_LABEL.fullmatch(group)):
        return None
    suffix = f"{group.partition('.')[0]}-{number}" if group else number
    path = _directory(kubernetes) / f"{kind.lower()}-{suffix}.json"
    if not path.is_file():
        return None
    schema = _json(path.read_bytes())
    if not _is_kind(schema, group, number, kind):
        return None
    return path.name, _closed(schema, kubernetes)


def _is_kind(schema: Any, group: str, number: str, kind: str) -> bool:
    """The file name holds only the first label of the group; the schema itself knows the whole."""
    named = schema.get("x-kubernetes-group-version-kind", ())
    return any(n["group"] == group and n["version"] == number and n["kind"] == kind for n in named)


def _directory(kubernetes: str) -> Path:
    return folder() / f"v{kubernetes}.0-local-strict"


def digest(kubernetes: str) -> str:
    """SHA-256 of the definitions that one version's schemas share: what a bundle was judged by."""
    path = _directory(version(kubernetes)) / "_definitions.json"
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _json(data: bytes) -> Any:
    import orjson  # noqa: PLC0415  # 1.3 MB of definitions: twice as fast as json

    return orjson.loads(data)


@lru_cache(2)
def _definitions(kubernetes: str) -> Mapping[str, Any]:
    path = _directory(kubernetes) / "_definitions.json"
    definitions: Mapping[str, Any] = _json(path.read_bytes())["$defs"]
    return definitions


def _closed(schema: dict[str, Any], kubernetes: str) -> dict[str, Any]:
    """The schema with exactly the definitions it reaches, references made local."""
    definitions = _definitions(kubernetes)
    needed: dict[str, Any] = {}
    root = _local(schema)
    todo = root[1]
    while todo:
        name = todo.pop()
        if name not in needed:
            needed[name], more = _local(definitions[name])
            todo |= more - needed.keys()
    root[0].pop("$id", None)
    return {**root[0], "$defs": needed}


def _local(schema: Any) -> tuple[Any, set[str]]:
    """A copy whose `$ref`s point into `#/$defs`, without prose, and the names it refers to."""
    names: set[str] = set()
    return _copy(schema, names), names


def _copy(node: Any, names: set[str]) -> Any:
    if isinstance(node, list):
        return [_copy(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    copied: dict[str, Any] = {}
    for key, value in node.items():
        if key == "$ref":
            name = value.rpartition("/")[2]
            names.add(name)
            copied[key] = f"#/$defs/{name}"
        elif key != "description" or not isinstance(value, str):
            copied[key] = _copy(value, names)
    return copied


def _compiled(schema: dict[str, Any]) -> Any:
    import jsonschema_rs  # noqa: PLC0415  # a run that finds nothing to validate never needs it

    return jsonschema_rs.Draft202012Validator(schema)


def preload(kubernetes: str) -> None:
    """Read and compile what nearly every set needs."""
    for api_version, kind in _USUAL:
        validator(api_version, kind, kubernetes)


_USUAL = (
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
)


@lru_cache(2)
def kinds(kubernetes: str) -> tuple[str, ...]:
    """Every `group/version/Kind` this version can store. Reads every file: only for hints and exports."""
    found: set[str] = set()
    for path in _directory(kubernetes).glob("*.json"):
        data = path.read_bytes()
        if b"x-kubernetes-group-version-kind" not in data or path.name.startswith(("_", "all.")):
            continue
        for named in _json(data).get("x-kubernetes-group-version-kind", ()):
            found.add("/".join(part for part in (named["group"], named["version"], named["kind"]) if part))
    return tuple(sorted(found))
