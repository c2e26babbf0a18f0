"""The module descriptor, `autoweave.yaml`: what a person says about a module.

What could harm the cluster (host paths, privileges, service account tokens) has no field here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    Tag,
    field_validator,
    model_validator,
)

from tools.manifests import secrets
from tools.manifests.fields import (
    Branch,
    Bytes,
    ChartPath,
    Cpu,
    DataKey,
    Entity,
    EnvironmentName,
    EnvName,
    Host,
    Image,
    LabelValue,
    MetaKey,
    Name,
    ObjectName,
    PortName,
    Registry,
    Remote,
    Scalar,
    Tenant,
    UrlPath,
    Version,
    quantity,
    refuse,
)

MAX_TEXT = 4096
MAX_ENV_BYTES = 256 * 1024
MAX_ANNOTATION_BYTES = 128 * 1024  # half of what the cluster takes for all of an object's


class Part(BaseModel):
    """Closed and frozen: an unknown field is a mistake, and nothing changes after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=32_768)


class KeyRef(Part):
    name: ObjectName = Field(description="Name of the Secret or ConfigMap.")
    key: DataKey = Field(description="Key in it.")
    optional: StrictBool = Field(default=False, description="Start even if it does not exist.")


class Reference(Part):
    """A value taken from a Secret or a ConfigMap in the cluster."""

    secretKeyRef: KeyRef | None = None  # noqa: N815  # Kubernetes' own spelling
    configMapKeyRef: KeyRef | None = None  # noqa: N815  # Kubernetes' own spelling

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.secretKeyRef is None) == (self.configMapKeyRef is None):
            raise refuse("AW303", "give either secretKeyRef or configMapKeyRef")
        return self


def _form(value: Any) -> str:
    return "reference" if isinstance(value, dict | Reference) else "text"


EnvValue = Annotated[
    Annotated[str, Scalar, Field(max_length=32_768), Tag("text")] | Annotated[Reference, Tag("reference")],
    Discriminator(_form),
]
Env = Annotated[dict[EnvName, EnvValue], Field(max_length=200)]


class Port(Part):
    name: PortName = "http"
    port: Annotated[StrictInt, Field(ge=1024, le=65535)] = Field(
        default=8080, description="Port the container listens on; below 1024 needs root."
    )
    service_port: Annotated[StrictInt, Field(ge=1, le=65535)] | None = Field(
        default=None, description="Port of the Service; `port` if left out."
    )
    protocol: Literal["TCP", "UDP"] = "TCP"


class Requests(Part):
    cpu: Cpu = "100m"
    memory: Bytes = "128Mi"


class Limits(Part):
    cpu: Cpu | None = Field(default=None, description="None by default: a CPU limit throttles.")
    memory: Bytes = "256Mi"


class Resources(Part):
    requests: Requests = Requests()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if quantity(self.requests.memory) > quantity(self.limits.memory):
            raise refuse("AW306", "memory: the request is above the limit")
        if self.limits.cpu and quantity(self.requests.cpu) > quantity(self.limits.cpu):
            raise refuse("AW306", "cpu: the request is above the limit")
        return self


class Probe(Part):
    """With a path an HTTP GET, without one a TCP connect."""

    path: UrlPath | None = None
    port: PortName | None = Field(default=None, description="Name of a port; the first TCP one if left out.")
    delay_s: Annotated[StrictInt, Field(ge=0, le=3600)] = 0
    period_s: Annotated[StrictInt, Field(ge=1, le=600)] = 10
    timeout_s: Annotated[StrictInt, Field(ge=1, le=300)] = 3
    failures: Annotated[StrictInt, Field(ge=1, le=100)] = 3


class Health(Part):
    """What is left out comes from the spec's own health operations, else it is a TCP connect."""

    liveness: Probe | None = None
    readiness: Probe | None = None
    startup: Probe | None = None


class Ingress(Part):
    host: Host
    path: UrlPath = "/"
    class_name: ObjectName | None = None
    tls_secret: ObjectName | None = Field(
        default=None, description="Secret with the certificate; `<name>-tls` if left out."
    )
    controller_namespace: ObjectName = Field(
        default="ingress-nginx", description="Namespace the ingress controller's traffic comes from."
    )


class Egress(Part):
    cidr: Annotated[str, Field(max_length=49)]
    ports: Annotated[
        tuple[Annotated[StrictInt, Field(ge=1, le=65535)], ...], Field(min_length=1, max_length=20)
    ]
    protocol: Literal["TCP", "UDP"] = "TCP"

    @field_validator("cidr")
    @classmethod
    def _network(cls, value: str) -> str:
        from ipaddress import ip_network  # noqa: PLC0415  # few modules name a network

        try:
            network = ip_network(value, strict=True)
        except ValueError as error:
            raise refuse("AW303", "is not a network (such as 10.20.0.0/16)") from error
        return str(network)


class Network(Part):
    """Traffic let through besides DNS and callers in the same namespace."""

    from_namespaces: Annotated[tuple[ObjectName, ...], Field(max_length=50)] = ()
    egress: Annotated[tuple[Egress, ...], Field(max_length=50)] = ()


class PartialRequests(Part):
    cpu: Cpu | None = None
    memory: Bytes | None = None


class PartialResources(Part):
    requests: PartialRequests = PartialRequests()
    limits: PartialRequests = PartialRequests()


class Environment(Part):
    """What differs in one environment; the rest is as in the base."""

    replicas: Annotated[StrictInt, Field(ge=0, le=1000)] | None = None
    env: Env = Field(default_factory=dict)
    resources: PartialResources = PartialResources()

    @field_validator("env")
    @classmethod
    def _env(cls, value: dict[str, Any]) -> dict[str, Any]:
        return _checked_env(value)


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
        return _checked_env(value)

    @model_validator(mode="after")
    def _together(self) -> Self:
        _check_ports(self)
        _check_chart(self)
        _check_lengths(self)
        _check_annotations(self)
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

    def plain(self) -> dict[str, Any]:
        """Plain data that `Module.model_validate` reads back as the same module."""
        return self.model_dump(mode="json")


# Measured: kustomize turns U+0085 into a blank and stops at the others.
_UNREADABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def _checked_env(env: dict[str, Any]) -> dict[str, Any]:
    size = 0
    for name, value in env.items():
        if not isinstance(value, str):
            continue
        size += len(value.encode("utf-8", "surrogatepass"))
        if secrets.shaped(value) or (value and secrets.named(name)):
            raise refuse("AW308", f"`{name}` looks like a secret and would be readable in git")
        if _UNREADABLE.search(value):
            raise refuse("AW307", f"`{name}` holds a control character")
    if size > MAX_ENV_BYTES:
        raise refuse("AW310", f"the values take {size} bytes; at most {MAX_ENV_BYTES} fit")
    return env


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
        if _UNREADABLE.search(value):
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
