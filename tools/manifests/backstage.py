"""The Backstage entry: a Component and the API it provides."""

from __future__ import annotations

import re

from tools.manifests import dump, skeletons
from tools.manifests.context import Context, line
from tools.manifests.module import Module
from tools.manifests.skeletons import Texts


def text(module: Module, facts: Context, texts: Texts) -> str:
    values = {
        "name": module.name,
        "title": line(facts.spec.title, 120) or None,
        "description": line(facts.spec.description, 500) or None,
        "owner": module.owner,
        "system": module.system,
        "annotations": _annotations(module, facts),
    }
    kinds = ["component", "api"] if facts.openapi else ["component"]
    documents = [skeletons.fill(texts, f"backstage/{kind}.yaml", **values) for kind in kinds]
    if not facts.openapi:
        del documents[0]["spec"]["providesApis"]
    return "---\n".join(dump.yaml(document) for document in documents)


def _annotations(module: Module, facts: Context) -> dict[str, str]:
    found = {"backstage.io/kubernetes-id": module.name}
    if module.argocd != "none":
        found["argocd/app-selector"] = f"app.kubernetes.io/name={module.name}"
    remote = module.git.remote or facts.repository or ""
    slug = re.fullmatch(r"(?:https://|ssh://git@|git@)github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?", remote)
    if slug:
        found["github.com/project-slug"] = slug[1]
    return found
