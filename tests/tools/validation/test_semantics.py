"""Each semantic rule fires on its bad case and is silent on the good ones (the samples)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.tools.validation import cases, samples
from tests.tools.validation.cases import ingress, on_first, on_pod, on_service, on_workload
from tools import validation
from tools.validation import semantics

LONG = "a" * 64


def found(*documents: dict[str, Any], check: str = "semantics") -> set[str]:
    files = {f"{n}.yaml": samples.dumped(document) for n, document in enumerate(documents)}
    ledger = validation.check(files, today=samples.TODAY)
    return {f.rule for entry in ledger.entries if entry.check == check for f in entry.findings}


def on_job(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return samples.changed(samples.job(), change)


def on_cron(**spec: Any) -> dict[str, Any]:
    return samples.changed(samples.cron_job(), lambda d: d["spec"].update(spec))


def with_config(**fields: Any) -> dict[str, Any]:
    return samples.config_map() | fields


def with_secret(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": samples.metadata(), "data": data}


def policy_with(**spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return {**head, "metadata": samples.metadata(), "spec": {"podSelector": {}, **spec}}


def scaler(**spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "demo"}
    head = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    return {**head, "metadata": samples.metadata(), "spec": {"scaleTargetRef": target, **spec}}


def budget(**spec: Any) -> dict[str, Any]:
    selector = {"matchLabels": dict(samples.SELECTOR)}
    head = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget"}
    return {**head, "metadata": samples.metadata(), "spec": {"selector": selector, **spec}}


def probe(**fields: Any) -> dict[str, Any]:
    return on_first(lambda c: c.update(readinessProbe=fields))


def ports(*found: dict[str, Any]) -> dict[str, Any]:
    return on_service(lambda d: d["spec"].update(ports=list(found)))


def resources(**limits: Any) -> dict[str, Any]:
    return on_first(lambda c: c["resources"]["limits"].update(limits))


def path(**fields: Any) -> dict[str, Any]:
    return samples.changed(ingress(), lambda d: d["spec"]["rules"][0]["http"]["paths"][0].update(fields))


BAD = [
    ("AW434", on_workload(lambda d: d["metadata"].pop("name"))),
    ("AW435", on_workload(lambda d: d["metadata"].update(name="Demo_Upper"))),
    ("AW435", on_service(lambda d: d["metadata"].update(name="1demo"))),
    ("AW435", on_service(lambda d: d["metadata"].update(name="a.b"))),
    ("AW435", on_pod(lambda p: p.update(serviceAccountName="A b"))),
    ("AW435", on_pod(lambda p: p.update(imagePullSecrets=[{"name": "A b"}]))),
    ("AW436", on_workload(lambda d: d["metadata"].update(namespace="a.b"))),
    ("AW436", on_workload(lambda d: d["metadata"].update(namespace=LONG))),
    ("AW437", on_workload(lambda d: d["metadata"]["labels"].update(x="a b"))),
    ("AW437", on_workload(lambda d: d["metadata"]["labels"].update(x=LONG))),
    ("AW437", on_workload(lambda d: d["metadata"]["labels"].update({"a b": "x"}))),
    ("AW437", on_workload(lambda d: d["metadata"]["labels"].update({"/a": "x"}))),
    ("AW437", on_service(lambda d: d["spec"]["selector"].update(x="a b"))),
    ("AW437", on_workload(lambda d: d["metadata"].update(annotations={"a b": "x"}))),
    ("AW437", on_workload(lambda d: d["metadata"].update(annotations={"a": "x" * 300_000}))),
    ("AW438", on_workload(lambda d: d.pop("spec"))),
    ("AW438", on_workload(lambda d: d["spec"]["template"].pop("spec"))),
    ("AW439", on_pod(lambda p: p.update(containers=[]))),
    ("AW440", on_first(lambda c: c.pop("image"))),
    ("AW440", on_first(lambda c: c.update(image="a b"))),
    ("AW440", on_first(lambda c: c.update(image="x\n  securityContext: {privileged: true}"))),
    ("AW441", on_first(lambda c: c.update(name="Web_1"))),
    ("AW441", on_pod(lambda p: p["containers"].append(samples.container()))),
    ("AW441", on_pod(lambda p: p.update(initContainers=[samples.container()]))),
    ("AW442", on_first(lambda c: c.update(ports=[{"containerPort": 99999}]))),
    ("AW442", on_first(lambda c: c.update(ports=[{"containerPort": 0}]))),
    ("AW443", on_first(lambda c: c["ports"].append({"name": "http", "containerPort": 81}))),
    ("AW443", on_first(lambda c: c["ports"][0].update(name="much-too-long-name"))),
    ("AW443", on_first(lambda c: c["ports"][0].update(name="123"))),
    ("AW444", on_first(lambda c: c["env"].append({"name": "LOG_LEVEL", "value": "x"}))),
    ("AW445", on_first(lambda c: c["env"].append({"name": "1A=", "value": "x"}))),
    ("AW445", on_first(lambda c: c["env"][0].update(valueFrom={"fieldRef": {"fieldPath": "spec.nodeName"}}))),
    ("AW446", on_first(lambda c: c.update(volumeMounts=[{"name": "nope", "mountPath": "/x"}]))),
    ("AW446", on_first(lambda c: c["volumeMounts"].append({"name": "tmp", "mountPath": "/tmp"}))),
    ("AW447", on_pod(lambda p: p["volumes"].append({"name": "tmp", "emptyDir": {}}))),
    ("AW447", on_pod(lambda p: p["volumes"][0].update(hostPath={"path": "/"}))),
    ("AW447", on_pod(lambda p: p["volumes"][0].update(name="A b"))),
    ("AW448", probe(periodSeconds=3)),
    ("AW448", probe(httpGet={"port": 8080}, tcpSocket={"port": 8080})),
    ("AW449", probe(httpGet={"port": "nope"})),
    ("AW449", probe(tcpSocket={"port": 99999})),
    ("AW450", resources(memory="lots")),
    ("AW450", resources(memory="1e9Gi")),
    ("AW450", resources(memory="-1Gi")),
    ("AW450", resources(memory="1Mi")),
    ("AW450", on_pod(lambda p: p["volumes"][0].update(emptyDir={"sizeLimit": "big"}))),
    ("AW451", on_first(lambda c: c.update(imagePullPolicy="Sometimes"))),
    ("AW451", on_pod(lambda p: p.update(restartPolicy="Maybe"))),
    ("AW451", on_workload(lambda d: d["spec"].update(strategy={"type": "Rolling"}))),
    ("AW451", on_service(lambda d: d["spec"].update(type="Foo"))),
    ("AW451", ports({"port": 80, "protocol": "HTTP"})),
    ("AW451", on_cron(concurrencyPolicy="Never")),
    ("AW452", on_workload(lambda d: d["spec"]["selector"].update(matchLabels={"a": "b"}))),
    ("AW452", on_workload(lambda d: d["spec"].update(selector={}))),
    ("AW453", on_workload(lambda d: d["spec"].update(replicas=-1))),
    ("AW453", on_job(lambda d: d["spec"].update(backoffLimit=-1))),
    ("AW453", probe(httpGet={"port": 80}, periodSeconds=-1)),
    ("AW454", on_service(lambda d: d["spec"].pop("ports"))),
    ("AW454", ports({"port": 80}, {"port": 81})),
    ("AW454", ports({"name": "a", "port": 80}, {"name": "b", "port": 80})),
    ("AW454", ports({"name": "a", "port": 80}, {"name": "a", "port": 81})),
    ("AW454", ports({"port": 0})),
    ("AW454", ports({"port": 80, "targetPort": 70000})),
    ("AW454", on_service(lambda d: d.update(spec={"type": "ExternalName"}))),
    ("AW455", on_cron(schedule="every day")),
    ("AW455", on_cron(schedule="60 * * * *")),
    ("AW455", on_cron(schedule="*/0 * * * *")),
    ("AW455", on_cron(schedule="@often")),
    ("AW455", on_cron(schedule="TZ=UTC 0 0 * * *")),
    ("AW456", on_pod(lambda p: p.update(restartPolicy="Never"))),
    ("AW456", on_job(lambda d: d["spec"]["template"]["spec"].pop("restartPolicy"))),
    ("AW457", on_pod(lambda p: p["securityContext"].update(runAsUser=0))),
    ("AW457", on_pod(lambda p: p["securityContext"].update(runAsUser=-1))),
    ("AW458", with_config(data={"a/b": "x"})),
    ("AW458", with_config(binaryData={"a": "?"})),
    ("AW458", with_config(data={"a": "x" * 1_100_000})),
    ("AW458", with_secret(a="not base64!")),
    ("AW459", on_workload(lambda d: d["spec"].update(
        strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}))),
    ("AW459", on_workload(lambda d: d["spec"].update(
        strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}))),
    ("AW460", path(pathType="Regex")),
    ("AW460", path(path="x")),
    ("AW460", path(backend={})),
    ("AW460", path(backend={"service": {"name": "a", "port": {"name": "a", "number": 1}}})),
    ("AW460", ingress(rules=[])),
    ("AW461", policy_with(policyTypes=["Both"])),
    ("AW461", policy_with(ingress=[{"ports": [{"port": 99999}]}])),
    ("AW461", policy_with(egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0"}}]}])),
    ("AW461", policy_with(egress=[{"to": [{}]}])),
    ("AW461", policy_with(ingress=[{"ports": [{"port": 90, "endPort": 80}]}])),
    ("AW462", scaler(minReplicas=5, maxReplicas=2)),
    ("AW462", scaler(maxReplicas=0)),
    ("AW462", budget(minAvailable=1, maxUnavailable=1)),
    ("AW465", cases.binding("x") | {"subjects": [{"kind": "Robot", "name": "a"}]}),
    ("AW465", cases.binding("x") | {"subjects": [{"kind": "ServiceAccount", "name": "a"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "document"), BAD, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(BAD)])
def test_rule_fires_on_its_bad_case(rule: str, document: dict[str, Any]) -> None:
    assert rule in found(document)


GOOD = [
    samples.workload("StatefulSet"),
    on_cron(schedule="0 4 * * mon-fri"),
    on_cron(schedule="@daily"),
    on_first(lambda c: c["resources"]["limits"].update(cpu=1.5, memory="1e9")),
    on_first(lambda c: c.update(image="registry.example.com:5000/a/b_c/d:1.2@sha256:" + "0" * 64)),
    probe(grpc={"port": 9090}),
    probe(exec={"command": ["true"]}),
    on_service(lambda d: d["spec"].update(clusterIP="None", ports=[])),
    on_service(lambda d: d.update(spec={"type": "ExternalName", "externalName": "example.com"})),
    ports({"name": "a", "port": 53, "protocol": "UDP"}, {"name": "b", "port": 53, "protocol": "TCP"}),
    with_secret(a="aGVsbG8="),
    policy_with(policyTypes=["Ingress", "Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]),
    scaler(minReplicas=2, maxReplicas=5),
    budget(minAvailable="50%"),
    ingress(),
    cases.role(),
    cases.binding("view") | {"subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "b"}]},
    on_workload(lambda d: d["spec"].update(strategy={"type": "Recreate"})),
    on_workload(lambda d: d["metadata"].update(annotations={"Example.com/A": "any thing"})),
]


@pytest.mark.parametrize("document", GOOD, ids=[f"{d['kind']}-{n}" for n, d in enumerate(GOOD)])
def test_rules_are_silent_on_what_the_server_takes(document: dict[str, Any]) -> None:
    assert found(document) == set()


def test_every_rule_has_a_bad_case() -> None:
    assert {rule.id for rule in semantics.RULES} == {rule for rule, _ in BAD}


ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": samples.metadata("other")}
TOGETHER = [
    ("AW463", samples.workload(), on_service(lambda d: d["spec"].update(selector={"a": "b"}))),
    ("AW464", samples.workload(), ports({"port": 80, "targetPort": "grpc"})),
    ("AW466", samples.service(), path(backend={"service": {"name": "x", "port": {"number": 1}}})),
    ("AW466", samples.workload(), scaler(scaleTargetRef={"kind": "Deployment", "name": "x"})),
    ("AW466", ACCOUNT, on_pod(lambda p: p.update(serviceAccountName="demo"))),
    ("AW466", ACCOUNT, on_first(lambda c: c.update(envFrom=[{"configMapRef": {"name": "demo"}}]))),
    ("AW467", samples.workload(), samples.workload()),
    ("AW470", samples.service(), on_workload(lambda d: d["metadata"].pop("namespace"))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "one", "other"), TOGETHER, ids=[f"{r}-{n}" for n, (r, *_) in enumerate(TOGETHER)]
)
def test_rule_across_documents_fires(rule: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert rule in found(one, other, check="together")


def test_documents_that_fit_together_are_silent() -> None:
    account = ACCOUNT | {"metadata": samples.metadata()}
    workload = on_pod(lambda p: p.update(serviceAccountName="demo"))
    set_of_all = (
        workload,
        samples.service(),
        samples.config_map(),
        account,
        ingress(),
        scaler(maxReplicas=3),
    )

    assert found(*set_of_all, check="together") == set()


def test_the_same_object_in_two_folders_is_no_twin() -> None:
    text = samples.dumped(samples.config_map())

    ledger = validation.check({"dev/a.yaml": text, "prod/a.yaml": text}, today=samples.TODAY)

    assert ledger.findings == ()
