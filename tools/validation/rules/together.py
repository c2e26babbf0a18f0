"""How documents fit together: what one names, another must be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.validation.rules.model import SetRule, View, Whole, at, mappings, table, texts

Found = Iterator[tuple[View, str, str]]

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod")
_CLUSTER_WIDE = frozenset(
    [
        "Namespace",
        "Node",
        "PersistentVolume",
        "StorageClass",
        "PriorityClass",
        "IngressClass",
        "RuntimeClass",
        "CSIDriver",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "APIService",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ]
)


def service_selects(whole: Whole) -> Found:
    workloads = list(whole.of(*_WORKLOADS))
    for service in whole.of("Service"):
        wanted = table(service.spec.get("selector"))
        near = [workload for workload in workloads if workload.namespace == service.namespace]
        if wanted and near and not _selected(wanted, near):
            labels = ", ".join(f"{label}={value}" for label, value in sorted(wanted.items()))
            yield service, "/spec/selector", f"No workload of the set has the labels {labels}."


def _selected(wanted: dict[str, Any], workloads: list[View]) -> list[View]:
    return [
        workload
        for workload in workloads
        if all(_labels(workload).get(label) == value for label, value in wanted.items())
    ]


def _labels(workload: View) -> dict[str, Any]:
    return workload.pod_labels


def service_ports(whole: Whole) -> Found:
    workloads = list(whole.of(*_WORKLOADS))
    for service in whole.of("Service"):
        near = [workload for workload in workloads if workload.namespace == service.namespace]
        for workload in _selected(table(service.spec.get("selector")) or {"": None}, near):
            names = _port_names(workload)
            for place, port in mappings(service.spec.get("ports"), "/spec/ports"):
                target = port.get("targetPort")
                if isinstance(target, str) and not target.isdigit() and target not in names:
                    message = f"{workload.kind}/{workload.name} has no port named `{target}`."
                    yield service, f"{place}/targetPort", message


def _port_names(workload: View) -> set[str]:
    return texts(
        port.get("name")
        for _, container in workload.containers
        for _, port in mappings(container.get("ports"), "")
    )


def backends(whole: Whole) -> Found:
    """An Ingress or an autoscaler that points at nothing, where the set has such things at all."""
    services = {(service.namespace, service.name): service for service in whole.of("Service")}
    for ingress in whole.of("Ingress"):
        for place, rule in mappings(ingress.spec.get("rules"), "/spec/rules"):
            for spot, path in mappings(at(rule, "http", "paths"), f"{place}/http/paths"):
                name = at(path, "backend", "service", "name")
                if services and isinstance(name, str) and (ingress.namespace, name) not in services:
                    yield ingress, f"{spot}/backend/service/name", f"The set has no service `{name}`."
    targets = {(view.kind, view.namespace, view.name) for view in whole.of(*_WORKLOADS)}
    for scaler in whole.of("HorizontalPodAutoscaler"):
        target = table(scaler.spec.get("scaleTargetRef"))
        wanted = (str(target.get("kind")), scaler.namespace, str(target.get("name")))
        if targets and wanted not in targets:
            yield scaler, "/spec/scaleTargetRef", f"The set has no {wanted[0]} `{wanted[2]}`."


def references(whole: Whole) -> Found:
    """Accounts and configuration that a pod names. Secrets live outside git: their absence says nothing."""
    if any(_generates(view) for view in whole.views):
        return
    have = {(view.kind, view.namespace, view.name) for view in whole.of("ConfigMap", "ServiceAccount")}
    for workload in whole.views:
        if not workload.has_pod or len(whole.views) < 2:
            continue
        for kind, name, place in _named(workload):
            if (kind, workload.namespace, name) not in have:
                yield workload, place, f"The set has no {kind} `{name}`."


def _generates(view: View) -> bool:
    return view.document.role == "kustomization" and "configMapGenerator" in view.value


def _named(workload: View) -> Iterator[tuple[str, str, str]]:
    account = workload.pod.get("serviceAccountName")
    if isinstance(account, str) and account not in ("", "default"):
        yield "ServiceAccount", account, f"{workload.pod_place}/serviceAccountName"
    for place, container in workload.containers:
        for spot, source in mappings(container.get("envFrom"), f"{place}/envFrom"):
            yield from _config(source.get("configMapRef"), f"{spot}/configMapRef/name")
        for spot, variable in mappings(container.get("env"), f"{place}/env"):
            reference = at(variable, "valueFrom", "configMapKeyRef")
            yield from _config(reference, f"{spot}/valueFrom/configMapKeyRef/name")
    for place, volume in mappings(workload.pod.get("volumes"), f"{workload.pod_place}/volumes"):
        yield from _config(volume.get("configMap"), f"{place}/configMap/name")


def _config(reference: Any, place: str) -> Iterator[tuple[str, str, str]]:
    name = at(reference, "name")
    if isinstance(name, str) and at(reference, "optional") is not True:
        yield "ConfigMap", name, place


def twins(whole: Whole) -> Found:
    seen: dict[tuple[str, ...], View] = {}
    for view in whole.views:
        if view.document.role != "kubernetes" or not view.name:
            continue
        folder = view.document.file.rpartition("/")[0]
        group = view.document.api_version.rpartition("/")[0]
        identity = (folder, group, view.kind, view.namespace, view.name)
        other = seen.setdefault(identity, view)
        if other is not view:
            where = f"{other.document.file}:{other.document.line}"
            yield view, "/metadata/name", f"{view.kind}/{view.name} is already defined in {where}."


def namespaces(whole: Whole) -> Found:
    """Where a kustomization or a chart decides, this is its business."""
    folders = {v.document.file.rpartition("/")[0] for v in whole.views if v.document.role == "kustomization"}
    for view in whole.views:
        covered = view.document.file.rpartition("/")[0] in folders
        if view.document.role != "kubernetes" or covered or view.kind in _CLUSTER_WIDE or view.namespace:
            continue
        yield (
            view,
            "/metadata",
            f"{view.kind}/{view.name} names no namespace and lands where the client stands.",
        )


RULES = (
    SetRule("AW463", "Service selects nothing", service_selects),
    SetRule("AW464", "Unknown target port", service_ports),
    SetRule("AW466", "Reference to nothing", backends, "warning"),
    SetRule("AW466", "Reference to nothing", references, "warning"),
    SetRule("AW467", "Defined twice", twins),
    SetRule("AW470", "No namespace", namespaces, "warning"),
)
