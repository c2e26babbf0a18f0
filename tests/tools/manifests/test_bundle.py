"""The bundle: the stored trees, the objects' promises, the same bytes every time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from core.errors import AppError
from tools import manifests

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).resolve().parents[3]
SMALL: dict[str, Any] = {"name": "shop", "version": "1.4.2", "image": "h.io/shop:1.4.2"}


def objects(files: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Kind → object of the base."""
    found = [yaml.safe_load(text) for path, text in files.items() if "/base/" in path]
    return {each["kind"]: each for each in found}


@pytest.fixture
def made(sample: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return objects(manifests.render(**sample)["files"])


def test_the_tree_is_the_stored_one(layout: str) -> None:
    given = json.loads((GOLDEN / f"{layout}.input.json").read_text("utf-8"))
    tree = GOLDEN / layout

    files = manifests.render(**given)["files"]

    stored = {path.relative_to(tree).as_posix(): path for path in tree.rglob("*") if path.is_file()}
    assert files == {name: path.read_text("utf-8") for name, path in sorted(stored.items())}


def test_a_hash_seed_changes_no_byte(layout: str) -> None:
    program = (
        "import json, sys, hashlib; from tools import manifests;"
        f"given = json.load(open({str(GOLDEN / f'{layout}.input.json')!r}));"
        "print(hashlib.sha256(repr(manifests.render(**given)).encode()).hexdigest())"
    )

    def digest(seed: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert digest("1") == digest("4711")


def test_the_files_come_in_order(sample: dict[str, Any]) -> None:
    files = manifests.render(**sample)["files"]

    assert list(files) == sorted(files)


def test_every_text_ends_with_one_line_end(layout: str, sample: dict[str, Any]) -> None:
    module = sample["module"] | {"layout": layout}

    files = manifests.render(module, {})["files"]

    assert all(text.endswith("\n") and not text.endswith("\n\n") for text in files.values())


def test_selectors_hold_only_name_and_instance(made: dict[str, Any]) -> None:
    selectors = [
        made["Deployment"]["spec"]["selector"]["matchLabels"],
        made["Service"]["spec"]["selector"],
        made["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        made["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ]

    assert all(
        each == {"app.kubernetes.io/name": "shop", "app.kubernetes.io/instance": "shop"} for each in selectors
    )


def test_every_object_carries_the_labels(made: dict[str, Any]) -> None:
    wanted = {"name", "instance", "version", "component", "part-of", "managed-by"}
    labelled = [each["metadata"]["labels"] for each in made.values() if each["kind"] != "Kustomization"]
    labelled.append(made["Deployment"]["spec"]["template"]["metadata"]["labels"])

    for labels in labelled:
        assert {f"app.kubernetes.io/{word}" for word in wanted} <= set(labels)
        assert labels["app.kubernetes.io/managed-by"] == "autoweave"


def test_every_object_names_the_spec_it_was_made_from(made: dict[str, Any], sample: dict[str, Any]) -> None:
    digests = {
        each["metadata"]["annotations"]["autoweave.io/spec-digest"]
        for each in made.values()
        if each["kind"] != "Kustomization"
    }

    assert digests == {sample["context"]["spec"]["digest"]}


def test_the_pod_is_locked_down(made: dict[str, Any]) -> None:
    pod = made["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]

    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]
    assert [each["name"] for each in pod["volumes"]] == ["tmp"]


def test_the_service_account_mounts_no_token(made: dict[str, Any]) -> None:
    assert made["ServiceAccount"]["automountServiceAccountToken"] is False


def test_plain_values_go_to_the_config_map_and_references_to_the_pod(made: dict[str, Any]) -> None:
    container = made["Deployment"]["spec"]["template"]["spec"]["containers"][0]

    assert made["ConfigMap"]["data"] == {"LOG_LEVEL": "info", "FEATURE": "no"}
    assert container["envFrom"] == [{"configMapRef": {"name": "shop"}}]
    assert [each["name"] for each in container["env"]] == ["DATABASE_PASSWORD", "REGION"]


def test_without_plain_values_there_is_no_config_map() -> None:
    files = manifests.render(SMALL, {})["files"]

    assert "apps/shop/base/configmap.yaml" not in files
    assert "configmap.yaml" not in files["apps/shop/base/kustomization.yaml"]


def test_a_changed_value_replaces_the_pods() -> None:
    def digest(value: str) -> str:
        found = objects(manifests.render(SMALL | {"env": {"A": value}}, {})["files"])
        annotations = found["Deployment"]["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["autoweave.io/config-digest"])

    assert digest("1") != digest("2")


def test_the_network_lets_in_callers_of_the_namespace_and_those_named(made: dict[str, Any]) -> None:
    callers = made["NetworkPolicy"]["spec"]["ingress"][0]["from"]

    assert callers[0] == {"podSelector": {}}
    assert [
        each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for each in callers[1:]
    ] == [
        "monitoring",
        "ingress-nginx",
    ]


def test_the_network_lets_out_dns_and_what_was_named(made: dict[str, Any]) -> None:
    dns, database = made["NetworkPolicy"]["spec"]["egress"]

    assert {each["port"] for each in dns["ports"]} == {53}
    assert database == {
        "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}],
        "ports": [{"port": 5432, "protocol": "TCP"}],
    }


def test_an_ingress_has_tls(made: dict[str, Any]) -> None:
    assert made["Ingress"]["spec"]["tls"] == [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}]


def test_the_base_lists_every_file_beside_it(sample: dict[str, Any]) -> None:
    files = manifests.render(**sample)["files"]

    listed = yaml.safe_load(files["apps/shop/base/kustomization.yaml"])["resources"]

    beside = {path.rpartition("/")[2] for path in files if "/base/" in path}
    assert set(listed) == beside - {"kustomization.yaml"}


def test_the_models_and_the_spec_are_carried_along(sample: dict[str, Any]) -> None:
    files = manifests.render(**sample)["files"]

    assert files["apps/shop/models/item.py"] == sample["context"]["models"]["item.py"]
    assert files["apps/shop/openapi.yaml"] == sample["context"]["openapi"]


@pytest.mark.parametrize(
    "path", ["../x.py", "/etc/x", "a/../../b", ".git/x", "a\\b", "", "a\n", "-x", "a//b"]
)
def test_a_model_outside_its_folder_is_refused(path: str) -> None:
    with pytest.raises(AppError) as caught:
        manifests.render(SMALL, {"models": {path: ""}})

    assert caught.value.code == "AW332"


def test_a_guessed_image_is_told() -> None:
    made = manifests.render({"name": "shop", "version": "1"}, {})

    assert "AW341" in [each["rule"] for each in made["findings"]]


def test_a_given_image_and_remote_and_health_leave_nothing_to_tell(sample: dict[str, Any]) -> None:
    assert manifests.render(**sample)["findings"] == []


def test_a_missing_health_operation_is_told() -> None:
    assert "AW342" in [each["rule"] for each in manifests.render(SMALL, {})["findings"]]


def test_a_missing_remote_is_told() -> None:
    assert "AW343" in [each["rule"] for each in manifests.render(SMALL, {})["findings"]]


def test_the_module_comes_back_as_it_was_understood() -> None:
    assert manifests.render(SMALL, {})["module"] == manifests.read(SMALL).plain()


def test_the_lock_changes_with_a_template() -> None:
    texts = manifests.templates()
    changed = texts | {"k8s/service.yaml": texts["k8s/service.yaml"] + "# changed\n"}

    def lock(templates: dict[str, str]) -> Any:
        files = manifests.render(SMALL, {"templates": templates})["files"]
        return json.loads(files["apps/shop/autoweave.lock"])

    assert lock(texts)["digests"]["templates"] != lock(changed)["digests"]["templates"]


def test_a_module_that_breaks_a_rule_is_refused_here_too() -> None:
    with pytest.raises(AppError) as caught:
        manifests.render(SMALL | {"image": "h.io/shop:latest"}, {})

    assert caught.value.code == "AW305"


def test_an_unknown_fact_is_the_callers_fault() -> None:
    with pytest.raises(AppError) as caught:
        manifests.render(SMALL, {"specs": {}})

    assert caught.value.code == "AW331"


def test_backstage_is_told_of_the_component_and_its_api(sample: dict[str, Any]) -> None:
    text = manifests.render(**sample)["files"]["apps/shop/catalog-info.yaml"]

    component, api = yaml.safe_load_all(text)
    assert (component["kind"], api["kind"]) == ("Component", "API")
    assert component["spec"]["providesApis"] == ["shop"]
    assert component["metadata"]["annotations"]["github.com/project-slug"] == "acme/apps"
    assert api["spec"]["definition"] == {"$text": "./openapi.yaml"}


def test_the_text_of_a_spec_becomes_one_visible_line(sample: dict[str, Any]) -> None:
    context = sample["context"] | {
        "spec": {"title": "a\u202eb\x00c\n---\nd", "description": "x" * 5000, "digest": ""}
    }

    text = manifests.render(sample["module"], context)["files"]["apps/shop/catalog-info.yaml"]

    component = next(yaml.safe_load_all(text))["metadata"]
    assert component["title"] == "a b c --- d"
    assert len(component["description"]) == 500


def test_kubernetes_own_schemas_accept_every_object(made: dict[str, Any]) -> None:
    import kubernetes_validate

    for each in made.values():
        if each["kind"] != "Kustomization":
            kubernetes_validate.validate(each, "1.32", strict=True)


def test_the_objects_of_each_environment_can_be_had_without_helm(sample: dict[str, Any]) -> None:
    texts = manifests.expected(**sample)

    deployment = yaml.safe_load(texts["apps/shop/expected/dev/deployment.yaml"])
    assert deployment["spec"]["replicas"] == 1
    assert {yaml.safe_load(text)["metadata"]["namespace"] for text in texts.values()} == {
        "acme-dev",
        "acme-staging",
        "acme-prod",
    }


def test_the_values_fit_their_own_schema() -> None:
    given = json.loads((GOLDEN / "helm.input.json").read_text("utf-8"))
    files = manifests.render(**given)["files"]
    schema = json.loads(files["apps/shop/chart/values.schema.json"])

    values = yaml.safe_load(files["apps/shop/chart/values.yaml"])

    jsonschema_rs.validator_for(schema).validate(values)


def test_the_values_schema_refuses_a_latest_image() -> None:
    given = json.loads((GOLDEN / "helm.input.json").read_text("utf-8"))
    files = manifests.render(**given)["files"]
    schema = json.loads(files["apps/shop/chart/values.schema.json"])
    values = yaml.safe_load(files["apps/shop/chart/values.yaml"])

    values["image"]["tag"] = "latest"

    assert not jsonschema_rs.validator_for(schema).is_valid(values)
