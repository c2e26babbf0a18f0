"""The Kubernetes objects of one module, as plain data in the order people write them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tools.manifests import probes, skeletons
from tools.manifests.context import Context
from tools.manifests.module import Module
from tools.manifests.parts import Env, Reference
from tools.manifests.skeletons import Texts

Object = dict[str, Any]


def selector(module: Module) -> dict[str, str]:
    """Immutable once deployed, so only what never changes."""
    return {"app.kubernetes.io/name": module.name, "app.kubernetes.io/instance": module.name}


def labels(module: Module) -> dict[str, str]:
    return {
        **selector(module),
        "app.kubernetes.io/version": module.version,
        "app.kubernetes.io/component": module.component,
        "app.kubernetes.io/part-of": part_of(module),
        "app.kubernetes.io/managed-by": "autoweave",
        **module.labels,
    }


def part_of(module: Module) -> str:
    return (module.system or module.tenant).replace(":", "/").rsplit("/", 1)[-1]


def marks(module: Module, facts: Context) -> dict[str, str]:
    given = {
        "autoweave.io/module-version": module.version,
        "autoweave.io/spec-digest": facts.spec.digest,
        **module.annotations,
    }
    return {key: value for key, value in given.items() if value}


def literals(env: Env) -> dict[str, str]:
    return {name: value for name, value in env.items() if isinstance(value, str)}


def references(env: Env) -> list[Object]:
    return [
        {"name": name, "valueFrom": _source(value)}
        for name, value in env.items()
        if isinstance(value, Reference)
    ]


def _source(value: Reference) -> Object:
    kind = "secretKeyRef" if value.secretKeyRef else "configMapKeyRef"
    key = value.secretKeyRef or value.configMapKeyRef
    assert key
    return {kind: {"name": key.name, "key": key.key} | ({"optional": True} if key.optional else {})}


def has_config(module: Module) -> bool:
    """A ConfigMap is needed if the base or any environment has a plain value."""
    return bool(literals(module.env)) or any(literals(each.env) for each in module.environments.values())


def config_digest(data: dict[str, str]) -> str:
    """Changes with the values, so that pods are replaced when their ConfigMap changes."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:32]


def base(module: Module, facts: Context, texts: Texts) -> dict[str, Object]:
    """File name → object, for every object of the module."""
    filling = values(module, facts)
    kinds = ["deployment", "service", "serviceaccount", "networkpolicy", "poddisruptionbudget"]
    kinds += ["configmap"] if has_config(module) else []
    kinds += ["ingress"] if module.ingress else []
    return {kind: skeletons.fill(texts, f"k8s/{kind}.yaml", **filling) for kind in kinds}


def values(module: Module, facts: Context) -> Object:
    """What the skeletons and the chart's values are filled with."""
    data = literals(module.env)
    config = has_config(module)
    meta = {"name": module.name, "labels": labels(module), "annotations": marks(module, facts)}
    pod: Object = {"labels": labels(module)}
    if config:
        pod["annotations"] = {"autoweave.io/config-digest": config_digest(data)}
    return {
        "name": module.name,
        "image": module.image_reference,
        "replicas": module.replicas,
        "metadata": meta,
        "pod_metadata": pod,
        "selector": selector(module),
        "data": data,
        "env": references(module.env) or None,
        "env_from": [{"configMapRef": {"name": module.name}}] if config else None,
        "resources": module.resources.model_dump(mode="json", exclude_none=True),
        **_port_values(module),
        **probes.probes(module, facts),
        **_network_values(module),
        **_ingress_values(module),
    }


def _port_values(module: Module) -> Object:
    return {
        "container_ports": [
            {"name": port.name, "containerPort": port.port, "protocol": port.protocol}
            for port in module.ports
        ],
        "service_ports": [
            {
                "name": port.name,
                "port": port.service_port or port.port,
                "targetPort": port.name,
                "protocol": port.protocol,
            }
            for port in module.ports
        ],
        "callee_ports": [{"port": port.name, "protocol": port.protocol} for port in module.ports],
        "first_port": module.first_port.name,
    }


def _network_values(module: Module) -> Object:
    names = list(module.network.from_namespaces)
    if module.ingress:
        names.append(module.ingress.controller_namespace)
    others = [_namespace_peer(name) for name in dict.fromkeys(names)]
    dns = {
        "to": [_namespace_peer("kube-system")],
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
    }
    opened = [
        {
            "to": [{"ipBlock": {"cidr": each.cidr}}],
            "ports": [{"port": port, "protocol": each.protocol} for port in each.ports],
        }
        for each in module.network.egress
    ]
    # Pods of the same namespace may call; `podSelector: {}` means just those.
    return {"callers": [{"podSelector": {}}, *others], "egress": [dns, *opened]}


def _namespace_peer(name: str) -> Object:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _ingress_values(module: Module) -> Object:
    ingress = module.ingress
    return {
        "host": ingress.host if ingress else None,
        "ingress_path": ingress.path if ingress else None,
        "ingress_class": ingress.class_name if ingress else None,
        "tls_secret": (ingress.tls_secret or f"{module.name}-tls") if ingress else None,
    }
