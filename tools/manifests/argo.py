"""The Argo CD objects of a module: Application or ApplicationSet, and the tenant's AppProject."""

from __future__ import annotations

import re
from typing import Any

from core.errors import Conflict
from tools.manifests import dump, loading, objects, skeletons
from tools.manifests.context import Context
from tools.manifests.module import Module
from tools.manifests.objects import Object
from tools.manifests.skeletons import Texts


class RepositoryDiffers(Conflict):
    """The tenant's project names another repository than this module."""

    code = "AW334"
    fix = "Give the repository the tenant's other modules use, or mend the project file first."


SERVER = "https://kubernetes.default.svc"


def files(module: Module, facts: Context, texts: Texts) -> dict[str, str]:
    if module.argocd == "none":
        return {}
    project = dump.yaml(_project(module, facts, texts))
    return {
        f"argocd/apps/{module.name}.yaml": _apps(module, facts, texts),
        f"argocd/projects/{module.tenant}.yaml": project,
    }


def repository(module: Module, facts: Context) -> str:
    """What Argo CD reads; the last one is a name nobody can own."""
    return module.git.remote or facts.repository or f"https://git.example/{module.tenant}/apps.git"


def _apps(module: Module, facts: Context, texts: Texts) -> str:
    if module.argocd == "applicationset":
        return dump.yaml(_set(module, facts, texts))
    made = (_application(module, facts, texts, name) for name in module.environments)
    return "---\n".join(dump.yaml(each) for each in made)


def _application(module: Module, facts: Context, texts: Texts, environment: str) -> Object:
    return skeletons.fill(
        texts,
        "argocd/application.yaml",
        metadata={
            "name": f"{module.tenant}.{module.name}.{environment}",
            "namespace": "argocd",
            "labels": _labels(module) | {"autoweave.io/environment": environment},
            "annotations": objects.marks(module, facts),
        },
        project=module.project,
        source=_source(module, facts, environment),
        namespace=module.namespace(environment),
    )


def _set(module: Module, facts: Context, texts: Texts) -> Object:
    """One element per environment. Only these go-template words are ever in the template; no text
    from a person or a spec is.
    """
    name = f"{module.tenant}.{module.name}"
    one = _application(module, facts, texts, next(iter(module.environments)))
    spec = one["spec"] | {
        "source": _source(module, facts, "{{ .environment }}"),
        "destination": {"server": SERVER, "namespace": "{{ .namespace }}"},
    }
    labels = _labels(module) | {"autoweave.io/environment": "{{ .environment }}"}
    elements = [{"environment": each, "namespace": module.namespace(each)} for each in module.environments]
    return skeletons.fill(
        texts,
        "argocd/applicationset.yaml",
        metadata={"name": name, "namespace": "argocd", "labels": _labels(module)},
        elements=elements,
        template_metadata={"name": f"{name}.{{{{ .environment }}}}", "labels": labels},
        template_spec=spec,
    )


def _labels(module: Module) -> dict[str, str]:
    wanted = ("name", "version", "part-of", "managed-by")
    every = objects.labels(module)
    return {f"app.kubernetes.io/{word}": every[f"app.kubernetes.io/{word}"] for word in wanted}


def _source(module: Module, facts: Context, environment: str) -> Object:
    source: dict[str, Any] = {"repoURL": repository(module, facts), "targetRevision": module.git.branch}
    if module.layout == "helm":
        values = ["values.yaml", f"values-{environment}.yaml"]
        return source | {
            "path": module.chart_path,
            "helm": {"releaseName": module.name, "valueFiles": values},
        }
    return source | {"path": f"apps/{module.name}/overlays/{environment}"}


def _project(module: Module, facts: Context, texts: Texts) -> Object:
    own = {module.namespace(each) for each in module.environments}
    namespaces = sorted(own | set(_known(module, facts)))
    destinations = [{"server": SERVER, "namespace": each} for each in namespaces]
    return skeletons.fill(
        texts,
        "argocd/project.yaml",
        project=module.project,
        description=f"Modules of the tenant {module.tenant}",
        repository=repository(module, facts),
        destinations=destinations,
    )


def _known(module: Module, facts: Context) -> list[str]:
    """The tenant's namespaces in the project file as it stands: other modules use them."""
    place = f"argocd/projects/{module.tenant}.yaml"
    spec = loading.load(facts.project or "", place).get("spec")
    if not isinstance(spec, dict):
        return []
    repos = spec.get("sourceRepos")
    if isinstance(repos, list) and repos and repos != [repository(module, facts)]:
        raise RepositoryDiffers(
            f"The project of the tenant {module.tenant} reads {repos[0]}, not {repository(module, facts)}.",
            place=place,
        )
    listed = spec.get("destinations")
    listed = listed if isinstance(listed, list) else []
    found = (each.get("namespace") for each in listed if isinstance(each, dict))
    own = re.compile(rf"{re.escape(module.tenant)}-[a-z][a-z0-9]{{0,19}}")
    return [each for each in found if isinstance(each, str) and own.fullmatch(each)]
