"""The parts of a module descriptor: values, ports, amounts, probes, network, environments."""

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
    Bytes,
    Cpu,
    DataKey,
    EnvName,
    Host,
    ObjectName,
    PortName,
    Scalar,
    UrlPath,
    quantity,
    refuse,
)

MAX_ENV_BYTES = 256 * 1024


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
        self.check_order("")
        return self

    def check_order(self, where: str) -> None:
        """A request above its limit is refused by the cluster only when a pod is to be made."""
        requests, limits = self.requests, self.limits
        if quantity(requests.memory) > quantity(limits.memory):
            raise refuse("AW306", f"{where}memory: the request {requests.memory} is above {limits.memory}")
        if limits.cpu and quantity(requests.cpu) > quantity(limits.cpu):
            raise refuse("AW306", f"{where}cpu: the request {requests.cpu} is above {limits.cpu}")


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
        return checked_env(value)


# Measured: kustomize turns U+0085 into a blank and stops at the others.
UNREADABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def checked_env(env: dict[str, Any]) -> dict[str, Any]:
    size = 0
    for name, value in env.items():
        if not isinstance(value, str):
            continue
        size += len(value.encode("utf-8", "surrogatepass"))
        if secrets.shaped(value) or (value and secrets.named(name)):
            raise refuse("AW308", f"`{name}` looks like a secret and would be readable in git")
        if UNREADABLE.search(value):
            raise refuse("AW307", f"`{name}` holds a control character")
    if size > MAX_ENV_BYTES:
        raise refuse("AW310", f"the values take {size} bytes; at most {MAX_ENV_BYTES} fit")
    return env
