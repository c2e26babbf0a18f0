"""Probes: the descriptor's own, else the spec's health operations, else a TCP connect."""

from __future__ import annotations

import re
from typing import Any

from tools.manifests.context import Context
from tools.manifests.module import Module
from tools.manifests.parts import Probe

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


# Two and a half minutes to start; after that half a minute of silence replaces the pod.
_DEFAULTS = {"startup": Probe(period_s=5, failures=30), "liveness": Probe(), "readiness": Probe()}


def probes(module: Module, facts: Context) -> dict[str, dict[str, Any]]:
    """Kind → probe as Kubernetes writes it."""
    paths = found(facts)
    made: dict[str, dict[str, Any]] = {}
    for kind, default in _DEFAULTS.items():
        own: Probe | None = getattr(module.health, kind)
        made[kind] = _probe(own or default.model_copy(update={"path": paths.get(kind)}), module)
    return made


def found(facts: Context) -> dict[str, str]:
    """Kind → path of the spec's best health operation, with the first server's base path."""
    base = _base(facts)
    offered = {each.path for each in facts.health if each.method.upper() == "GET"}
    paths = sorted(filter(_PATH.fullmatch, offered), key=lambda path: (path.count("/"), path))
    general = _general(paths)
    live = _named(paths, "liveness") or general
    chosen = {
        # What tells that the service lives tells that it has started.
        "startup": _named(paths, "startup") or live,
        "liveness": live,
        "readiness": _named(paths, "readiness") or general,
    }
    return {kind: base + path for kind, path in chosen.items() if path}


def _named(paths: list[str], kind: str) -> str | None:
    return next((path for path in paths if _last(path) in _LAST[kind]), None)


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
