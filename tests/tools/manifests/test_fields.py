"""The values a descriptor's fields take, and those they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import AppError, Invalid
from tools import manifests

GOOD: dict[str, Any] = {"name": "shop", "version": "1.4.2"}
DIGEST = "sha256:" + "a" * 64


def refused(data: dict[str, Any]) -> AppError:
    with pytest.raises(AppError) as caught:
        manifests.read(data)
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "kube-system",
        "argocd",
        "default",
        "A",
        "a_b",
        "-a",
        "a-",
        "a" * 64,
        "a.b",
        "xn--a",
        "\u0430",
        "",
        "1a",
        "a\n",
        "a\n---\nkind: ClusterRoleBinding",
    ],
)
@pytest.mark.parametrize("field", ["name", "tenant"])
def test_bad_names_and_tenants_are_refused(name: str, field: str) -> None:
    error = refused({**GOOD, field: name})

    assert isinstance(error, Invalid)
    assert error.code in {"AW304", "AW303"}
    assert error.place == f"autoweave.yaml#/{field}"


@pytest.mark.parametrize(
    "image",
    [
        "shop",
        "shop:latest",
        "shop:LATEST",
        "registry.example.com:5000/shop",
        "Shop:1",
        "a b:1",
        "shop:1\n",
        "",
        "user:pass@host/shop:1",
        "https://host/shop:1",
        "shop@sha256:abc",
        "shop:1@md5:" + "a" * 32,
        "shop:" + "a" * 129,
        "x\n        securityContext: {privileged: true}",
        "shop:{{7*7}}",
        "../shop:1",
        "shop//x:1",
    ],
)
def test_images_without_a_fixed_version_are_refused(image: str) -> None:
    assert refused({**GOOD, "image": image}).code in {"AW305", "AW303"}


@pytest.mark.parametrize(
    "image",
    ["shop:1", "ghcr.io/acme/shop:1.4.2", "host:5000/a/b-c_d:v1", f"shop@{DIGEST}", f"h.io/shop:1@{DIGEST}"],
)
def test_images_with_a_tag_or_digest_are_accepted(image: str) -> None:
    assert manifests.read({**GOOD, "image": image}).image_reference == image


def test_an_image_that_nobody_gave_is_named_after_the_module() -> None:
    module = manifests.read(GOOD, tenant="acme")

    assert module.image_reference == "registry.example/acme/shop:1.4.2"


@pytest.mark.parametrize(
    "memory", ["1e9Gi", "-1Gi", "lots", "1 Gi", "Gi", "0", "1", "9999999999Ti", "1Gi\n", "٣Gi"]
)
def test_odd_amounts_of_memory_are_refused(memory: str) -> None:
    assert refused({**GOOD, "resources": {"limits": {"memory": memory}}}).code == "AW306"


@pytest.mark.parametrize("cpu", ["-1", "1e3", "100Mi", "0", "100000", "½"])
def test_odd_amounts_of_cpu_are_refused(cpu: str) -> None:
    assert refused({**GOOD, "resources": {"requests": {"cpu": cpu}}}).code == "AW306"


def test_a_number_may_stand_for_cpu_and_version() -> None:
    module = manifests.read("name: shop\nversion: 1.10\nresources: {requests: {cpu: 1}}\n")

    assert (module.version, module.resources.requests.cpu) == ("1.10", "1")


def test_a_request_above_its_limit_is_refused() -> None:
    error = refused({**GOOD, "resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "512Mi"}}})

    assert error.code == "AW306"


def test_a_request_above_its_limit_in_one_environment_is_refused() -> None:
    error = refused({**GOOD, "environments": {"dev": {"resources": {"requests": {"memory": "1Gi"}}}}})

    assert error.code == "AW306"
    assert "environments.dev.resources" in error.message


@pytest.mark.parametrize("name", ["1A", "A-B", "", "A B", "A=B", "A\n", "Ä", "LD_PRELOAD", "PATH", "{{x}}"])
def test_bad_variable_names_are_refused(name: str) -> None:
    assert refused({**GOOD, "env": {name: "x"}}).code == "AW307"


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "API_TOKEN",
        "SECRET",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "apiKey",
        "TLS_KEY",
        "PWD",
    ],
)
def test_a_secret_in_plain_text_is_refused_and_not_repeated(name: str) -> None:
    error = refused({**GOOD, "env": {name: "hunter2"}})

    assert error.code == "AW308"
    assert "secretKeyRef" in error.fix
    assert "hunter2" not in str(error.to_dict())


@pytest.mark.parametrize(
    "value",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a" * 36,
        "-----BEGIN RSA PRIVATE KEY-----\nx",
        "postgres://u:p@db/shop",
        "sk-" + "a" * 40,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    ],
)
def test_a_value_that_is_a_credential_is_refused_under_any_name(value: str) -> None:
    error = refused({**GOOD, "env": {"SETTING": value}})

    assert error.code == "AW308"
    assert value not in str(error.to_dict())


@pytest.mark.parametrize(
    "name", ["TOKEN_TTL", "PASSWORD_FILE", "PUBLIC_KEY", "MONKEY", "KEYBOARD", "SECRET_NAME"]
)
def test_a_name_that_tells_about_a_secret_is_no_secret(name: str) -> None:
    assert manifests.read({**GOOD, "env": {name: "x"}}).env == {name: "x"}


def test_a_secret_by_reference_is_accepted() -> None:
    module = manifests.read(
        {**GOOD, "env": {"DB_PASSWORD": {"secretKeyRef": {"name": "db", "key": "password"}}}}
    )

    assert module.env["DB_PASSWORD"].secretKeyRef.name == "db"


def test_a_secret_in_an_annotation_is_refused() -> None:
    assert refused({**GOOD, "annotations": {"example.com/api-token": "x"}}).code == "AW308"


def test_a_secret_in_an_environments_override_is_refused() -> None:
    assert refused({**GOOD, "environments": {"dev": {"env": {"API_TOKEN": "x"}}}}).code == "AW308"


@pytest.mark.parametrize("version", ["", "latest", "1.0\n", "a b", "1.0.0/../x", "{{7*7}}", "-1", "a" * 64])
def test_bad_versions_are_refused(version: str) -> None:
    assert refused({**GOOD, "version": version}).code in {"AW304", "AW303"}


@pytest.mark.parametrize(
    "chart",
    [
        ".",
        "..",
        "a/../b",
        "/etc",
        "a//b",
        "https://x",
        "file://../b",
        "oci://x/y",
        "a b",
        ".git/hooks",
        "apps/other",
        "apps/shop/models",
        "argocd/apps",
        "policy",
        "Apps/other",
        "a\n",
        "apps/shop/base",
        "",
    ],
)
def test_a_chart_outside_its_place_is_refused(chart: str) -> None:
    assert refused({**GOOD, "chart": chart}).code in {"AW309", "AW303"}


@pytest.mark.parametrize(
    "remote",
    [
        "ext::sh -c id",
        "--upload-pack=id",
        "https://user:pw@host/x.git",
        "https://host/../x",
        "http://",
        "/etc/passwd",
        "-oProxyCommand=id@host:x",
        "https://host/x.git\n",
        "javascript:1",
        "git@host:-x",
        "https://host/{{ .x }}",
    ],
)
def test_bad_remotes_are_refused(remote: str) -> None:
    assert refused({**GOOD, "git": {"remote": remote}}).code in {"AW312", "AW303"}


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/acme/apps.git",
        "git@github.com:acme/apps.git",
        "ssh://git@host:22/a/b.git",
        "file:///srv/git/apps.git",
    ],
)
def test_usual_remotes_are_accepted(remote: str) -> None:
    assert manifests.read({**GOOD, "git": {"remote": remote}}).git.remote == remote


@pytest.mark.parametrize("branch", ["-x", "a..b", "a.lock", "a b", "/a", "a/", "@{", "a~1", "x\n"])
def test_bad_branches_are_refused(branch: str) -> None:
    assert refused({**GOOD, "git": {"branch": branch}}).code == "AW312"


@pytest.mark.parametrize(
    "key",
    [
        "app.kubernetes.io/name",
        "argocd.argoproj.io/sync-wave",
        "kubernetes.io/x",
        "a b",
        "x/y/z",
        "helm.sh/hook",
        "autoweave.io/x",
        "",
    ],
)
@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_keys_with_a_meaning_to_the_cluster_are_refused(key: str, field: str) -> None:
    assert refused({**GOOD, field: {key: "x"}}).code in {"AW313", "AW303"}


@pytest.mark.parametrize("port", [80, 0, 70000, "8080", True])
def test_odd_ports_are_refused(port: object) -> None:
    assert refused({**GOOD, "ports": [{"port": port}]}).code == "AW303"


def test_two_ports_of_one_name_are_refused() -> None:
    assert refused({**GOOD, "ports": [{"port": 8080}, {"port": 8081}]}).code == "AW303"


def test_a_probe_on_a_port_that_does_not_exist_is_refused() -> None:
    assert refused({**GOOD, "health": {"liveness": {"port": "admin"}}}).code == "AW303"


def test_a_reference_to_both_a_secret_and_a_config_map_is_refused() -> None:
    key = {"name": "a", "key": "b"}

    assert refused({**GOOD, "env": {"A": {"secretKeyRef": key, "configMapKeyRef": key}}}).code == "AW303"
