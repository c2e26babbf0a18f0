"""The Helm chart's own data: versions, image parts, what an environment lays over the values."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tools import manifests
from tools.manifests import chart

# From semver.org, the suggested expression.
SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)


def values(sample: dict[str, Any], name: str) -> Any:
    files = manifests.render(sample["module"] | {"layout": "helm"}, sample["context"])["files"]
    return yaml.safe_load(files[f"apps/shop/chart/{name}.yaml"])


@pytest.mark.parametrize(
    ("version", "made"),
    [
        ("1.4.2", "1.4.2"),
        ("1.4", "1.4.0"),
        ("v2", "2.0.0"),
        ("1.0.0-rc.1", "1.0.0-rc.1"),
        ("1.0.0-01", "0.0.0-v1-0-0-01"),
        ("2024-01-02", "0.0.0-v2024-01-02"),
        ("01.2.3", "0.0.0-v01-2-3"),
        ("1.2.3.4", "0.0.0-v1-2-3-4"),
        ("beta_7", "0.0.0-vbeta-7"),
    ],
)
def test_a_charts_version_is_semver_whatever_the_modules_is(version: str, made: str) -> None:
    assert chart.semver(version) == made


@given(st.text())
def test_any_version_a_module_can_have_becomes_semver(text: str) -> None:
    assert SEMVER.fullmatch(chart.semver(manifests.tag(text)))


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("shop:1", {"repository": "shop", "tag": "1"}),
        ("host:5000/a/shop:1.2", {"repository": "host:5000/a/shop", "tag": "1.2"}),
        ("h.io/shop@sha256:ab", {"repository": "h.io/shop", "digest": "sha256:ab"}),
        ("h.io/shop:1@sha256:ab", {"repository": "h.io/shop", "tag": "1", "digest": "sha256:ab"}),
    ],
)
def test_an_image_is_given_in_parts(reference: str, parts: dict[str, str]) -> None:
    assert chart.image(reference) == parts


def test_the_version_of_the_module_is_the_charts_app_version(sample: dict[str, Any]) -> None:
    made = values(sample, "Chart")

    assert (made["name"], made["version"], made["appVersion"]) == ("shop", "1.4.2", "1.4.2")


def test_an_environment_lays_over_only_what_differs(sample: dict[str, Any]) -> None:
    assert values(sample, "values-staging") == {"environment": "staging"}


def test_an_environment_that_changes_a_reference_gives_the_whole_list(sample: dict[str, Any]) -> None:
    made = values(sample, "values-prod")

    assert [each["name"] for each in made["env"]] == ["FEATURE", "DATABASE_PASSWORD", "REGION"]


def test_a_plain_value_of_an_environment_takes_the_reference_away(sample: dict[str, Any]) -> None:
    made = values(sample, "values-dev")

    assert made["config"] == {"LOG_LEVEL": "debug", "REGION": "local"}
    assert [each["name"] for each in made["env"]] == ["DATABASE_PASSWORD"]


def test_two_modules_have_the_same_templates(sample: dict[str, Any]) -> None:
    def templates(module: dict[str, Any]) -> dict[str, str]:
        files = manifests.render(module | {"layout": "helm"}, {})["files"]
        return {path.partition("/chart/")[2]: text for path, text in files.items() if "/templates/" in path}

    assert templates(sample["module"]) == templates({"name": "other", "version": "2"})
