"""Good manifests of our own writing, as objects; a test changes one thing in a copy."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import yaml

TODAY = "2026-06-01"
LABELS = {
    "app.kubernetes.io/name": "demo",
    "app.kubernetes.io/instance": "demo",
    "app.kubernetes.io/managed-by": "autoweave",
}
SELECTOR = {"app.kubernetes.io/name": "demo", "app.kubernetes.io/instance": "demo"}


def container() -> dict[str, Any]:
    return {
        "name": "web",
        "image": "registry.example.com/demo/web:1.4.2",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "LOG_LEVEL", "value": "info"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "livenessProbe": {"httpGet": {"path": "/live", "port": 8080}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def pod() -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container()],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def metadata(name: str = "demo") -> dict[str, Any]:
    return {"name": name, "namespace": "shop", "labels": dict(LABELS)}


def workload(kind: str = "Deployment") -> dict[str, Any]:
    spec: dict[str, Any] = {
        "replicas": 2,
        "selector": {"matchLabels": dict(SELECTOR)},
        "template": {"metadata": {"labels": dict(LABELS)}, "spec": pod()},
    }
    if kind == "DaemonSet":
        del spec["replicas"]
    if kind == "StatefulSet":
        spec["serviceName"] = "demo"
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata(), "spec": spec}


def job() -> dict[str, Any]:
    spec = {**pod(), "restartPolicy": "Never"}
    for probe in ("readinessProbe", "livenessProbe"):
        del spec["containers"][0][probe]
    template = {"metadata": {"labels": dict(LABELS)}, "spec": spec}
    body = {"backoffLimit": 2, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(), "spec": body}


def cron_job() -> dict[str, Any]:
    spec = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": job()["spec"]}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata(), "spec": spec}


def bare_pod() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata(), "spec": pod()}


def service() -> dict[str, Any]:
    spec = {"selector": dict(SELECTOR), "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(), "spec": spec}


def config_map() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(), "data": {"A": "1"}}


def dumped(*documents: dict[str, Any]) -> str:
    return yaml.safe_dump_all(list(documents), sort_keys=False, explicit_start=len(documents) > 1)


Change = Callable[[dict[str, Any]], object]


def changed(document: dict[str, Any], change: Change) -> dict[str, Any]:
    copied = copy.deepcopy(document)
    change(copied)
    return copied


def pod_of(document: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = document["spec"]
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec if document["kind"] == "Pod" else spec["template"]["spec"]


def first(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = pod_of(document)["containers"][0]
    return found
