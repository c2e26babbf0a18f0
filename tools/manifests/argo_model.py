"""Argo CD's objects as far as AutoWeave lets them be used. Written by hand; the CRD's own schema is
416 kB and lets the mistakes through that `argo_check` finds.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class ArgoPart(BaseModel):
    # Built at first use: most runs check nothing of Argo CD's.
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        defer_build=True,
    )


class Metadata(ArgoPart):
    name: str = Field(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=253)
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=list)


class HelmParameter(ArgoPart):
    name: str
    value: str
    force_string: bool = False


class Helm(ArgoPart):
    release_name: str | None = Field(default=None, max_length=53)
    value_files: list[str] = Field(default_factory=list)
    values_object: dict[str, Any] | None = None
    values: str | None = None
    parameters: list[HelmParameter] = Field(default_factory=list)
    ignore_missing_value_files: bool = False
    skip_crds: bool = False


class Kustomize(ArgoPart):
    images: list[str] = Field(default_factory=list)
    name_prefix: str | None = None
    name_suffix: str | None = None
    common_labels: dict[str, str] = Field(default_factory=dict)
    common_annotations: dict[str, str] = Field(default_factory=dict)
    build_options: str | None = None


class Source(ArgoPart):
    repo_url: str = Field(alias="repoURL", min_length=1)
    path: str | None = None
    chart: str | None = None
    ref: str | None = None
    target_revision: str | None = None
    helm: Helm | None = None
    kustomize: Kustomize | None = None
    plugin: dict[str, Any] | None = None


class Destination(ArgoPart):
    server: str | None = None
    name: str | None = None
    namespace: str | None = None


class Automated(ArgoPart):
    enabled: bool | None = None
    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False


class Backoff(ArgoPart):
    duration: str | None = None
    factor: int | None = Field(default=None, ge=1, le=100)
    max_duration: str | None = None


class Retry(ArgoPart):
    limit: int = Field(default=5, ge=-1, le=1000)
    backoff: Backoff | None = None


class SyncPolicy(ArgoPart):
    automated: Automated | None = None
    sync_options: list[str] = Field(default_factory=list)
    retry: Retry | None = None


class Difference(ArgoPart):
    group: str | None = None
    kind: str
    name: str | None = None
    namespace: str | None = None
    json_pointers: list[str] = Field(default_factory=list)
    jq_path_expressions: list[str] = Field(default_factory=list)


class Info(ArgoPart):
    name: str
    value: str


class ApplicationSpec(ArgoPart):
    project: str
    destination: Destination
    source: Source | None = None
    sources: list[Source] | None = None
    sync_policy: SyncPolicy | None = None
    ignore_differences: list[Difference] = Field(default_factory=list)
    info: list[Info] = Field(default_factory=list)
    revision_history_limit: int | None = Field(default=None, ge=0, le=1000)


class Application(ArgoPart):
    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["Application"]
    metadata: Metadata
    spec: ApplicationSpec


class Generator(ArgoPart):
    """The list generator alone: the others read git, clusters or pull requests at run time."""

    class Elements(ArgoPart):
        elements: list[dict[str, str]] = Field(min_length=1, max_length=100)

    list: Elements


class TemplateMetadata(ArgoPart):
    name: str
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=list)


class Template(ArgoPart):
    metadata: TemplateMetadata
    spec: ApplicationSpec


class SetSpec(ArgoPart):
    go_template: bool = False
    go_template_options: list[str] = Field(default_factory=list)
    generators: list[Generator] = Field(min_length=1, max_length=10)
    template: Template


class ApplicationSet(ArgoPart):
    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["ApplicationSet"]
    metadata: Metadata
    spec: SetSpec


class GroupKind(ArgoPart):
    group: str
    kind: str
    name: str | None = None


class ProjectSpec(ArgoPart):
    description: str = Field(default="", max_length=255)
    source_repos: list[str] = Field(default_factory=list)
    destinations: list[Destination] = Field(default_factory=list)
    cluster_resource_whitelist: list[GroupKind] = Field(default_factory=list)
    namespace_resource_whitelist: list[GroupKind] = Field(default_factory=list)
    namespace_resource_blacklist: list[GroupKind] = Field(default_factory=list)


class AppProject(ArgoPart):
    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["AppProject"]
    metadata: Metadata
    spec: ProjectSpec
