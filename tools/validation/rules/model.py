"""What a rule is, and careful looks into documents that may have any shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.findings import Severity
from tools.validation.documents import Document

# Where, and what is wrong there.
Hit = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of one document."""

    id: str
    title: str
    check: Callable[[View], Iterator[Hit]]
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class SetRule:
    """A check across documents: which document, where, and what."""

    id: str
    title: str
    check: Callable[[Whole], Iterator[tuple[View, str, str]]]
    severity: Severity = "error"


def at(value: Any, *keys: str) -> Any:
    """The value under these keys, or None where the road ends."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def mappings(value: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The mappings of a list, each with its place."""
    for index, item in enumerate(listed(value)):
        if isinstance(item, dict):
            yield f"{place}/{index}", item


def texts(values: Iterable[Any]) -> set[str]:
    """The strings among values: what names can be compared with, whatever a document holds."""
    return {value for value in values if isinstance(value, str)}


def key(name: str) -> str:
    """A key as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


TEMPLATED = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"}
)
_POD_PATHS: dict[str, tuple[str, ...]] = dict.fromkeys(TEMPLATED, ("spec", "template")) | {
    "Pod": (),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "PodTemplate": ("template",),
}
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


class View:
    """One document as the rules see it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.value: dict[str, Any] = table(document.value)
        self.kind = document.kind
        self.name = document.name
        self.namespace = document.namespace
        path = _POD_PATHS.get(self.kind)
        self.has_pod = path is not None
        self.template = table(at(self.value, *path)) if path is not None else {}
        self.template_place = "".join(f"/{step}" for step in path or ())
        self.pod_place = f"{self.template_place}/spec"

    @cached_property
    def spec(self) -> dict[str, Any]:
        return table(self.value.get("spec"))

    @cached_property
    def metadata(self) -> dict[str, Any]:
        return table(self.value.get("metadata"))

    @cached_property
    def pod(self) -> dict[str, Any]:
        return table(self.template.get("spec"))

    @cached_property
    def pod_labels(self) -> dict[str, Any]:
        return table(at(self.template, "metadata", "labels"))

    @cached_property
    def containers(self) -> list[tuple[str, dict[str, Any]]]:
        """All containers of the pod, init and ephemeral ones too, with their places."""
        found: list[tuple[str, dict[str, Any]]] = []
        for group in CONTAINERS:
            found += mappings(self.pod.get(group), f"{self.pod_place}/{group}")
        return found


@dataclass(frozen=True, slots=True)
class Whole:
    """The set: every readable document, and the paths of all files, readable or not."""

    views: Sequence[View]
    paths: frozenset[str]

    def of(self, *kinds: str) -> Iterator[View]:
        """The cluster objects of these kinds."""
        for view in self.views:
            if view.kind in kinds and view.document.role == "kubernetes":
                yield view
