"""Render: module and facts in, path → text out. Nothing is written to disk here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import Invalid, TooLarge
from core.findings import Finding
from tools.manifests import (
    argo,
    backstage,
    chart,
    descriptor,
    dump,
    lock,
    objects,
    overlays,
    probes,
    skeletons,
)
from tools.manifests import context as contexts
from tools.manifests.context import Context
from tools.manifests.module import Module
from tools.manifests.skeletons import Texts

MAX_FILE = 3 * 1024 * 1024
MAX_FILES = 1000


class PathRefused(Invalid):
    """A file of the bundle would lie where it must not."""

    code = "AW332"
    fix = "Rename the schema or file the path comes from."


class BundleTooLarge(TooLarge):
    code = "AW333"
    fix = "Split the module, or move large values out of the descriptor."


def render(module: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """`{"files": {path: text}, "module": …, "findings": […]}`, plain data both ways.

    `context` is what `Context` describes; every part of it may be left out.
    """
    checked = descriptor.checked(module)
    facts = contexts.context(context)
    texts = facts.templates if facts.templates is not None else skeletons.templates()
    made = _manifests(checked, facts, texts)
    _limit(made)
    files = made | _carried(checked, facts)
    files[f"apps/{checked.name}/autoweave.lock"] = lock.text(checked, facts, texts, [*files, *facts.beside])
    files = dict(sorted(files.items()))
    return {
        "files": files,
        "module": checked.plain(),
        "findings": [finding.to_dict() for finding in notes(checked, facts)],
    }


def expected(module: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, str]:
    """Path → text of the objects each environment gets, to be validated without helm or kustomize."""
    checked = descriptor.checked(module)
    facts = contexts.context(context)
    texts = facts.templates if facts.templates is not None else skeletons.templates()
    made = {}
    for name in checked.environments:
        for kind, each in objects.base(checked.within(name), facts, texts).items():
            each["metadata"] = {"name": checked.name, "namespace": checked.namespace(name)} | each["metadata"]
            made[f"apps/{checked.name}/expected/{name}/{kind}.yaml"] = dump.yaml(each)
    return made


def _manifests(module: Module, facts: Context, texts: Texts) -> dict[str, str]:
    home = f"apps/{module.name}"
    made = chart.files(module, facts, texts) if module.layout == "helm" else _kustomize(module, facts, texts)
    made |= argo.files(module, facts, texts)
    made[f"{home}/catalog-info.yaml"] = backstage.text(module, facts, texts)
    return made


def _kustomize(module: Module, facts: Context, texts: Texts) -> dict[str, str]:
    home = f"apps/{module.name}"
    kinds = objects.base(module, facts, texts)
    made = {f"{home}/base/{kind}.yaml": dump.yaml(each) for kind, each in kinds.items()}
    made[f"{home}/base/kustomization.yaml"] = dump.yaml(overlays.base(list(kinds), texts))
    for name in module.environments:
        path = f"{home}/overlays/{name}/kustomization.yaml"
        made[path] = dump.yaml(overlays.overlay(module, name, texts))
    return made


_SAFE = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}/){0,8}[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}")


def _carried(module: Module, facts: Context) -> dict[str, str]:
    """Files other steps made: the models, the spec itself."""
    home = f"apps/{module.name}"
    carried = {f"{home}/openapi.yaml": facts.openapi} if facts.openapi else {}
    for path, text in facts.models.items():
        if not _SAFE.fullmatch(path):
            raise PathRefused(f"The models hold a file at {path!r}.", place=path[:200])
        carried[f"{home}/models/{path}"] = text
    return carried


def _limit(files: Mapping[str, str]) -> None:
    if len(files) > MAX_FILES:
        raise BundleTooLarge(f"The bundle has {len(files)} manifests; at most {MAX_FILES} are made.")
    for path, text in files.items():
        if len(text) > MAX_FILE:
            raise BundleTooLarge(
                f"{path} has {len(text)} characters; at most {MAX_FILE} are made.", place=path
            )


def notes(module: Module, facts: Context) -> list[Finding]:
    """What we decided because nobody said otherwise."""
    found = []
    home = f"apps/{module.name}"
    if module.image is None:
        found.append(
            Finding(
                rule="AW341",
                severity="warning",
                message=f"No image was given; the manifests name {module.image_reference}.",
                file=home,
                fix="Give --image, or `image:` in autoweave.yaml.",
            )
        )
    if not probes.found(facts) and module.health.readiness is None:
        found.append(
            Finding(
                rule="AW342",
                severity="note",
                message="The spec has no health operation; the probes only try to connect.",
                file=home,
                fix="Add a GET /healthz to the spec, or `health:` to autoweave.yaml.",
            )
        )
    if module.argocd != "none" and not (module.git.remote or facts.repository):
        found.append(
            Finding(
                rule="AW343",
                severity="warning",
                message=f"No git remote was given; Argo CD is told {argo.repository(module, facts)}.",
                file=f"argocd/apps/{module.name}.yaml",
                fix="Give --git-remote, or `git: {remote: …}` in autoweave.yaml.",
            )
        )
    return found
