"""What the API server refuses in a pod although the schemas let it through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.validation.rules.model import Hit, Rule, View, at, listed, mappings, table, texts

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_PORT_NAME = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_IMAGE = re.compile(
    r"(?:(?:[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_LASTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def no_spec(view: View) -> Iterator[Hit]:
    if view.has_pod and not view.spec and view.kind != "PodTemplate":
        yield "", f"A {view.kind} without `spec` runs nothing."
    elif view.has_pod and not view.pod:
        yield view.template_place, f"The pod template of this {view.kind} has no `spec`."


def no_containers(view: View) -> Iterator[Hit]:
    if view.pod and not listed(view.pod.get("containers")):
        yield f"{view.pod_place}/containers", "A pod needs at least one container."


def image(view: View) -> Iterator[Hit]:
    for place, container in view.containers:
        name = container.get("image")
        if not isinstance(name, str) or not name:
            yield place, f"The container `{container.get('name', '?')}` has no image."
        elif not _IMAGE.fullmatch(name):
            yield f"{place}/image", f"`{name}` is not an image reference."


def container_names(view: View) -> Iterator[Hit]:
    seen: set[str] = set()
    for place, container in view.containers:
        name = container.get("name")
        if not isinstance(name, str) or not _LABEL.fullmatch(name):
            yield f"{place}/name", f"`{name}` is not a container name (a-z, 0-9 and `-`; at most 63)."
        elif name in seen:
            yield f"{place}/name", f"Two containers are named `{name}`."
        else:
            seen.add(name)


def port_numbers(view: View) -> Iterator[Hit]:
    for place, container in view.containers:
        for spot, port in mappings(container.get("ports"), f"{place}/ports"):
            for field in ("containerPort", "hostPort"):
                if port.get(field) is not None and not is_port(port[field]):
                    yield f"{spot}/{field}", f"{port[field]} is not a port (1 to 65535)."


def port_names(view: View) -> Iterator[Hit]:
    for place, container in view.containers:
        seen: set[Any] = set()
        for spot, port in mappings(container.get("ports"), f"{place}/ports"):
            name = port.get("name")
            if name is None:
                continue
            if not isinstance(name, str) or not _PORT_NAME.fullmatch(name) or "--" in name:
                yield f"{spot}/name", f"`{name}` is not a port name (a-z, 0-9 and `-`; at most 15)."
            elif name in seen:
                yield f"{spot}/name", f"Two ports of one container are named `{name}`."
            else:
                seen.add(name)


def duplicate_env(view: View) -> Iterator[Hit]:
    for place, container in view.containers:
        seen: set[Any] = set()
        for spot, variable in mappings(container.get("env"), f"{place}/env"):
            name = variable.get("name")
            if isinstance(name, str) and name in seen:
                yield spot, f"The variable `{name}` is set twice; the last one wins without a word."
            elif isinstance(name, str):
                seen.add(name)


def env(view: View) -> Iterator[Hit]:
    for place, container in view.containers:
        for spot, variable in mappings(container.get("env"), f"{place}/env"):
            name = variable.get("name")
            if not isinstance(name, str) or not _ENV_NAME.fullmatch(name):
                yield f"{spot}/name", f"`{name}` is not a name for a variable."
            if variable.get("value") not in (None, "") and variable.get("valueFrom") is not None:
                yield spot, f"The variable `{name}` has both `value` and `valueFrom`."


def mounts(view: View) -> Iterator[Hit]:
    volumes = texts(volume.get("name") for _, volume in mappings(view.pod.get("volumes"), ""))
    if view.kind == "StatefulSet":
        claims = mappings(view.spec.get("volumeClaimTemplates"), "")
        volumes |= texts(at(claim, "metadata", "name") for _, claim in claims)
    for place, container in view.containers:
        yield from _mounts(container, place, volumes)


def _mounts(container: dict[str, Any], place: str, volumes: set[str]) -> Iterator[Hit]:
    paths: set[str] = set()
    for spot, mount in mappings(container.get("volumeMounts"), f"{place}/volumeMounts"):
        name, path = mount.get("name"), mount.get("mountPath")
        if not isinstance(name, str) or name not in volumes:
            yield f"{spot}/name", f"No volume is named `{name}`."
        if isinstance(path, str) and path in paths:
            yield f"{spot}/mountPath", f"Two mounts share the path `{path}`."
        elif isinstance(path, str):
            paths.add(path)


def volumes(view: View) -> Iterator[Hit]:
    seen: set[str] = set()
    for place, volume in mappings(view.pod.get("volumes"), f"{view.pod_place}/volumes"):
        name = volume.get("name")
        sources = sorted(field for field, value in volume.items() if field != "name" and value is not None)
        if not isinstance(name, str) or not _LABEL.fullmatch(name):
            yield f"{place}/name", f"`{name}` is not a volume name."
        elif name in seen:
            yield f"{place}/name", f"Two volumes are named `{name}`."
        else:
            seen.add(name)
        if len(sources) > 1:
            yield place, f"The volume `{name}` has {len(sources)} sources: {', '.join(sources)}."


def probe_handlers(view: View) -> Iterator[Hit]:
    for place, container in view.containers:
        for field in _PROBES:
            probe = container.get(field)
            handlers = [name for name in _HANDLERS if at(probe, name) is not None]
            if isinstance(probe, dict) and len(handlers) != 1:
                given = ", ".join(handlers) or "none"
                yield f"{place}/{field}", f"A probe has exactly one of {', '.join(_HANDLERS)}; here: {given}."


def probe_ports(view: View) -> Iterator[Hit]:
    for place, container in view.containers:
        names = texts(port.get("name") for _, port in mappings(container.get("ports"), ""))
        for field in _PROBES:
            for handler in ("httpGet", "tcpSocket"):
                port = at(container, field, handler, "port")
                spot = f"{place}/{field}/{handler}/port"
                if isinstance(port, str) and not port.isdigit() and port not in names:
                    yield spot, f"No port of this container is named `{port}`."
                elif isinstance(port, int) and not is_port(port):
                    yield spot, f"{port} is not a port (1 to 65535)."


def restart_policy(view: View) -> Iterator[Hit]:
    policy = view.pod.get("restartPolicy")
    place = f"{view.pod_place}/restartPolicy"
    if view.kind in _LASTING and policy not in (None, "Always"):
        yield place, f"A {view.kind} only takes restartPolicy: Always."
    elif view.kind in {"Job", "CronJob"} and view.pod and policy not in ("Never", "OnFailure"):
        yield place, f"A {view.kind} needs restartPolicy: Never or OnFailure."


def run_as(view: View) -> Iterator[Hit]:
    """The kubelet refuses to start what promises not to be root and names user 0."""
    pod_context = table(view.pod.get("securityContext"))
    for place, container in view.containers:
        context = {**pod_context, **table(container.get("securityContext"))}
        if context.get("runAsNonRoot") is True and context.get("runAsUser") == 0:
            yield f"{place}/securityContext", "runAsNonRoot: true and runAsUser: 0 contradict each other."
        for field in ("runAsUser", "runAsGroup"):
            value = context.get(field)
            if isinstance(value, int) and not 0 <= value < 2**31:
                yield f"{place}/securityContext/{field}", f"{value} is not a user or group id."


RULES = (
    Rule("AW438", "No spec", no_spec),
    Rule("AW439", "No containers", no_containers),
    Rule("AW440", "No image", image),
    Rule("AW441", "Container names", container_names),
    Rule("AW442", "Port out of range", port_numbers),
    Rule("AW443", "Port names", port_names),
    Rule("AW444", "Variable set twice", duplicate_env, "warning"),
    Rule("AW445", "Variables", env),
    Rule("AW446", "Mount without volume", mounts),
    Rule("AW447", "Volumes", volumes),
    Rule("AW448", "Probe handlers", probe_handlers),
    Rule("AW449", "Probe ports", probe_ports),
    Rule("AW456", "Restart policy", restart_policy),
    Rule("AW457", "User ids", run_as),
)
