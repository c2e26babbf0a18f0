"""Module descriptor in; manifests, Argo CD objects and Backstage entry out. Writes no file."""

from collections.abc import Mapping
from typing import Any

from core.findings import Finding
from tools.manifests.bundle import expected, render
from tools.manifests.descriptor import default, read, schema, slug, tag, tenant
from tools.manifests.module import Module
from tools.manifests.skeletons import templates

__all__ = [
    "Module",
    "check_application",
    "default",
    "expected",
    "read",
    "render",
    "schema",
    "slug",
    "tag",
    "templates",
    "tenant",
]


def check_application(
    obj: Mapping[str, Any], *, project: Mapping[str, Any] | None = None, file: str = ""
) -> list[Finding]:
    """Findings for an Argo CD Application, ApplicationSet or AppProject; other kinds have none.

    With `project`, the AppProject the Application names, repository and namespace must be its own.
    """
    from tools.manifests import argo_check  # noqa: PLC0415  # twenty models that most runs never need

    return argo_check.check(obj, project=project, file=file)
