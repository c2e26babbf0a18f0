"""The types of the module descriptor's fields: what a name, an image, a quantity may be.

Each type is a pattern the published JSON Schema shows, and a check that says what is wrong.
The error's type is the code of the rule (`AW…`).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

RESERVED = frozenset({"default", "argocd", "kube", "kubernetes", "localhost", "openshift", "istio-system"})
RESERVED_PREFIXES = ("kube-", "openshift-", "xn--")


def refuse(code: str, message: str) -> PydanticCustomError:
    """A refusal with its code; braces in `message` are text, not a template."""
    return PydanticCustomError(code, "{message}", {"message": message})


def _shown(pattern: str) -> Any:
    """A pattern for editors, in the published schema; the check beside it speaks more clearly."""
    return Field(json_schema_extra={"pattern": pattern})


def _text(value: Any) -> Any:
    """YAML reads `version: 2` and `cpu: 1` as numbers; people mean the text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Numeric = BeforeValidator(_text, json_schema_input_type=str | int | float)
Scalar = BeforeValidator(_text, json_schema_input_type=str | bool | int | float)

_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise refuse("AW304", "must be lower-case letters, digits and hyphens, and start with a letter")
    if value in RESERVED or value.startswith(RESERVED_PREFIXES):
        raise refuse("AW304", "is reserved")
    return value


_NAME = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
Name = Annotated[str, Field(min_length=1, max_length=50), _shown(_NAME), AfterValidator(_label)]
Tenant = Annotated[str, Field(min_length=1, max_length=40), _shown(_NAME), AfterValidator(_label)]


def _environment(value: str) -> str:
    # No hyphen: `<tenant>-<environment>` then names one tenant's namespace and no other's.
    if not re.fullmatch(r"[a-z][a-z0-9]{0,19}", value):
        raise refuse("AW304", "is no environment: 1 to 20 lower-case letters and digits, letter first")
    return value


EnvironmentName = Annotated[str, AfterValidator(_environment)]


def _port_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?", value) or not re.search("[a-z]", value):
        raise refuse("AW304", "is no port name: at most 15 lower-case letters, digits and hyphens")
    if "--" in value:
        raise refuse("AW304", "is no port name: it holds a double hyphen")
    return value


PortName = Annotated[str, _shown("^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$"), AfterValidator(_port_name)]


def _version(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value):
        raise refuse(
            "AW304",
            "is not a version: 1 to 63 letters, digits, dots, hyphens and underscores (it becomes a label)",
        )
    if value.lower() == "latest":
        raise refuse("AW304", "is not a version")
    return value


Version = Annotated[str, Numeric, Field(min_length=1, max_length=63), AfterValidator(_version)]


_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
_REGISTRY = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_IMAGE = re.compile(
    rf"(?:(?P<registry>{_HOST}(?::[0-9]{{1,5}})?)/)?"
    r"(?P<path>[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def _image(value: str) -> str:
    match = _IMAGE.fullmatch(value)
    if not match:
        raise refuse("AW305", "is not an image reference (registry/path:tag or registry/path@sha256:…)")
    tag, digest = match["tag"], match["digest"]
    if not digest and not tag:
        raise refuse("AW305", "has no tag and no digest, so it means `latest`")
    if not digest and tag.lower() == "latest":
        raise refuse("AW305", "names `latest`, which is not one image: it changes under you")
    return value


_FIXED = "^[a-z0-9].*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$"
Image = Annotated[str, Field(min_length=1, max_length=500), _shown(_FIXED), AfterValidator(_image)]


def _registry(value: str) -> str:
    if not _REGISTRY.fullmatch(value):
        raise refuse("AW305", "is not a registry (host[:port][/path], lower case)")
    return value


Registry = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_registry)]


_SCALE = {
    "": Decimal(1), "m": Decimal("0.001"),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
}  # fmt: skip
_QUANTITY = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")


def quantity(value: str) -> Decimal:
    """What a quantity counts; the caller has checked its form."""
    match = _QUANTITY.fullmatch(value)
    assert match
    return Decimal(match[1]) * _SCALE[match[2] or ""]


def _bounded(
    value: str, *, units: tuple[str, ...], low: Decimal, high: Decimal, what: str, example: str
) -> str:
    match = _QUANTITY.fullmatch(value)
    if not match or (match[2] or "") not in units:
        raise refuse("AW306", f"is not {what} (such as {example})")
    if not low <= quantity(value) <= high:
        raise refuse("AW306", f"is not a sensible amount of {what}: from {low} to {high}")
    return value


def _cpu(value: str) -> str:
    return _bounded(
        value, units=("", "m"), low=Decimal("0.001"), high=Decimal(512), what="CPU", example="`250m`, `2`"
    )


def _bytes(value: str) -> str:
    units = ("", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti")
    low, high = Decimal(2**20), Decimal(2**44)
    return _bounded(value, units=units, low=low, high=high, what="bytes", example="`256Mi`, `2Gi`")


Cpu = Annotated[str, Numeric, Field(max_length=20), AfterValidator(_cpu)]
Bytes = Annotated[str, Numeric, Field(max_length=20), AfterValidator(_bytes)]


def _env_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", value):
        raise refuse("AW307", "is not a variable's name: letters, digits and underscores, no digit first")
    if value in {"PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"}:
        raise refuse("AW307", "decides which code runs and belongs into the image")
    return value


EnvName = Annotated[str, AfterValidator(_env_name)]


def _object_name(value: str) -> str:
    if not re.fullmatch(_HOST, value) or len(value) > 253:
        raise refuse("AW304", "is not the name of a Kubernetes object (lower case, digits, hyphens, dots)")
    return value


ObjectName = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_object_name)]


def _data_key(value: str) -> str:
    if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", value) or value in {".", ".."}:
        raise refuse("AW304", "is not a key of a Secret or ConfigMap")
    return value


DataKey = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_data_key)]


def _host(value: str) -> str:
    if not re.fullmatch(rf"(?:\*\.)?{_HOST}", value) or "." not in value or len(value) > 253:
        raise refuse("AW304", "is not a host name (such as shop.example.com)")
    return value


Host = Annotated[str, Field(min_length=3, max_length=253), AfterValidator(_host)]


def _url_path(value: str) -> str:
    if (
        not re.fullmatch(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*", value)
        or "//" in value
        or "/../" in f"{value}/"
    ):
        raise refuse("AW303", "is not a path (such as /healthz)")
    return value


UrlPath = Annotated[str, Field(min_length=1, max_length=250), AfterValidator(_url_path)]


_KEY = re.compile(rf"(?:(?P<prefix>{_HOST})/)?(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?)")
_OURS = ("kubernetes.io", "k8s.io", "helm.sh", "argoproj.io", "autoweave.io", "backstage.io")


def _meta_key(value: str) -> str:
    match = _KEY.fullmatch(value)
    if not match or len(match["prefix"] or "") > 253:
        raise refuse("AW313", "is not a label or annotation key ([prefix/]name)")
    prefix = match["prefix"] or ""
    if any(prefix == host or prefix.endswith(f".{host}") for host in _OURS):
        raise refuse(
            "AW313",
            f"stands under `{prefix}/`, which means something to the cluster; AutoWeave alone sets it",
        )
    return value


MetaKey = Annotated[str, Field(min_length=1, max_length=317), AfterValidator(_meta_key)]


def _label_value(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value):
        raise refuse(
            "AW313", "is not a label's value: at most 63 letters, digits, dots, hyphens, underscores"
        )
    return value


LabelValue = Annotated[str, Field(max_length=63), AfterValidator(_label_value)]


_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _chart(value: str) -> str:
    parts = value.split("/")
    if len(parts) > 8 or not all(_SEGMENT.fullmatch(part) and ".." not in part for part in parts):
        raise refuse("AW309", "is not a folder inside the repository (such as deployment/helm-chart)")
    return value


ChartPath = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_chart)]


_REMOTE = re.compile(
    rf"https?://{_HOST}(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~-]+)+/?"
    rf"|ssh://(?:[a-z][a-z0-9._-]*@)?{_HOST}(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~-]+)+/?"
    rf"|[a-z][a-z0-9._-]*@{_HOST}:[A-Za-z0-9._~][A-Za-z0-9._~/-]*"
    r"|file:///[A-Za-z0-9._~/+-]+",
    re.IGNORECASE,
)


def _remote(value: str) -> str:
    if not _REMOTE.fullmatch(value) or "/../" in f"{value}/" or "/-" in value:
        raise refuse(
            "AW312", "is not a git address (https://…, ssh://… or git@host:path, without a password)"
        )
    return value


Remote = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_remote)]


def _branch(value: str) -> str:
    good = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}", value)
    odd = any(part in value for part in ("..", "//", "/.", "@{")) or value.endswith((".lock", "/", "."))
    if not good or odd:
        raise refuse("AW312", "is not a branch name git accepts")
    return value


Branch = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_branch)]


def _entity(value: str) -> str:
    if not re.fullmatch(
        r"(?:[a-z]+:)?(?:[a-z0-9-]{1,63}/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value
    ):
        raise refuse("AW304", "is not a Backstage reference (such as `group:platform` or `shop-team`)")
    return value


Entity = Annotated[str, Field(min_length=1, max_length=140), AfterValidator(_entity)]
