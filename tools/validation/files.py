"""Which file is what. Every file of a set gets a role, and each role says which checks apply and why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_YAML = (".yaml", ".yml", ".json", ".lock")
_TOP_KIND = re.compile(r'^(?:\{\s*)?["\']?kind["\']?\s*:', re.MULTILINE)
_TOP_OPENAPI = re.compile(r'^(?:\{\s*)?\s{0,2}["\']?(?:openapi|swagger)["\']?\s*:', re.MULTILINE)
_KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_PATCH_PATH = re.compile(r"^\s*(?:-\s+)?path:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Role:
    """`why_not` gives, for each check that does not apply, the reason that stands in the ledger."""

    name: str
    why_not: Mapping[str, str]

    @property
    def is_yaml(self) -> bool:
        return "yaml" not in self.why_not


def _role(name: str, **why_not: str) -> Role:
    return Role(name, why_not)


_CLUSTER = "It is not an object of the cluster."
KUBERNETES = _role("kubernetes")
KUSTOMIZATION = _role("kustomization", policy=_CLUSTER)
CATALOG = _role("catalog", semantics=_CLUSTER, policy=_CLUSTER)
PATCH = _role(
    "patch",
    schema="A patch is part of an object; the whole is checked where it is built.",
    semantics="A patch is part of an object.",
    policy="A patch is part of an object.",
)
CHART = _role("chart", semantics=_CLUSTER, policy=_CLUSTER)
VALUES = _role("values", semantics="Values of a chart; their own schema applies.", policy=_CLUSTER)
LOCK = _role("lock", schema="AutoWeave writes and reads it itself.", semantics=_CLUSTER, policy=_CLUSTER)
JSON_SCHEMA = _role("json-schema", semantics=_CLUSTER, policy=_CLUSTER)
TEMPLATE = _role(
    "chart-template",
    yaml="A Helm template is YAML only once it is rendered; the engine `helm` does that.",
    schema="Not rendered.",
    semantics="Not rendered.",
    policy="Not rendered.",
)
OPENAPI = _role(
    "openapi",
    yaml="An OpenAPI document; it was checked when it was read.",
    schema="An OpenAPI document.",
    semantics="An OpenAPI document.",
    policy="An OpenAPI document.",
)
POLICY = _role(
    "policy", yaml="Rego is not YAML.", schema="Rego has no schema.", semantics="Rego, not a manifest."
)
OTHER = _role(
    "other",
    yaml="Neither YAML nor JSON by its name.",
    schema="Not a manifest.",
    semantics="Not a manifest.",
    policy="Not a manifest.",
)


def is_kustomization(path: str) -> bool:
    return PurePosixPath(path).name in _KUSTOMIZATIONS


def roles(files: Mapping[str, str]) -> dict[str, Role]:
    """The role of each file, by its path, its neighbours and its first words; never by guessing harder."""
    charts = {str(PurePosixPath(path).parent) for path in files if PurePosixPath(path).name == "Chart.yaml"}
    patches = _patches(files)
    return {path: _one(PurePosixPath(path), files[path], charts, patches) for path in sorted(files)}


def _one(path: PurePosixPath, text: str, charts: set[str], patches: set[str]) -> Role:
    by_chart = _in_chart(path, charts)
    if by_chart is not None:
        return by_chart
    if path.suffix == ".rego":
        return POLICY
    if path.name in _KUSTOMIZATIONS:
        return KUSTOMIZATION
    if path.suffix not in _YAML:
        return OTHER
    return PATCH if str(path) in patches else _by_content(path, text)


def _in_chart(path: PurePosixPath, charts: set[str]) -> Role | None:
    if any(str(parent) in charts for parent in path.parents) and "templates" in path.parts:
        return TEMPLATE
    if str(path.parent) in charts:
        named = {"Chart.yaml": CHART, "values.schema.json": JSON_SCHEMA, ".helmignore": OTHER}
        if path.name in named:
            return named[path.name]
        if path.name.startswith("values") and path.suffix in (".yaml", ".yml"):
            return VALUES
    return None


def _by_content(path: PurePosixPath, text: str) -> Role:
    if path.suffix == ".lock":
        return LOCK
    if path.name in ("catalog-info.yaml", "catalog-info.yml"):
        return CATALOG
    # A file that calls itself OpenAPI and yet has a `kind` stays a manifest: nothing hides behind a name.
    if path.stem in ("openapi", "swagger") and _TOP_OPENAPI.search(text) and not _TOP_KIND.search(text):
        return OPENAPI
    if path.name.endswith(".schema.json"):
        return JSON_SCHEMA
    return KUBERNETES


def _patches(files: Mapping[str, str]) -> set[str]:
    """Files that a kustomization names as patches."""
    found: set[str] = set()
    for path, text in files.items():
        if PurePosixPath(path).name not in _KUSTOMIZATIONS or "patches" not in text:
            continue
        folder = PurePosixPath(path).parent
        section = text[text.index("patches") :]
        found |= {joined(folder, name) for name in _PATCH_PATH.findall(section)}
    return found


def joined(folder: PurePosixPath, name: str) -> str:
    """`name` seen from `folder`, `..` taken literally; "" where it leaves the set."""
    parts: list[str] = []
    for part in (*folder.parts, *PurePosixPath(name).parts):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
