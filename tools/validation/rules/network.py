"""Services, Ingresses, network policies, autoscalers and budgets: what the API server checks beyond types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.validation.rules.model import Hit, Rule, View, at, listed, mappings
from tools.validation.rules.pods import is_port


def service_ports(view: View) -> Iterator[Hit]:
    if view.kind != "Service" or view.spec.get("type") == "ExternalName":
        return
    ports = list(mappings(view.spec.get("ports"), "/spec/ports"))
    if not ports and view.spec.get("clusterIP") != "None":
        yield "/spec/ports", "A service needs at least one port."
    names: set[str] = set()
    seen: set[str] = set()
    for place, port in ports:
        yield from _port_numbers(place, port)
        name = port.get("name") if isinstance(port.get("name"), str) else ""
        if len(ports) > 1 and not name:
            yield place, "With several ports each needs a name."
        if name and name in names:
            yield f"{place}/name", f"Two ports are named `{name}`."
        number = f"{port.get('port')}/{port.get('protocol') or 'TCP'}"
        if number in seen:
            yield f"{place}/port", f"The port {number} is there twice."
        names.add(str(name))
        seen.add(number)


def _port_numbers(place: str, port: dict[str, Any]) -> Iterator[Hit]:
    if not is_port(port.get("port")) and isinstance(port.get("port"), int):
        yield f"{place}/port", f"{port['port']} is not a port (1 to 65535)."
    target = port.get("targetPort")
    if isinstance(target, int) and not is_port(target):
        yield f"{place}/targetPort", f"{target} is not a port (1 to 65535)."
    node_port = port.get("nodePort")
    if isinstance(node_port, int) and not 0 <= node_port < 65536:
        yield f"{place}/nodePort", f"{node_port} is not a port."


def external_name(view: View) -> Iterator[Hit]:
    if (
        view.kind == "Service"
        and view.spec.get("type") == "ExternalName"
        and not view.spec.get("externalName")
    ):
        yield "/spec", "A service of type ExternalName needs `externalName`."


def ingress(view: View) -> Iterator[Hit]:
    if view.kind != "Ingress":
        return
    if not listed(view.spec.get("rules")) and not view.spec.get("defaultBackend"):
        yield "/spec", "An Ingress needs `rules` or a `defaultBackend`."
    for place, rule in mappings(view.spec.get("rules"), "/spec/rules"):
        for spot, path in mappings(at(rule, "http", "paths"), f"{place}/http/paths"):
            yield from _ingress_path(spot, path)


def _ingress_path(place: str, path: dict[str, Any]) -> Iterator[Hit]:
    kind, text = path.get("pathType"), path.get("path")
    if kind not in ("Exact", "Prefix", "ImplementationSpecific"):
        yield f"{place}/pathType", f"`{kind}` is none of Exact, Prefix, ImplementationSpecific."
    if kind != "ImplementationSpecific" and not (isinstance(text, str) and text.startswith("/")):
        yield f"{place}/path", "A path starts with `/`."
    backend = path.get("backend")
    if isinstance(backend, dict) and ("service" in backend) == ("resource" in backend):
        yield f"{place}/backend", "A backend is either a `service` or a `resource`."
    port = at(backend, "service", "port")
    if isinstance(port, dict) and ("name" in port) == ("number" in port):
        yield f"{place}/backend/service/port", "A service's port has either a `name` or a `number`."


def network_policy(view: View) -> Iterator[Hit]:
    if view.kind != "NetworkPolicy":
        return
    for index, kind in enumerate(listed(view.spec.get("policyTypes"))):
        if kind not in ("Ingress", "Egress"):
            yield f"/spec/policyTypes/{index}", f"`{kind}` is none of Ingress, Egress."
    for side, peers in (("ingress", "from"), ("egress", "to")):
        for place, rule in mappings(view.spec.get(side), f"/spec/{side}"):
            for spot, port in mappings(rule.get("ports"), f"{place}/ports"):
                yield from _policy_port(spot, port)
            for spot, peer in mappings(rule.get(peers), f"{place}/{peers}"):
                yield from _peer(spot, peer)


def _policy_port(place: str, port: dict[str, Any]) -> Iterator[Hit]:
    number, end = port.get("port"), port.get("endPort")
    if isinstance(number, int) and not is_port(number):
        yield f"{place}/port", f"{number} is not a port (1 to 65535)."
    if isinstance(end, int) and (not isinstance(number, int) or end < number):
        yield f"{place}/endPort", "`endPort` needs a number in `port` that is not above it."


def _peer(place: str, peer: dict[str, Any]) -> Iterator[Hit]:
    block = peer.get("ipBlock")
    if block is None and not ("podSelector" in peer or "namespaceSelector" in peer):
        yield place, "A peer needs a podSelector, a namespaceSelector or an ipBlock."
    elif block is not None and len(peer) > 1:
        yield place, "An ipBlock stands alone."
    cidr = at(block, "cidr")
    if isinstance(cidr, str) and not _is_cidr(cidr):
        yield f"{place}/ipBlock/cidr", f"`{cidr}` is not an address range such as 10.0.0.0/8."


def _is_cidr(text: str) -> bool:
    from ipaddress import ip_network  # noqa: PLC0415  # only policies with address ranges need it

    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def autoscaler(view: View) -> Iterator[Hit]:
    if view.kind != "HorizontalPodAutoscaler":
        return
    low, high = view.spec.get("minReplicas", 1), view.spec.get("maxReplicas")
    if isinstance(high, int) and high < 1:
        yield "/spec/maxReplicas", "maxReplicas is at least 1."
    elif isinstance(low, int) and isinstance(high, int) and low > high:
        yield "/spec/minReplicas", f"minReplicas {low} is above maxReplicas {high}."


def budget(view: View) -> Iterator[Hit]:
    if view.kind == "PodDisruptionBudget":
        given = [field for field in ("minAvailable", "maxUnavailable") if view.spec.get(field) is not None]
        if len(given) == 2:
            yield "/spec", "A budget has minAvailable or maxUnavailable, not both."


def bindings(view: View) -> Iterator[Hit]:
    if view.kind not in ("RoleBinding", "ClusterRoleBinding"):
        return
    role = at(view.value, "roleRef", "kind")
    if isinstance(role, str) and role not in ("Role", "ClusterRole"):
        yield "/roleRef/kind", f"`{role}` is none of Role, ClusterRole."
    for place, subject in mappings(view.value.get("subjects"), "/subjects"):
        if subject.get("kind") not in ("User", "Group", "ServiceAccount"):
            yield f"{place}/kind", f"`{subject.get('kind')}` is none of User, Group, ServiceAccount."
        elif (
            subject["kind"] == "ServiceAccount"
            and view.kind == "ClusterRoleBinding"
            and not subject.get("namespace")
        ):
            yield place, "A service account in a ClusterRoleBinding needs its namespace."


RULES = (
    Rule("AW454", "Service ports", service_ports),
    Rule("AW454", "Service without a name to point to", external_name),
    Rule("AW460", "Ingress rules", ingress),
    Rule("AW461", "Network policy rules", network_policy),
    Rule("AW462", "Replicas and budgets", autoscaler),
    Rule("AW462", "Replicas and budgets", budget),
    Rule("AW465", "Role bindings", bindings),
)
