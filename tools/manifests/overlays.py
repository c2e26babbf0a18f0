"""Kustomize: the base's list of files and one overlay for each environment."""

from __future__ import annotations

from typing import Any

from tools.manifests import dump, objects, skeletons
from tools.manifests.module import Module
from tools.manifests.objects import Object
from tools.manifests.parts import Environment, Reference
from tools.manifests.skeletons import Texts


def base(kinds: list[str], texts: Texts) -> Object:
    files = [f"{kind}.yaml" for kind in sorted(kinds)]
    return skeletons.fill(texts, "k8s/kustomization.yaml", resources=files)


def overlay(module: Module, name: str, texts: Texts) -> Object:
    environment = module.environments[name]
    replicas = environment.replicas
    return skeletons.fill(
        texts,
        "k8s/overlay.yaml",
        namespace=module.namespace(name),
        environment=name,
        replicas=None if replicas is None else [{"name": module.name, "count": replicas}],
        patches=_patches(module, environment) or None,
    )


def _patches(module: Module, environment: Environment) -> list[Object]:
    """Strategic-merge patches; each is written by our own dumper into a text kustomize parses."""
    found = []
    changed = config(module, environment)
    if changed:
        found.append(_patch("v1", "ConfigMap", module.name, {"data": changed}))
    template: Object = {}
    if changed:
        digest = objects.config_digest(objects.literals(module.env | environment.env))
        template["metadata"] = {"annotations": {"autoweave.io/config-digest": digest}}
    container = _container(module, environment)
    if container:
        template["spec"] = {"containers": [{"name": module.name, **container}]}
    if template:
        found.append(_patch("apps/v1", "Deployment", module.name, {"spec": {"template": template}}))
    return found


def config(module: Module, environment: Environment) -> dict[str, str | None]:
    """The plain values the environment changes; None takes one away that became a reference."""
    gone = [name for name in objects.literals(module.env) if isinstance(environment.env.get(name), Reference)]
    return {**objects.literals(environment.env), **dict.fromkeys(gone)}


def _patch(version: str, kind: str, name: str, body: Object) -> Object:
    data = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **body}
    return {"patch": dump.yaml(data)}


def _container(module: Module, environment: Environment) -> Object:
    result: Object = {}
    env = objects.references(environment.env) + [
        # A plain value goes into the ConfigMap; the base's reference would win over it.
        {"name": name, "$patch": "delete"}
        for name, value in module.env.items()
        if isinstance(value, Reference) and isinstance(environment.env.get(name), str)
    ]
    if env:
        result["env"] = env
    resources = changes(environment)
    if resources:
        result["resources"] = resources
    return result


def changes(environment: Environment) -> dict[str, Any]:
    """The resources this environment changes, without what it leaves alone."""
    data = environment.resources.model_dump(mode="json", exclude_none=True)
    return {key: value for key, value in data.items() if value}
