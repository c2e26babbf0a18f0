"""The real kustomize and helm read what we write, and both layouts mean the same."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.manifests.test_hostile import READABLE
from tools import manifests

Write = Callable[[dict[str, Any], dict[str, Any]], Path]
Objects = dict[tuple[str, str], dict[str, Any]]
ENVIRONMENTS = ("dev", "staging", "prod")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class GoLoader(yaml.SafeLoader):
    """Go writes a lone `=` or `<<` plain; PyYAML alone sees a meaning in it."""


for sign in ("value", "merge"):
    GoLoader.add_constructor(f"tag:yaml.org,2002:{sign}", yaml.SafeLoader.construct_yaml_str)


def objects(text: str) -> Objects:
    found = [each for each in yaml.load_all(text, GoLoader) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def built(kustomize: list[str], root: Path, environment: str) -> Objects:
    return objects(run(*kustomize, str(root / "apps" / "shop" / "overlays" / environment)))


def templated(helm: str, root: Path, environment: str) -> Objects:
    chart = root / "apps" / "shop" / "chart"
    values = f"{chart}/values-{environment}.yaml"
    return objects(
        run(helm, "template", "shop", str(chart), "-f", values, "-n", f"acme-{environment}", "--skip-tests")
    )


def comparable(found: Objects) -> Objects:
    """Without what may differ: Helm's own label, its way to a digest, the order of a merged list."""
    for each in found.values():
        each["metadata"]["labels"].pop("helm.sh/chart", None)
    pod = found["Deployment", "shop"]["spec"]["template"]
    assert pod["metadata"]["annotations"].pop("autoweave.io/config-digest")
    pod["spec"]["containers"][0]["env"] = sorted(
        (each for each in pod["spec"]["containers"][0]["env"]), key=lambda each: str(each["name"])
    )
    return found


def container(found: Objects) -> dict[str, Any]:
    return dict(found["Deployment", "shop"]["spec"]["template"]["spec"]["containers"][0])


def test_an_overlay_sets_namespace_replicas_and_label(
    kustomize: list[str], write: Write, sample: dict[str, Any]
) -> None:
    found = built(kustomize, write(**sample), "dev")

    deployment = found["Deployment", "shop"]
    assert {each["metadata"]["namespace"] for each in found.values()} == {"acme-dev"}
    assert {each["metadata"]["labels"]["autoweave.io/environment"] for each in found.values()} == {"dev"}
    assert deployment["spec"]["replicas"] == 1
    assert "autoweave.io/environment" not in deployment["spec"]["selector"]["matchLabels"]


def test_an_overlay_changes_values_and_the_pods_with_them(
    kustomize: list[str], write: Write, sample: dict[str, Any]
) -> None:
    root = write(**sample)

    dev, staging = built(kustomize, root, "dev"), built(kustomize, root, "staging")

    def digest(found: Objects) -> Any:
        return found["Deployment", "shop"]["spec"]["template"]["metadata"]["annotations"][
            "autoweave.io/config-digest"
        ]

    assert dev["ConfigMap", "shop"]["data"] == {"LOG_LEVEL": "debug", "FEATURE": "no", "REGION": "local"}
    assert digest(dev) != digest(staging)


def test_an_overlays_plain_value_takes_the_place_of_a_reference(
    kustomize: list[str], write: Write, sample: dict[str, Any]
) -> None:
    root = write(**sample)

    names = {
        env: [each["name"] for each in container(built(kustomize, root, env))["env"]] for env in ENVIRONMENTS
    }

    assert names["dev"] == ["DATABASE_PASSWORD"]
    assert sorted(names["prod"]) == ["DATABASE_PASSWORD", "FEATURE", "REGION"]


def test_an_overlay_changes_the_resources_it_names(
    kustomize: list[str], write: Write, sample: dict[str, Any]
) -> None:
    found = built(kustomize, write(**sample), "prod")

    assert container(found)["resources"] == {
        "requests": {"cpu": "250m", "memory": "512Mi"},
        "limits": {"cpu": "2", "memory": "1Gi"},
    }


def test_kustomize_reads_hostile_texts_as_they_are(
    kustomize: list[str], write: Write, sample: dict[str, Any]
) -> None:
    texts = {f"V{index}": text for index, text in enumerate(READABLE)}
    sample["module"]["env"] = texts
    sample["module"]["environments"] = {"dev": {"env": {key: f"{text}!" for key, text in texts.items()}}}
    root = write(**sample)

    base = objects(run(*kustomize, str(root / "apps" / "shop" / "base")))
    dev = built(kustomize, root, "dev")

    assert base["ConfigMap", "shop"]["data"] == texts
    assert dev["ConfigMap", "shop"]["data"] == {key: f"{text}!" for key, text in texts.items()}


def helm_sample(sample: dict[str, Any]) -> dict[str, Any]:
    return {"module": sample["module"] | {"layout": "helm"}, "context": sample["context"]}


@pytest.mark.go
def test_helm_lint_has_nothing_to_say(helm: str, write: Write, sample: dict[str, Any]) -> None:
    chart = write(**helm_sample(sample)) / "apps" / "shop" / "chart"

    for environment in ENVIRONMENTS:
        told = run(helm, "lint", "--strict", str(chart), "-f", f"{chart}/values-{environment}.yaml")
        assert "0 chart(s) failed" in told
        assert "[WARNING]" not in told


@pytest.mark.go
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_both_layouts_mean_the_same(
    environment: str, helm: str, kustomize: list[str], write: Write, sample: dict[str, Any]
) -> None:
    by_kustomize = built(kustomize, write(**sample), environment)
    by_helm = templated(helm, write(**helm_sample(sample)), environment)

    assert comparable(by_helm) == comparable(by_kustomize)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_we_expect_of_kustomize_is_what_it_makes(
    environment: str, kustomize: list[str], write: Write, sample: dict[str, Any]
) -> None:
    texts = manifests.expected(**sample)

    made = built(kustomize, write(**sample), environment)

    wanted = [text for path, text in texts.items() if f"/expected/{environment}/" in path]
    assert comparable(objects("---\n".join(wanted))) == comparable(made)


@pytest.mark.go
def test_helm_reads_hostile_texts_as_they_are(helm: str, write: Write, sample: dict[str, Any]) -> None:
    texts = {f"V{index}": text for index, text in enumerate(READABLE)}
    given = helm_sample(sample)
    noted = {f"example.com/{key}": text for key, text in list(texts.items())[:50]}
    given["module"] |= {"env": texts, "annotations": noted}

    found = templated(helm, write(**given), "staging")

    annotations = found["Service", "shop"]["metadata"]["annotations"]
    assert found["ConfigMap", "shop"]["data"] == texts
    assert {key: annotations[key] for key in noted} == noted


@pytest.mark.go
def test_helm_refuses_values_outside_the_schema(helm: str, write: Write, sample: dict[str, Any]) -> None:
    chart = write(**helm_sample(sample)) / "apps" / "shop" / "chart"

    done = subprocess.run(
        [helm, "template", "shop", str(chart), "--set", "image.tag=latest"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode != 0
    assert "image" in done.stderr
