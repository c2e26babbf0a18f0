"""Every file of a bundle has a role; kustomizations and charts are held to what they name."""

from __future__ import annotations

import json

import pytest

from tests.tools.validation import samples
from tools import validation
from tools.validation import Ledger, files

WORKLOAD = samples.dumped(samples.workload())
MAP = samples.dumped(samples.config_map())
CHART = {
    "apps/demo/chart/Chart.yaml": "apiVersion: v2\nname: demo\nversion: 1.0.0\n",
    "apps/demo/chart/values.yaml": "replicas: 2\nimage: {tag: '1'}\n",
    "apps/demo/chart/values.schema.json": json.dumps(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": {"replicas": {"type": "integer"}},
            "required": ["image"],
        }
    ),
    "apps/demo/chart/templates/a.yaml": "{{ if .Values.x }}\n",
}


def check(given: dict[str, str]) -> Ledger:
    return validation.check({"a.yaml": MAP, **given}, today=samples.TODAY)


def rules(ledger: Ledger) -> set[str]:
    return {finding.rule for finding in ledger.findings}


@pytest.mark.parametrize(
    ("path", "text", "role"),
    [
        ("apps/x/base/deployment.yaml", WORKLOAD, "kubernetes"),
        ("argocd/apps/x.yml", "kind: Application", "kubernetes"),
        ("a.json", "{}", "kubernetes"),
        ("apps/x/openapi.yaml", "openapi: 3.1.0\n", "openapi"),
        ("apps/x/openapi.yaml", '{"openapi": "3.1.0"}', "openapi"),
        ("apps/x/openapi.yaml", "openapi: 3.1.0\nkind: Deployment\n", "kubernetes"),
        ("apps/x/openapi.yaml", "apiVersion: v1\n", "kubernetes"),
        ("apps/x/base/kustomization.yaml", "resources: []", "kustomization"),
        ("apps/x/catalog-info.yaml", "kind: API", "catalog"),
        ("apps/x/autoweave.lock", "a: 1", "lock"),
        ("apps/x/models/pets.py", "x = 1", "other"),
        ("apps/x/README.md", "", "other"),
        ("policy/images.rego", "package main", "policy"),
        ("apps/x/autoweave.schema.json", "{}", "json-schema"),
    ],
)
def test_role_follows_path_and_first_words(path: str, text: str, role: str) -> None:
    assert files.roles({path: text})[path].name == role


def test_roles_in_a_chart_follow_its_layout() -> None:
    found = {path.rpartition("/")[2]: role.name for path, role in files.roles(CHART).items()}

    assert found == {
        "Chart.yaml": "chart",
        "values.yaml": "values",
        "values.schema.json": "json-schema",
        "a.yaml": "chart-template",
    }


def test_every_file_has_a_row_and_every_skip_a_reason() -> None:
    given = {"README.md": "x", "apps/x/openapi.yaml": "openapi: 3.0.0", "x.lock": "a: 1", **CHART}

    ledger = check(given)

    assert {row.file for row in ledger.rows} == {"a.yaml", *given}
    assert all(entry.reason for entry in ledger.entries if entry.status in ("skipped", "not_run"))


def test_values_are_held_to_the_charts_schema() -> None:
    ledger = check({**CHART, "apps/demo/chart/values.yaml": "replicas: two\nimage: {}\n"})

    assert [(f.rule, f.place, f.line) for f in ledger.findings] == [("AW432", "/replicas", 1)]


def test_further_values_are_laid_over_the_first() -> None:
    assert check({**CHART, "apps/demo/chart/values-dev.yaml": "replicas: 1\n"}).ok
    assert rules(check({**CHART, "apps/demo/chart/values-dev.yaml": "image: null\n"})) == {"AW432"}


def test_a_broken_values_schema_is_a_failure() -> None:
    ledger = check({**CHART, "apps/demo/chart/values.schema.json": '{"type": 7}'})

    assert rules(ledger) == {"AW432"}


@pytest.mark.parametrize(
    "text",
    ["apiVersion: v2\nname: demo\n", "apiVersion: v2\nname: a/../b\nversion: 1.0.0\n",
     "apiVersion: v2\nname: ..\nversion: 1.0.0\n", "apiVersion: v2\nname: demo\nversion: 1.0.0/../x\n",
     "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: b, version: '1', repository: file://../b}]\n",
     "apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies: [{name: b, version: '1', repository: oci://evil/b}]\n"],
)  # fmt: skip
def test_a_bad_chart_is_refused(text: str) -> None:
    assert "AW430" in rules(check({**CHART, "apps/demo/chart/Chart.yaml": text}))


def kustomized(text: str, **more: str) -> set[str]:
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
    given = {f"base/{name}": body for name, body in more.items()}
    return rules(check({"base/kustomization.yaml": head + text, "base/map.yaml": MAP, **given}))


def test_a_kustomization_and_its_files_pass() -> None:
    assert kustomized("resources: [map.yaml]\n") == set()


def test_a_patch_is_not_a_whole_object() -> None:
    patch = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\n"

    assert (
        kustomized("resources: [map.yaml]\npatches:\n  - path: patch.yaml\n", **{"patch.yaml": patch})
        == set()
    )


def test_an_overlay_may_name_its_base_folder() -> None:
    given = {"over/dev/kustomization.yaml": "resources: [../../base]\n", "base/map.yaml": MAP}

    assert rules(check({**given, "base/kustomization.yaml": "resources: [map.yaml]\n"})) == set()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("resources: [map.yaml, other.yaml]\n", "AW468"),
        ("resources: [map.yaml, ../../../etc/passwd]\n", "AW468"),
        ("resources: [map.yaml, 'https://example.com/a.yaml']\n", "AW468"),
        ("resources: [map.yaml, github.com/a/b]\n", "AW468"),
        ("resources: [map.yaml, /etc/passwd]\n", "AW468"),
        ("resources: [map.yaml]\nconfigMapGenerator: [{name: a, files: [x=../../secret]}]\n", "AW468"),
        ("resources: []\n", "AW469"),
        ("resource: [map.yaml]\n", "AW430"),
        ("resources: [map.yaml]\npatches: [{path: a, patch: b}]\n", "AW430"),
    ],
)
def test_a_bad_kustomization_is_found(text: str, rule: str) -> None:
    assert rule in kustomized(text)


ARGO = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: demo, namespace: argocd}
spec:
  project: tenant-a
  source: {repoURL: https://example.com/a.git, path: apps/demo/overlays/prod, targetRevision: main}
  destination: {server: https://kubernetes.default.svc, namespace: demo}
  syncPolicy: {automated: {prune: true, selfHeal: true}}
"""


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("", "", None),
        ("selfHeal", "selfheal", "AW430"),
        ("  destination", "  destinatoin", "AW430"),
        ("  source:", "  sources: [{repoURL: a}]\n  source:", "AW430"),
        ("tenant-a", "default", "AW488"),
    ],
)
def test_argo_applications_are_held_to_our_schema(old: str, new: str, rule: str | None) -> None:
    text = ARGO.replace(old, new) if old else ARGO

    assert rules(check({"app.yaml": text})) == ({rule} if rule else set())


def test_a_catalog_entry_is_held_to_our_schema() -> None:
    text = "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: a}\nspec: {owner: b}\n"

    assert rules(check({"catalog-info.yaml": text})) == set()
    assert rules(check({"catalog-info.yaml": text.replace("owner", "owned")})) == {"AW430"}


def test_a_schema_handed_in_judges_its_kind() -> None:
    text = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a, namespace: b}\nspec: 1\n"
    schema = {"properties": {"spec": {"type": "string"}}}

    ledger = validation.check(
        {"a.yaml": text}, today=samples.TODAY, extra_schemas={"example.org/v1/Thing": schema}
    )

    assert rules(ledger) == {"AW430"}


@pytest.mark.parametrize(
    "schema", [{"type": 7}, {"$ref": "https://example.com/x.json"}, {"$ref": "file:///etc/x"}]
)
def test_a_schema_that_is_none_or_leads_outside_is_refused(schema: dict[str, object]) -> None:
    text = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\n"

    with pytest.raises(validation.SchemaRefused):
        validation.check(
            {"a.yaml": text}, today=samples.TODAY, extra_schemas={"example.org/v1/Thing": schema}
        )
