"""The module descriptor: what is accepted, and how a refusal speaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AppError, TooLarge
from tools import manifests
from tools.manifests import Module

GOOD: dict[str, Any] = {"name": "shop", "version": "1.4.2"}


def refused(data: dict[str, Any] | str, **overrides: Any) -> AppError:
    with pytest.raises(AppError) as caught:
        manifests.read(data, **overrides)
    return caught.value


def test_name_and_version_are_enough() -> None:
    module = manifests.read("name: shop\nversion: 1.4.2\n")

    assert (module.name, module.version, module.replicas, module.tenant) == ("shop", "1.4.2", 2, "main")


def test_three_environments_are_the_default() -> None:
    module = manifests.read(GOOD)

    assert [module.namespace(each) for each in module.environments] == [
        "main-dev",
        "main-staging",
        "main-prod",
    ]


def test_an_override_wins_over_the_descriptor() -> None:
    assert manifests.read({**GOOD, "replicas": 3}, replicas=5).replicas == 5


def test_an_override_of_none_is_not_given() -> None:
    assert manifests.read({**GOOD, "replicas": 3}, replicas=None).replicas == 3


def test_overriding_env_adds_to_the_descriptors_own() -> None:
    module = manifests.read({**GOOD, "env": {"A": "1"}}, env={"B": "2"})

    assert module.env == {"A": "1", "B": "2"}


def test_the_spec_names_what_nobody_named() -> None:
    module = manifests.read("", spec_title="Swagger Pétstore - API", spec_version="1.0.0+build 7")

    assert (module.name, module.version) == ("swagger-petstore-api", "1.0.0-build-7")


def test_the_descriptors_name_wins_over_the_specs() -> None:
    assert manifests.read(GOOD, spec_title="Other", spec_version="9").name == "shop"


def test_plain_data_reads_back_as_the_same_module(sample: dict[str, Any]) -> None:
    module = manifests.read(sample["module"])

    assert Module.model_validate(module.plain()) == module


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Shop", "shop"),
        ("  The *Big* Shop!  ", "the-big-shop"),
        ("2024 report", "api-2024-report"),
        ("123", "api-123"),
        ("Магазин", "module-23e3c7"),
        ("", "module"),
        ("argocd", "app-argocd"),
        ("kube-system", "app-kube-system"),
        ("default", "app-default"),
        ("xn--80ak6aa92e", "xn-80ak6aa92e"),
        ("a" * 100, "a" * 33 + "-281659"),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_any_title_gives_a_name(title: str, name: str) -> None:
    made = manifests.slug(title)

    assert made == name
    assert manifests.default(name=title, version="1").name == made


def test_long_titles_that_differ_at_the_end_give_two_names() -> None:
    title = "The inventory of all things that can be bought and sold"

    assert manifests.slug(f"{title} in France") != manifests.slug(f"{title} in Spain")


@given(st.text(), st.text())
def test_a_module_can_be_made_from_any_title_and_version(title: str, version: str) -> None:
    module = manifests.default(name=title, version=version)

    assert manifests.read(module.plain()) == module


@pytest.mark.parametrize(
    "field",
    [
        "hostPath",
        "hostNetwork",
        "hostPID",
        "privileged",
        "runAsUser",
        "capabilities",
        "nodeName",
        "tolerations",
        "automountServiceAccountToken",
        "securityContext",
        "volumes",
        "args",
        "command",
        "namespace",
    ],
)
def test_what_could_harm_the_cluster_has_no_field(field: str) -> None:
    assert refused({**GOOD, field: "x"}).code == "AW302"


def test_an_unknown_field_names_its_neighbour() -> None:
    assert "did you mean `replicas`" in refused({**GOOD, "replica": 3}).message


def test_an_unknown_field_deep_inside_names_its_neighbour() -> None:
    error = refused({**GOOD, "environments": {"dev": {"replica": 3}}})

    assert "did you mean `replicas`" in error.message
    assert error.place == "autoweave.yaml#/environments/dev/replica"


@pytest.mark.parametrize(
    "data", [{"git": {"remote": "https://u:hunter2@h.io/x.git"}}, {"image": "u:hunter2@h.io/shop:1"}]
)
def test_a_password_in_an_address_is_not_repeated(data: dict[str, Any]) -> None:
    assert "hunter2" not in str(refused({**GOOD, **data}).to_dict())


def test_a_wrong_choice_names_its_neighbour() -> None:
    assert "did you mean `kustomize`" in refused({**GOOD, "layout": "kustomise"}).message


def test_a_place_is_a_json_pointer() -> None:
    assert refused({**GOOD, "labels": {"helm.sh/x": "y"}}).place == "autoweave.yaml#/labels/helm.sh~1x"


def test_one_mistake_is_told_once() -> None:
    assert len(refused({**GOOD, "ports": [{"name": "UP"}]}).facts["problems"]) == 1


def test_every_problem_is_told_at_once() -> None:
    error = refused({"name": "A", "image": "x", "replicas": -1})

    assert {item["field"] for item in error.facts["problems"]} == {"name", "version", "image", "replicas"}


def test_each_problem_has_a_next_step() -> None:
    error = refused({"name": "A", "image": "x", "replicas": -1})

    assert all(item["fix"] for item in error.facts["problems"])


def test_a_wrong_option_is_not_looked_for_in_the_file() -> None:
    assert refused(GOOD, image="x:latest").place == "options#/image"


def test_a_missing_name_says_which_field_to_add() -> None:
    error = refused({"version": "1"})

    assert (error.code, error.place) == ("AW311", "autoweave.yaml#/name")


def test_ten_megabytes_of_values_are_refused() -> None:
    error = refused({**GOOD, "env": {f"V{index}": "x" * 30_000 for index in range(10)}})

    assert error.code == "AW310"
    assert isinstance(error, TooLarge)


def test_one_huge_value_is_refused() -> None:
    assert refused({**GOOD, "env": {"A": "x" * 10_000_000}}).code == "AW310"


def test_a_thousand_variables_are_refused() -> None:
    assert refused({**GOOD, "env": {f"V{index}": "" for index in range(1000)}}).code == "AW310"


def test_names_too_long_for_argo_cd_together_are_refused() -> None:
    assert refused({**GOOD, "name": "a" * 45, "tenant": "b" * 30}).code == "AW304"


@pytest.mark.parametrize(
    "text",
    [
        "name: a\nname: b",
        "a: &x 1\nb: *x",
        "- a",
        "just text",
        "a: !!python/name:os.system x",
        "a: [",
        "a: {<<: {b: 1}}",
        "? [a]\n: b",
        "\x00",
        "a: 1\n---\nb: 2",
        '{"name": "a", "name": "b"}',
    ],
)
def test_a_text_that_is_not_one_plain_mapping_is_refused(text: str) -> None:
    error = refused(text)

    assert error.code == "AW301"
    assert error.place.startswith("autoweave.yaml")


def test_a_refusal_names_the_line() -> None:
    assert refused("name: a\nversion: 1\nname: b\n").place == "autoweave.yaml:3"


def test_a_deep_text_is_refused() -> None:
    assert refused("a: " + "[" * 5000 + "]" * 5000).code == "AW301"


def test_a_long_text_is_refused() -> None:
    assert refused("#" * 2_000_000).code == "AW310"


def test_json_indented_with_tabs_is_read() -> None:
    assert manifests.read('{\n\t"name": "shop",\n\t"version": "1"\n}').name == "shop"


@pytest.mark.parametrize("literal", ["true", "no", "0777", "1:30", "2024-01-02", "1e3"])
def test_a_plain_value_keeps_its_spelling(literal: str) -> None:
    module = manifests.read(f"name: shop\nversion: '1'\nenv:\n  A: {literal}\n")

    assert module.env["A"] == literal


def test_the_published_schema_is_the_models_own() -> None:
    published = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "autoweave.schema.json"

    assert json.loads(published.read_text("utf-8")) == manifests.schema()


def test_the_published_schema_accepts_the_sample(sample: dict[str, Any]) -> None:
    jsonschema_rs.validator_for(manifests.schema()).validate(sample["module"])


@pytest.mark.parametrize("wrong", [{"replica": 1}, {"name": "A"}, {"replicas": -1}, {"layout": "x"}])
def test_the_published_schema_refuses_what_the_model_refuses(wrong: dict[str, Any]) -> None:
    assert not jsonschema_rs.validator_for(manifests.schema()).is_valid({**GOOD, **wrong})
