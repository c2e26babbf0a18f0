"""The module descriptor, `autoweave.yaml`: what a person says about a module.

What could harm the cluster (host paths, privileges, service account tokens) has no field here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    StrictInt,
    field_validator,
    model_validator,
)

from tools.manifests import secrets
from tools.manifests.fields import (
    Branch,
    ChartPath,
    Entity,
    EnvironmentName,
    Image,
    LabelValue,
    MetaKey,
    Name,
    Registry,
    Remote,
    Tenant,
    Version,
    refuse,
)
from tools.manifests.parts import (
    UNREADABLE,
    Env,
    Environment,
    Health,
    Ingress,
    Network,
    Part,
    PartialRequests,
    Port,
    Probe,
    Resources,
    checked_env,
)

MAX_TEXT = 4096
MAX_ANNOTATION_BYTES = 128 * 1024  # half of what the cluster takes for all of an object's


class Git(Part):
    remote: Remote | None = Field(default=None, description="Where the repository lives; Argo CD reads it.")
    branch: Branch = "main"


Replicas = Annotated[StrictInt, Field(ge=0, le=1000)]
Texts = Annotated[dict[MetaKey, Annotated[str, Field(max_length=MAX_TEXT)]], Field(max_length=50)]


def _three() -> dict[str, Environment]:
    return {"dev": Environment(replicas=1), "staging": Environment(), "prod": Environment()}


class Module(Part):
    """A service to be integrated."""

    model_config = ConfigDict(
        title="AutoWeave module descriptor",
        json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"},
    )

    name: Name = Field(description="Name of the Deployment, the Service and the folder.")
    version: Version = Field(description="Version of the module; a label on every object.")
    tenant: Tenant = Field(
        default="main",
        description="Owner of the namespaces `<tenant>-<environment>` and the project `tenant-<tenant>`.",
    )
    image: Image | None = Field(
        default=None,
        description="Tag or digest required. `<registry>/<tenant>/<name>:<version>` if left out.",
    )
    registry: Registry = Field(default="registry.example", description="Used only where `image` is left out.")
    component: LabelValue = Field(
        default="api", description="Label app.kubernetes.io/component.", min_length=1
    )
    replicas: Replicas = 2
    ports: Annotated[tuple[Port, ...], Field(min_length=1, max_length=20)] = (Port(),)
    env: Env = Field(
        default_factory=dict, description="Plain values, or references to a Secret or ConfigMap."
    )
    resources: Resources = Resources()
    health: Health = Health()
    ingress: Ingress | None = None
    network: Network = Network()
    environments: Annotated[dict[EnvironmentName, Environment], Field(min_length=1, max_length=10)] = Field(
        default_factory=_three
    )
    layout: Literal["kustomize", "helm"] = "kustomize"
    chart: ChartPath | None = Field(
        default=None, description="Folder of the Helm chart; `apps/<name>/chart` if left out."
    )
    argocd: Literal["application", "applicationset", "none"] = "application"
    git: Git = Git()
    labels: Annotated[dict[MetaKey, LabelValue], Field(max_length=50)] = Field(default_factory=dict)
    annotations: Texts = Field(default_factory=dict)
    owner: Entity = Field(default="unknown", description="Backstage owner of the component.")
    system: Entity | None = Field(default=None, description="Backstage system the component belongs to.")

    @field_validator("env")
    @classmethod
    def _env(cls, value: dict[str, Any]) -> dict[str, Any]:
        return checked_env(value)

    @model_validator(mode="after")
    def _together(self) -> Self:
        _check_ports(self)
        _check_chart(self)
        _check_lengths(self)
        _check_annotations(self)
        for name in self.environments:
            self.resources_in(name).check_order(f"environments.{name}.resources: ")
        return self

    @property
    def image_reference(self) -> str:
        return self.image or f"{self.registry}/{self.tenant}/{self.name}:{self.version}"

    @property
    def chart_path(self) -> str:
        return self.chart or f"apps/{self.name}/chart"

    @property
    def project(self) -> str:
        return f"tenant-{self.tenant}"

    @property
    def first_port(self) -> Port:
        """The API's port: the first TCP one."""
        return next(port for port in self.ports if port.protocol == "TCP")

    def namespace(self, environment: str) -> str:
        return f"{self.tenant}-{environment}"

    def resources_in(self, environment: str) -> Resources:
        """The base's, with what the environment changes; not checked."""
        changed = self.environments[environment].resources
        requests = self.resources.requests.model_copy(update=_given(changed.requests))
        limits = self.resources.limits.model_copy(update=_given(changed.limits))
        return Resources.model_construct(requests=requests, limits=limits)

    def within(self, environment: str) -> Module:
        """The module as one environment has it, with the environment's label; not for another render."""
        changed = self.environments[environment]
        return self.model_copy(
            update={
                "replicas": self.replicas if changed.replicas is None else changed.replicas,
                "env": self.env | changed.env,
                "resources": self.resources_in(environment),
                "labels": {**self.labels, "autoweave.io/environment": environment},
            }
        )

    def plain(self) -> dict[str, Any]:
        """Plain data that `Module.model_validate` reads back as the same module."""
        return self.model_dump(mode="json")


def _given(part: PartialRequests) -> dict[str, str]:
    return part.model_dump(exclude_none=True)


def _check_ports(module: Module) -> None:
    for what, seen in (
        ("name", [port.name for port in module.ports]),
        ("number", [(port.port, port.protocol) for port in module.ports]),
        ("Service port", [(port.service_port or port.port, port.protocol) for port in module.ports]),
    ):
        if len(set(seen)) != len(seen):
            raise refuse("AW303", f"ports: two ports have the same {what}")
    tcp = {port.name for port in module.ports if port.protocol == "TCP"}
    if not tcp:
        raise refuse("AW303", "ports: at least one must be TCP; probes and the API use it")
    for kind in ("liveness", "readiness", "startup"):
        probe: Probe | None = getattr(module.health, kind)
        if probe and probe.port and probe.port not in tcp:
            raise refuse("AW303", f"health.{kind}.port: no TCP port is named `{probe.port}`")


def _check_annotations(module: Module) -> None:
    for key, value in module.annotations.items():
        if secrets.named(key) or secrets.shaped(value):
            raise refuse("AW308", f"annotations.{key} looks like a secret; anyone may read an annotation")
        if UNREADABLE.search(value):
            raise refuse("AW313", f"annotations.{key} holds a control character")
    if sum(len(value.encode()) for value in module.annotations.values()) > MAX_ANNOTATION_BYTES:
        raise refuse("AW310", f"annotations: at most {MAX_ANNOTATION_BYTES} bytes fit")


_TAKEN = ("apps", "argocd", "policy")


def _check_chart(module: Module) -> None:
    path = module.chart_path
    own = path.startswith(f"apps/{module.name}/") and path.split("/")[2] not in {"models", "base", "overlays"}
    if not own and path.split("/")[0].lower() in _TAKEN:
        raise refuse("AW309", f"chart: `{path}` belongs to another part of the repository")


def _check_lengths(module: Module) -> None:
    for environment in module.environments:
        name = f"{module.tenant}.{module.name}.{environment}"
        if len(name) > 63:
            raise refuse("AW304", f"the Argo CD name `{name}` is longer than 63 characters; shorten the name")
