"""The Helm layout. Templates are constants, the same bytes for every module; data is in values only."""

from __future__ import annotations

import re
from typing import Any

from tools.manifests import dump, objects, overlays, skeletons
from tools.manifests.context import Context, line
from tools.manifests.module import Module
from tools.manifests.objects import Object
from tools.manifests.parts import Port, Reference
from tools.manifests.skeletons import Texts

_PREFIX = "helm/templates/"


def files(module: Module, facts: Context, texts: Texts) -> dict[str, str]:
    home = module.chart_path
    made = {
        f"{home}/Chart.yaml": dump.yaml(_chart(module, facts, texts)),
        f"{home}/values.yaml": dump.yaml(values(module, facts)),
        f"{home}/values.schema.json": texts["helm/values.schema.json"],
        f"{home}/.helmignore": texts["helm/helmignore"],
    }
    for name in module.environments:
        made[f"{home}/values-{name}.yaml"] = dump.yaml(changes(module, name))
    constants = (path for path in texts if path.startswith(_PREFIX))
    return made | {f"{home}/templates/{path.removeprefix(_PREFIX)}": texts[path] for path in constants}


def _chart(module: Module, facts: Context, texts: Texts) -> Object:
    return skeletons.fill(
        texts,
        "helm/chart.yaml",
        name=module.name,
        description=line(facts.spec.title, 120) or f"The module {module.name}",
        chart_version=semver(module.version),
        version=module.version,
        annotations=objects.marks(module, facts),
    )


_LOOSE = re.compile(
    r"[vV]?(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?(?:\.(0|[1-9][0-9]{0,8}))?(?:-([0-9A-Za-z.-]+))?"
)


def semver(version: str) -> str:
    """Helm demands SemVer 2: `1.2` becomes 1.2.0, what is no version at all a pre-release of 0.0.0."""
    match = _LOOSE.fullmatch(version)
    # `2024-01-02` is a date, not the year 2024's pre-release.
    if match and (match[4] is None or (match[3] and _is_prerelease(match[4]))):
        core = ".".join(part or "0" for part in match.groups()[:3])
        return f"{core}-{match[4]}" if match[4] else core
    return f"0.0.0-v{re.sub('[^0-9A-Za-z-]', '-', version)}"


def _is_prerelease(text: str) -> bool:
    return all(part and not (part.isdigit() and len(part) > 1 and part[0] == "0") for part in text.split("."))


def values(module: Module, facts: Context) -> Object:
    """Everything the templates read, in the order people look for it."""
    made = objects.values(module, facts)
    probes = {kind: made[kind] for kind in ("startup", "liveness", "readiness")}
    return {
        "name": module.name,
        "component": module.component,
        "partOf": objects.part_of(module),
        "environment": "",
        "image": image(module.image_reference),
        "replicas": module.replicas,
        "ports": [_port(port) for port in module.ports],
        "hasConfig": objects.has_config(module),
        "config": objects.literals(module.env),
        "env": objects.references(module.env),
        "resources": made["resources"],
        "probes": probes,
        "ingress": _ingress(made),
        "network": {"callers": made["callers"], "egress": made["egress"]},
        "labels": dict(module.labels),
        "annotations": objects.marks(module, facts),
        "test": {
            "image": image("docker.io/library/busybox:1.37.0"),
            "port": _port(module.first_port)["servicePort"],
        },
    }


def changes(module: Module, name: str) -> Object:
    """What one environment's values lay over values.yaml. Helm merges maps and replaces lists."""
    environment = module.environments[name]
    merged = module.env | environment.env
    found: dict[str, Any] = {
        "environment": name,
        "replicas": environment.replicas,
        "config": overlays.config(module, environment) or None,
        "env": objects.references(merged) if _has_references_changed(module, name) else None,
        "resources": overlays.changes(environment) or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _has_references_changed(module: Module, name: str) -> bool:
    environment = module.environments[name]
    return any(
        isinstance(value, Reference) or isinstance(module.env.get(key), Reference)
        for key, value in environment.env.items()
    )


def image(reference: str) -> dict[str, str]:
    """Its parts, as people override them: repository, tag, digest."""
    rest, _, digest = reference.partition("@")
    path, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    parts = {"repository": f"{path}{slash}{last}", "tag": tag, "digest": digest}
    return {key: value for key, value in parts.items() if value}


def _port(port: Port) -> Object:
    return {
        "name": port.name,
        "port": port.port,
        "servicePort": port.service_port or port.port,
        "protocol": port.protocol,
    }


def _ingress(made: Object) -> Object:
    if made["host"] is None:
        return {"enabled": False}
    ingress = {
        "enabled": True,
        "className": made["ingress_class"],
        "host": made["host"],
        "path": made["ingress_path"],
        "port": made["first_port"],
        "tlsSecret": made["tls_secret"],
    }
    return {key: value for key, value in ingress.items() if value is not None}
