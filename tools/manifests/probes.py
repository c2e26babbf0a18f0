"""Probes: the descriptor's own, else the spec's health operations, else a TCP connect."""

from __future__ import annotations

import re
from typing import Any

from tools.manifests.context import Context
from tools.manifests.module import Module, Probe

KINDS = ("startup", "liveness", "readiness")

_LAST: dict[str, frozenset[str]] = {
    "startup": frozenset({"startup", "startupz", "started"}),
    "liveness": frozenset({"live", "livez", "liveness", "alive"}),
    "readiness": frozenset({"ready", "readyz", "readiness"}),
}
_GENERAL = (
    "healthz", "health", "healthcheck", "health-check", "health_check", "_health", "heartbeat", "ping",
    "status",
)  # fmt: skip
# A business path may end in these (`/orders/status`); near the root they tell about the service.
_VAGUE = frozenset({"ping", "status"})
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")


def probes(module: Module, facts: Context) -> dict[str, dict[str, Any] | None]:
    """Kind → probe as Kubernetes writes it; a startup probe only where something asks for one."""
    paths = found(facts)
    made: dict[str, dict[str, Any] | None] = {}
    for kind in KINDS:
        own: Probe | None = getattr(module.health, kind)
        path = paths.get(kind)
        if own is None and path is None and kind == "startup":
            made[kind] = None
        else:
            made[kind] = _probe(own or Probe(path=path), module)
    return made


def found(facts: Context) -> dict[str, str]:
    """Kind → path of the spec's best health operation, with the first server's base path."""
    base = _base(facts)
    offered = {each.path for each in facts.health if each.method.upper() == "GET"}
    paths = sorted(filter(_PATH.fullmatch, offered), key=lambda path: (path.count("/"), path))
    general = _general(paths)
    chosen: dict[str, str] = {}
    for kind in KINDS:
        named = next((path for path in paths if _last(path) in _LAST[kind]), None)
        path = named or (general if kind != "startup" else None)
        if path and _PATH.fullmatch(base + path):
            chosen[kind] = base + path
    return chosen


def _general(paths: list[str]) -> str | None:
    ranked = (
        (rank, path)
        for rank, word in enumerate(_GENERAL)
        for path in paths
        if _last(path) == word and not (word in _VAGUE and path.count("/") > 2)
    )
    return next((path for _, path in ranked), None)


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2].lower()


def _base(facts: Context) -> str:
    """The path of the first server: an operation lives at server + path."""
    first = facts.servers[0] if facts.servers else ""
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*|^//[^/?#]*", "", first)
    path = path.rstrip("/")
    return path if _PATH.fullmatch(path) else ""


def _probe(probe: Probe, module: Module) -> dict[str, Any]:
    port = probe.port or module.first_port.name
    action = {"httpGet": {"path": probe.path, "port": port}} if probe.path else {"tcpSocket": {"port": port}}
    delay = {"initialDelaySeconds": probe.delay_s} if probe.delay_s else {}
    return {
        **action,
        **delay,
        "periodSeconds": probe.period_s,
        "timeoutSeconds": probe.timeout_s,
        "failureThreshold": probe.failures,
    }
