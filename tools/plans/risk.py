"""How much a change can break, computed from what it touches: never from what somebody says of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tools.plans.changes import Action, Change

Level = Literal["low", "medium", "high"]

_ORDER: dict[Level, int] = {"low": 0, "medium": 1, "high": 2}
_RBAC = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
_CLUSTER = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CertificateSigningRequest",
        "ClusterIssuer",
        "ClusterSecretStore",
        "CustomResourceDefinition",
        "GatewayClass",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)
_STORAGE = frozenset({"PersistentVolumeClaim"})
_WORKLOADS = frozenset({"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"})
_EXPOSED = frozenset(
    {
        "AppProject",
        "Application",
        "ApplicationSet",
        "Gateway",
        "HTTPRoute",
        "HorizontalPodAutoscaler",
        "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "ResourceQuota",
        "Secret",
        "Service",
        "ServiceAccount",
    }
)

# Every mention counts, also inside a List or a quoted JSON key: naming too many kinds is the safe error.
_KIND = re.compile(rb"""["']?\bkind["']?\s*:\s*["']?([A-Za-z][A-Za-z0-9]{0,62})\b""")
_NO_MANIFEST = re.compile(
    r"(^|/)(openapi|swagger)\.(ya?ml|json)$|(^|/)catalog-info\.yaml$|\.schema\.json$|/models/"
)


@dataclass(frozen=True, slots=True)
class Risk:
    level: Level
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"level": self.level, "reasons": list(self.reasons)}


def assess(changes: Iterable[Change]) -> Risk:
    """The gravest level of all changes, with each reason of that level."""
    found = [verdict for change in changes for verdict in _verdicts(change)]
    levels: list[Level] = ["low", *(level for level, _ in found)]
    level = max(levels, key=_ORDER.__getitem__)
    return Risk(level, tuple(dict.fromkeys(reason for at, reason in found if at == level and at != "low")))


def _verdicts(change: Change) -> list[tuple[Level, str]]:
    if change.path.endswith(".rego"):
        return [] if change.action == "add" else [("medium", f"policy {change.path}: {change.action}")]
    if _NO_MANIFEST.search(change.path) or not change.path.endswith((".yaml", ".yml", ".json", ".tpl")):
        return []
    kinds = _kinds(change.before) | _kinds(change.after)
    verdicts = [
        (level, f"{kind} in {change.path}: {_verb(change, kind)}")
        for kind in sorted(kinds)
        if (level := _level(change, kind))
    ]
    if change.action == "delete" and not kinds:
        verdicts.append(("medium", f"{change.path}: delete"))
    return verdicts


def _kinds(data: bytes | None) -> set[str]:
    return {match.decode("ascii") for match in _KIND.findall(data or b"")}


def _verb(change: Change, kind: str) -> Action:
    """A kind that leaves a file is deleted, even where the file stays."""
    before, after = kind in _kinds(change.before), kind in _kinds(change.after)
    if before and after:
        return "change"
    return "delete" if before else "add"


def _level(change: Change, kind: str) -> Level | None:
    verb = _verb(change, kind)
    if kind in _RBAC or kind in _CLUSTER:
        return "high"
    if kind in _STORAGE:
        return "low" if verb == "add" else "high"
    if verb == "delete":
        return "high" if kind in _WORKLOADS else "medium"
    return "medium" if kind in _EXPOSED and verb == "change" else None
