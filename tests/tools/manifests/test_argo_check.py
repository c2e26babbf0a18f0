"""Argo CD's objects (catalogue A47): ours pass, each known fault has its finding."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from core.errors import AppError
from tools import manifests

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def made(sample: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Kind → object."""
    found = {}
    for mode in ("application", "applicationset"):
        files = manifests.render(sample["module"] | {"argocd": mode}, sample["context"])["files"]
        for path, text in files.items():
            if path.startswith("argocd/"):
                found |= {each["kind"]: each for each in yaml.safe_load_all(text)}
    return found


def rules(obj: dict[str, Any], project: dict[str, Any] | None = None) -> set[str]:
    return {finding.rule for finding in manifests.check_application(obj, project=project)}


@pytest.mark.parametrize("kind", ["Application", "ApplicationSet", "AppProject"])
def test_what_we_make_has_no_finding(kind: str, layout: str, sample: dict[str, Any]) -> None:
    for mode in ("application", "applicationset"):
        module = sample["module"] | {"argocd": mode, "layout": layout}
        files = manifests.render(module, sample["context"])["files"]
        objects = [
            each for path in files if path.startswith("argocd/") for each in yaml.safe_load_all(files[path])
        ]
        project = next(each for each in objects if each["kind"] == "AppProject")

        for each in objects:
            if each["kind"] == kind:
                assert rules(each, project) == set()


def test_other_kinds_have_no_finding() -> None:
    assert manifests.check_application({"kind": "Deployment", "apiVersion": "apps/v1"}) == []


FAULTS: dict[str, tuple[Change, str]] = {
    "project default": (lambda a: a["spec"].update(project="default"), "AW353"),
    "another tenant's namespace": (lambda a: a["spec"]["destination"].update(namespace="other-dev"), "AW355"),
    "a system namespace": (lambda a: a["spec"]["destination"].update(namespace="kube-system"), "AW355"),
    "a longer tenant's namespace": (
        lambda a: a["spec"]["destination"].update(namespace="acme-eu-dev"),
        "AW355",
    ),
    "no namespace": (lambda a: a["spec"]["destination"].pop("namespace"), "AW355"),
    "another cluster": (lambda a: a["spec"]["destination"].update(server="https://evil.example"), "AW352"),
    "server and name": (lambda a: a["spec"]["destination"].update(name="in-cluster"), "AW352"),
    "no server": (lambda a: a["spec"]["destination"].pop("server"), "AW352"),
    "a plugin": (lambda a: a["spec"]["source"].update(plugin={"name": "sh"}), "AW358"),
    "build options": (
        lambda a: a["spec"]["source"].update(kustomize={"buildOptions": "--enable-alpha-plugins"}),
        "AW358",
    ),
    "values from above": (
        lambda a: a["spec"]["source"].update(helm={"valueFiles": ["../../b/values.yaml"]}),
        "AW359",
    ),
    "values from the network": (
        lambda a: a["spec"]["source"].update(helm={"valueFiles": ["https://evil.example/v.yaml"]}),
        "AW359",
    ),
    "values by an absolute path": (
        lambda a: a["spec"]["source"].update(helm={"valueFiles": ["/etc/passwd"]}),
        "AW359",
    ),
    "values of another source": (
        lambda a: a["spec"]["source"].update(helm={"valueFiles": ["$other/values.yaml"]}),
        "AW359",
    ),
    "missing values ignored": (
        lambda a: a["spec"]["source"].update(helm={"ignoreMissingValueFiles": True}),
        "AW359",
    ),
    "a path upwards": (lambda a: a["spec"]["source"].update(path="apps/../../x"), "AW359"),
    "path and chart": (lambda a: a["spec"]["source"].update(chart="x"), "AW351"),
    "neither path nor chart": (lambda a: a["spec"]["source"].pop("path"), "AW351"),
    "a chart from outside": (
        lambda a: (a["spec"]["source"].pop("path"), a["spec"]["source"].update(chart="x")),
        "AW354",
    ),
    "source and sources": (lambda a: a["spec"].update(sources=[a["spec"]["source"]]), "AW351"),
    "no source": (lambda a: a["spec"].pop("source"), "AW351"),
    "empty sources": (lambda a: (a["spec"].pop("source"), a["spec"].update(sources=[])), "AW351"),
    "an unknown sync option": (
        lambda a: a["spec"]["syncPolicy"].update(syncOptions=["CreateNamespce=true"]),
        "AW356",
    ),
    "a sync option's bad value": (
        lambda a: a["spec"]["syncPolicy"].update(syncOptions=["PruneLast=yes"]),
        "AW356",
    ),
    "a namespace made on the way": (
        lambda a: a["spec"]["syncPolicy"].update(syncOptions=["CreateNamespace=true"]),
        "AW356",
    ),
    "no validation": (lambda a: a["spec"]["syncPolicy"].update(syncOptions=["Validate=false"]), "AW356"),
    "a bad duration": (
        lambda a: a["spec"]["syncPolicy"]["retry"]["backoff"].update(duration="5 seconds"),
        "AW357",
    ),
    "a finalizer": (
        lambda a: a["metadata"].update(finalizers=["resources-finalizer.argocd.argoproj.io"]),
        "AW360",
    ),
    "a sync wave": (
        lambda a: a["metadata"]["annotations"].update({"argocd.argoproj.io/sync-wave": "-1"}),
        "AW360",
    ),
    "another namespace than argocd": (lambda a: a["metadata"].update(namespace="acme-dev"), "AW355"),
    "a misspelt field": (lambda a: a["spec"]["syncPolicy"]["automated"].update(selfheal=True), "AW350"),
    "values as text": (lambda a: a["spec"]["source"].update(helm={"valuesObject": "a: 1"}), "AW350"),
    "no destination": (lambda a: a["spec"].pop("destination"), "AW350"),
    "no project": (lambda a: a["spec"].pop("project"), "AW350"),
    "no repository": (lambda a: a["spec"]["source"].pop("repoURL"), "AW350"),
    "our own spelling of a field": (lambda a: a["spec"]["source"].update(repo_url="x"), "AW350"),
    "a spec that is a text": (lambda a: a.update(spec="x"), "AW350"),
    "no metadata": (lambda a: a.pop("metadata"), "AW350"),
    "an old version": (lambda a: a.update(apiVersion="argoproj.io/v1"), "AW350"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_application_has_its_finding(fault: str, made: dict[str, Any]) -> None:
    change, rule = FAULTS[fault]
    application = copy.deepcopy(made["Application"])

    change(application)

    assert rule in rules(application)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_finding_says_where_and_what_to_do(fault: str, made: dict[str, Any]) -> None:
    application = copy.deepcopy(made["Application"])
    FAULTS[fault][0](application)

    findings = manifests.check_application(application, file="argocd/apps/shop.yaml")

    assert all(each.place.startswith("/") and each.fix and each.file for each in findings)


def test_a_repository_that_is_not_the_projects_is_found(made: dict[str, Any]) -> None:
    application = copy.deepcopy(made["Application"])

    application["spec"]["source"]["repoURL"] = "https://github.com/other/apps.git"

    assert rules(application, made["AppProject"]) == {"AW354"}


def test_a_namespace_that_is_not_in_the_project_is_found(made: dict[str, Any]) -> None:
    application = copy.deepcopy(made["Application"])

    application["spec"]["destination"]["namespace"] = "acme-qa"

    assert rules(application, made["AppProject"]) == {"AW355"}


def test_another_tenants_project_is_found(made: dict[str, Any]) -> None:
    application = copy.deepcopy(made["Application"])

    application["spec"]["project"] = "tenant-other"

    assert "AW353" in rules(application, made["AppProject"])


def test_several_sources_are_each_checked(made: dict[str, Any]) -> None:
    application = copy.deepcopy(made["Application"])
    source = application["spec"].pop("source")

    application["spec"]["sources"] = [source, source | {"path": "../x"}]

    (found,) = manifests.check_application(application)
    assert (found.rule, found.place) == ("AW359", "/spec/sources/1/path")


SET_FAULTS: dict[str, tuple[Change, str]] = {
    "no go template": (lambda a: a["spec"].pop("goTemplate"), "AW361"),
    "no missingkey": (lambda a: a["spec"].pop("goTemplateOptions"), "AW361"),
    "another tenant's namespace": (
        lambda a: a["spec"]["generators"][0]["list"]["elements"][0].update(namespace="other-dev"),
        "AW355",
    ),
    "a fixed system namespace": (
        lambda a: a["spec"]["template"]["spec"]["destination"].update(namespace="kube-system"),
        "AW355",
    ),
    "an element with a path": (
        lambda a: a["spec"]["generators"][0]["list"]["elements"][0].update(environment="../../x"),
        "AW361",
    ),
    "a git generator": (lambda a: a["spec"].update(generators=[{"git": {"repoURL": "x"}}]), "AW350"),
    "a finalizer in the template": (
        lambda a: a["spec"]["template"]["metadata"].update(finalizers=["x"]),
        "AW360",
    ),
    "a project by template": (
        lambda a: a["spec"]["template"]["spec"].update(project="{{ .environment }}"),
        "AW353",
    ),
}


@pytest.mark.parametrize("fault", SET_FAULTS)
def test_a_faulty_application_set_has_its_finding(fault: str, made: dict[str, Any]) -> None:
    change, rule = SET_FAULTS[fault]
    obj = copy.deepcopy(made["ApplicationSet"])

    change(obj)

    assert rule in rules(obj)


PROJECT_FAULTS: dict[str, tuple[Change, str]] = {
    "any repository": (lambda a: a["spec"].update(sourceRepos=["*"]), "AW362"),
    "two repositories": (lambda a: a["spec"].update(sourceRepos=["https://a.b/c", "https://a.b/d"]), "AW362"),
    "cluster-wide objects": (
        lambda a: a["spec"].update(clusterResourceWhitelist=[{"group": "*", "kind": "*"}]),
        "AW362",
    ),
    "every kind": (lambda a: a["spec"].pop("namespaceResourceWhitelist"), "AW362"),
    "a foreign namespace": (lambda a: a["spec"]["destinations"][0].update(namespace="other-dev"), "AW362"),
    "any namespace": (lambda a: a["spec"]["destinations"][0].update(namespace="*"), "AW362"),
    "another cluster": (lambda a: a["spec"]["destinations"][0].update(server="*"), "AW362"),
    "a name of its own": (lambda a: a["metadata"].update(name="default"), "AW353"),
}


@pytest.mark.parametrize("fault", PROJECT_FAULTS)
def test_a_faulty_project_has_its_finding(fault: str, made: dict[str, Any]) -> None:
    change, rule = PROJECT_FAULTS[fault]
    obj = copy.deepcopy(made["AppProject"])

    change(obj)

    assert rule in rules(obj)


def test_the_project_names_one_repository_and_the_tenants_namespaces(made: dict[str, Any]) -> None:
    project = made["AppProject"]

    assert project["metadata"]["name"] == "tenant-acme"
    assert project["spec"]["sourceRepos"] == ["https://github.com/acme/apps.git"]
    assert [each["namespace"] for each in project["spec"]["destinations"]] == [
        "acme-dev",
        "acme-prod",
        "acme-staging",
    ]
    assert project["spec"]["clusterResourceWhitelist"] == []


def test_the_project_keeps_the_namespaces_of_other_modules(sample: dict[str, Any]) -> None:
    path = "argocd/projects/acme.yaml"
    other = sample["module"] | {"name": "cart", "environments": {"qa": {}}}
    standing = manifests.render(other, sample["context"])["files"][path]

    context = sample["context"] | {"project": standing}
    project = yaml.safe_load(manifests.render(sample["module"], context)["files"][path])

    namespaces = [each["namespace"] for each in project["spec"]["destinations"]]
    assert namespaces == ["acme-dev", "acme-prod", "acme-qa", "acme-staging"]


def test_the_project_takes_no_foreign_namespace_over(sample: dict[str, Any]) -> None:
    standing = "spec: {destinations: [{namespace: kube-system}, {namespace: acme-eu-dev}, {namespace: '*'}]}"

    context = sample["context"] | {"project": standing}
    text = manifests.render(sample["module"], context)["files"]["argocd/projects/acme.yaml"]

    assert [each["namespace"] for each in yaml.safe_load(text)["spec"]["destinations"]] == [
        "acme-dev",
        "acme-prod",
        "acme-staging",
    ]


def test_a_project_of_another_repository_is_a_conflict(sample: dict[str, Any]) -> None:
    context = sample["context"] | {"project": "spec: {sourceRepos: ['https://github.com/acme/old.git']}"}

    with pytest.raises(AppError) as caught:
        manifests.render(sample["module"], context)

    assert (caught.value.code, caught.value.status) == ("AW334", 409)


def test_without_argo_cd_nothing_of_it_is_made(sample: dict[str, Any]) -> None:
    files = manifests.render(sample["module"] | {"argocd": "none"}, sample["context"])["files"]

    assert not [path for path in files if path.startswith("argocd/")]


def test_an_application_is_made_for_each_environment(made: dict[str, Any], sample: dict[str, Any]) -> None:
    text = manifests.render(**sample)["files"]["argocd/apps/shop.yaml"]

    found = [(each["metadata"]["name"], each["spec"]["source"]["path"]) for each in yaml.safe_load_all(text)]

    assert found == [
        ("acme.shop.dev", "apps/shop/overlays/dev"),
        ("acme.shop.staging", "apps/shop/overlays/staging"),
        ("acme.shop.prod", "apps/shop/overlays/prod"),
    ]


def test_the_charts_folder_can_be_chosen(sample: dict[str, Any]) -> None:
    module = sample["module"] | {"layout": "helm", "chart": "deployment/helm-chart"}

    files = manifests.render(module, sample["context"])["files"]

    application = next(yaml.safe_load_all(files["argocd/apps/shop.yaml"]))
    assert "deployment/helm-chart/Chart.yaml" in files
    assert application["spec"]["source"]["path"] == "deployment/helm-chart"
    assert application["spec"]["source"]["helm"]["valueFiles"] == ["values.yaml", "values-dev.yaml"]
