"""What the ingest hands on: one frozen value, and its plain-data form for the sandbox's border."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from core.findings import Finding

from . import grammar

_HEALTH: Final = frozenset({
    "health", "healthz", "healthcheck", "health-check", "health_check", "live", "livez", "liveness",
    "ready", "readyz", "readiness", "ping", "heartbeat", "alive", "_health", "status",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path, as a catalogue shows it."""

    method: str
    path: str
    operation_id: str = ""
    summary: str = ""
    tags: tuple[str, ...] = ()
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """One document: OpenAPI 3.x in `document`, bundled and sanitised, with `#/` references only.

    `version` is the version as written, `files` each file read with its SHA-256, `digest` one
    SHA-256 over the entry's name and all files. `text` is what to commit: the file as it was,
    or the bundled document.
    """

    document: dict[str, Any]
    version: str
    title: str
    api_version: str
    digest: str
    files: Mapping[str, str]
    findings: tuple[Finding, ...]
    operations: tuple[Operation, ...]
    health: tuple[Operation, ...]
    servers: tuple[str, ...]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data, equal for equal documents."""
        return {
            "document": self.document,
            "version": self.version,
            "title": self.title,
            "api_version": self.api_version,
            "digest": self.digest,
            "files": dict(self.files),
            "findings": [each.to_dict() for each in self.findings],
            "operations": [_plain(each) for each in self.operations],
            "health": [_plain(each) for each in self.health],
            "servers": list(self.servers),
            "text": self.text,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spec:
        return cls(
            **{
                **data,
                "findings": tuple(Finding(**each) for each in data["findings"]),
                "operations": tuple(_operation(each) for each in data["operations"]),
                "health": tuple(_operation(each) for each in data["health"]),
                "servers": tuple(data["servers"]),
            }
        )


def _plain(operation: Operation) -> dict[str, Any]:
    return {**asdict(operation), "tags": list(operation.tags)}


def _operation(data: Mapping[str, Any]) -> Operation:
    return Operation(**{**data, "tags": tuple(data["tags"])})


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Every operation under `paths`, in the document's order."""
    paths = document.get("paths")
    return tuple(
        _described(method, path, item[method])
        for path, item in (paths.items() if isinstance(paths, dict) else ())
        if isinstance(item, dict) and path.startswith("/")
        for method in item
        if method in grammar.METHODS and isinstance(item[method], dict)
    )


def _described(method: str, path: str, found: Mapping[str, Any]) -> Operation:
    tags = found.get("tags")
    return Operation(
        method=method.upper(),
        path=path,
        operation_id=_text(found.get("operationId")),
        summary=_text(found.get("summary")),
        tags=tuple(each for each in tags if isinstance(each, str)) if isinstance(tags, list) else (),
        deprecated=found.get("deprecated") is True,
    )


def health(found: tuple[Operation, ...], document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """GET operations a probe can call: a health-like last segment, no required input, no credentials."""
    return tuple(
        each
        for each in found
        if each.method == "GET"
        and "{" not in each.path
        and each.path.rstrip("/").rpartition("/")[2].lower() in _HEALTH
        and not _needs_input(document["paths"][each.path])
        and not _needs_credentials(document["paths"][each.path]["get"], document)
    )


def _needs_input(item: Mapping[str, Any]) -> bool:
    shared, own = item.get("parameters"), item["get"].get("parameters")
    listed = [*(shared if isinstance(shared, list) else []), *(own if isinstance(own, list) else [])]
    return any(isinstance(each, dict) and ("$ref" in each or each.get("required") is True) for each in listed)


def _needs_credentials(operation: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """The operation's own `security` counts, else the document's; an empty alternative asks for nothing."""
    asked = operation.get("security", document.get("security"))
    return isinstance(asked, list) and bool(asked) and {} not in asked


def servers(document: Mapping[str, Any]) -> tuple[str, ...]:
    listed = document.get("servers")
    return tuple(
        each["url"]
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, dict) and isinstance(each.get("url"), str)
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
