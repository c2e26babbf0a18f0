"""Good and bad manifests: what the schema layer and the policies must say, ours and the real tools' alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.tools.validation import samples
from tests.tools.validation.samples import changed, dumped, first, pod_of


@dataclass(frozen=True)
class Case:
    """`schema` is the verdict on each document: valid, invalid or error. `policy` the rules that deny."""

    name: str
    text: str
    schema: tuple[str, ...]
    policy: frozenset[str] = frozenset()


def case(name: str, document: Any, schema: str = "valid", *policy: str) -> Case:
    documents = document if isinstance(document, list) else [document]
    text = document if isinstance(document, str) else dumped(*documents)
    return Case(name, text, tuple(schema.split()), frozenset(policy))


def on_workload(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return changed(samples.workload(), change)


def on_first(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return on_workload(lambda d: change(first(d)))


def on_pod(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return on_workload(lambda d: change(pod_of(d)))


def on_service(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return changed(samples.service(), change)


def on_metadata(**fields: Any) -> dict[str, Any]:
    return on_workload(lambda d: d["metadata"].update(fields))


def with_variable(name: str, value: str) -> dict[str, Any]:
    return on_first(lambda c: c.update(env=[{"name": name, "value": value}]))


def security(**fields: Any) -> dict[str, Any]:
    return on_first(lambda c: c["securityContext"].update(fields))


def ingress(**spec: Any) -> dict[str, Any]:
    backend = {"service": {"name": "demo", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": "shop.example.com", "http": {"paths": paths}}]
    body = {"tls": [{"hosts": ["shop.example.com"], "secretName": "tls"}], "rules": rules, **spec}
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}
    return {**head, "metadata": samples.metadata(), "spec": body}


def role(kind: str = "Role", **rule: Any) -> dict[str, Any]:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], **rule}]
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind}
    return {**head, "metadata": {"name": "reader"}, "rules": rules}


def binding(name: str) -> dict[str, Any]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding"}
    return {**head, "metadata": {"name": "b"}, "roleRef": reference}


def items(*found: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(found)}


NAMED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
WORKLOAD = samples.workload()
INJECTION = 'web"],"deny_privileged":[],"deny_latest":[],"x":["'

GOOD = (
    case("deployment", WORKLOAD),
    case("stateful set", samples.workload("StatefulSet")),
    case("daemon set", samples.workload("DaemonSet")),
    case("job", samples.job()),
    case("cron job", samples.cron_job()),
    case("pod", samples.bare_pod()),
    case("service", samples.service()),
    case("config map", samples.config_map()),
    case("ingress", ingress()),
    case("role", role()),
    case("three documents", [WORKLOAD, samples.service(), samples.config_map()], "valid valid valid"),
    case("digest", on_first(lambda c: c.update(image="ghcr.io/a/b@sha256:" + "a" * 64))),
    case("port in registry", on_first(lambda c: c.update(image="registry.example.com:5000/a/b:1"))),
    case("number as cpu", on_first(lambda c: c["resources"]["requests"].update(cpu=0.5))),
    case("null replicas", on_workload(lambda d: d["spec"].update(replicas=None))),
    case("bind low port", security(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})),
    case("comment first", "# a comment\n" + dumped(WORKLOAD)),
    case("marker first", "---\n" + dumped(WORKLOAD)),
    case("windows line ends", dumped(WORKLOAD).replace("\n", "\r\n")),
    case("anchors", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: &l\n"
         "    app.kubernetes.io/name: a\n    app.kubernetes.io/managed-by: b\n  annotations: *l\n"),
    case("list", items(samples.service(), samples.config_map()), "valid valid"),
    case("json", '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}'),
)  # fmt: skip

SCHEMA = (
    case("wrong type", on_workload(lambda d: d["spec"].update(replicas="two")), "invalid"),
    case("unknown field", on_workload(lambda d: d["spec"].update(replica=3)), "invalid"),
    case("unknown nested field", on_first(lambda c: c.update(imagePullPolice="Always")), "invalid"),
    case("unknown top field", on_workload(lambda d: d.update(specs={})), "invalid"),
    case("no selector", on_workload(lambda d: d["spec"].pop("selector")), "invalid"),
    case("no template", on_workload(lambda d: d["spec"].pop("template")), "invalid", *()),
    case("port as text", on_first(lambda c: c.update(ports=[{"containerPort": "8080"}])), "invalid"),
    case("env value as number", on_first(lambda c: c.update(env=[{"name": "A", "value": 1}])), "invalid"),
    case("env value as word", dumped(WORKLOAD).replace("value: info", "value: on"), "invalid"),
    case("annotation as number", on_metadata(annotations={"a": 1}), "invalid"),
    case("label as version", on_workload(lambda d: d["metadata"]["labels"].update(v=1.5)), "invalid"),
    case("containers as mapping", on_pod(lambda p: p.update(initContainers={})), "invalid"),
    case("metadata as list", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": []}, "invalid", "AW490"),
    case("no metadata name in role", role() | {"rules": [{"verbs": "get"}]}, "invalid"),
    case("ingress without path type", changed(ingress(), lambda d: d["spec"]["rules"][0]["http"]["paths"][0]
         .pop("pathType")), "invalid"),
    case("quantity as list", on_first(lambda c: c["resources"]["limits"].update(memory=[1])), "invalid"),
    case("dropped api", WORKLOAD | {"apiVersion": "extensions/v1beta1"}, "error"),
    case("unknown kind", {"apiVersion": "v1", "kind": "Podd", "metadata": {"name": "a"}}, "error"),
    case("custom kind", samples.config_map() | {"apiVersion": "example.org/v1", "kind": "Thing"}, "error"),
    case("group prefix", WORKLOAD | {"apiVersion": "apps.evil.example/v1"}, "error"),
    case("no kind", {"apiVersion": "v1", "metadata": {"name": "a"}}, "error"),
    case("no api version", {"kind": "ConfigMap", "metadata": samples.metadata()}, "error"),
    case("kind is a number", {"apiVersion": "v1", "kind": 1, "metadata": {"name": "a"}}, "error"),
    case("duplicate key", dumped(samples.config_map()) + "kind: ConfigMap\n", "error"),
    case("duplicate nested key", dumped(samples.config_map()).replace("A: '1'", "A: '1'\n  A: '2'"), "error"),
    case("broken yaml", "apiVersion: v1\nkind: [Pod\n", "error"),
    case("tab", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n", "error"),
    case("scalar document", "just text\n", "error"),
    case("list document", "- apiVersion: v1\n", "error"),
    case("one broken of three", dumped(samples.config_map()) + "---\na: [\n---\n" + dumped(samples.service()),
         "valid error valid"),
    case("list with a bad item", items(samples.service(), {"apiVersion": "v1", "kind": "X"}), "valid error"),
    case("merge over own key", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: &x {a: b}\n"
         "data: {<<: *x, a: c}\n", "error"),
    case("unknown tag", NAMED + "data: {a: !Ref x}\n", "error"),
    case("tag of python", NAMED + "data: {a: !!python/name:os.system x}\n", "error"),
    case("text after the end", NAMED + "...\n" + NAMED, "error"),
    case("content on a later marker", NAMED + "--- {apiVersion: v1, kind: X}\n", "valid error"),
    case("empty list", items(), "error"),
    case("infinite number", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: .inf}", "error"),
)  # fmt: skip

POLICY = (
    case("latest", on_first(lambda c: c.update(image="ghcr.io/a/b:latest")), "valid", "AW471"),
    case("no tag", on_first(lambda c: c.update(image="registry.example.com:5000/a/b")), "valid", "AW471"),
    case("pod says nothing", on_pod(lambda p: p.pop("securityContext")), "valid", "AW473"),
    case("container says root", security(runAsNonRoot=False), "valid", "AW473"),
    case("user zero", security(runAsUser=0), "valid", "AW474"),
    case("pod user zero", on_pod(lambda p: p["securityContext"].update(runAsUser=0)), "valid", "AW474"),
    case("privileged", security(privileged=True), "valid", "AW475"),
    case("escalation", security(allowPrivilegeEscalation=True), "valid", "AW476"),
    case("capability", security(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}), "valid", "AW477"),
    case("host namespaces", on_pod(lambda p: p.update(hostPID=True, hostNetwork=True)), "valid", "AW479"),
    case("host path", on_pod(lambda p: p["volumes"].append({"name": "h", "hostPath": {"path": "/"}})),
         "valid", "AW480"),
    case("docker socket", on_pod(lambda p: p["volumes"].append(
        {"name": "h", "hostPath": {"path": "/var/run/docker.sock"}})), "valid", "AW480", "AW482"),
    case("host port", on_first(lambda c: c["ports"][0].update(hostPort=80)), "valid", "AW481"),
    case("sysctl", on_pod(lambda p: p["securityContext"].update(
        sysctls=[{"name": "kernel.msgmax", "value": "1"}])), "valid", "AW483"),
    case("no limits", on_first(lambda c: c["resources"].pop("limits")), "valid", "AW487"),
    case("no resources", on_first(lambda c: c.pop("resources")), "valid", "AW487"),
    case("no liveness", on_first(lambda c: c.pop("livenessProbe")), "valid", "AW489"),
    case("no labels", on_workload(lambda d: d["metadata"].pop("labels")), "valid", "AW490"),
    case("no container list", on_pod(lambda p: p.pop("containers")), "invalid"),
    case("password", with_variable("DB_PASSWORD", "x"), "valid", "AW491"),
    case("node port", on_service(lambda d: d["spec"].update(type="NodePort")), "valid", "AW492"),
    case("ingress without tls", changed(ingress(), lambda d: d["spec"].pop("tls")), "valid", "AW493"),
    case("wildcard", role("ClusterRole", verbs=["*"]), "valid", "AW494"),
    case("replicas", on_workload(lambda d: d["spec"].update(replicas=21)), "valid", "AW495"),
    case("node name", on_pod(lambda p: p.update(nodeName="a")), "valid", "AW496"),
    case("toleration", on_pod(lambda p: p.update(tolerations=[{"operator": "Exists"}])), "valid", "AW496"),
    case("default namespace", on_metadata(namespace="default"), "valid", "AW497"),
    case("cluster admin", binding("cluster-admin"), "valid", "AW498"),
    case("init container", on_pod(lambda p: p.update(initContainers=[{"name": "i", "image": "a:latest"}])),
         "valid", "AW471", "AW476"),
    case("cron job latest", changed(samples.cron_job(), lambda d: first(d).update(image="a:latest")),
         "valid", "AW471"),
    case("injection in name", security(privileged=True) | {"metadata": samples.metadata(INJECTION)}, "valid",
         "AW475"),
    case("injection in image", changed(security(privileged=True), lambda d: first(d).update(
        name=INJECTION, image=INJECTION)), "valid", "AW471", "AW475"),
    case("odd letters", with_variable("API_TOKEN", 'é "q" \\ \u2028 😀'), "valid", "AW491"),
    case("everything at once", on_pod(lambda p: p.update(
        hostNetwork=True, containers=[{"name": "a", "image": "a", "securityContext": {"privileged": True}}])),
        "valid", "AW471", "AW475", "AW476", "AW479", "AW487", "AW489"),
)  # fmt: skip

ALL = (*GOOD, *SCHEMA, *POLICY)
