from __future__ import annotations

import pytest

from tools import plans

YAML = "apps/shop/base/x.yaml"


def kind(name: str) -> bytes:
    return f"apiVersion: v1\nkind: {name}\n".encode()


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        (None, kind("Deployment"), "low"),
        (kind("Deployment"), kind("Deployment") + b"x: 1\n", "low"),
        (kind("Deployment"), None, "high"),
        (kind("StatefulSet"), None, "high"),
        (kind("Deployment"), kind("ConfigMap"), "high"),
        (None, kind("PersistentVolumeClaim"), "low"),
        (kind("PersistentVolumeClaim"), kind("PersistentVolumeClaim") + b"x: 1\n", "high"),
        (kind("PersistentVolumeClaim"), None, "high"),
        (None, kind("RoleBinding"), "high"),
        (None, kind("ClusterRole"), "high"),
        (None, kind("Namespace"), "high"),
        (None, kind("CustomResourceDefinition"), "high"),
        (None, kind("Service"), "low"),
        (kind("Service"), kind("Service") + b"x: 1\n", "medium"),
        (kind("NetworkPolicy"), None, "medium"),
        (kind("AppProject"), kind("AppProject") + b"x: 1\n", "medium"),
        (kind("ConfigMap"), kind("ConfigMap") + b"x: 1\n", "low"),
        (b"a: 1\n", None, "medium"),
        (None, b'{"kind": "ClusterRoleBinding"}', "high"),
        (None, b"kind: List\nitems:\n- {kind: 'ClusterRole'}\n", "high"),
        (None, kind("ConfigMap") + b"---\n" + kind("ClusterRole"), "high"),
    ],
)
def test_risk_follows_what_is_touched(before: bytes | None, after: bytes | None, level: str) -> None:
    risk = plans.assess([plans.Change(YAML, before, after)])

    assert risk.level == level
    assert bool(risk.reasons) is (level != "low")


@pytest.mark.parametrize(
    "path", ["apps/shop/openapi.yaml", "apps/shop/models/role.py", "apps/shop/models/x.json"]
)
def test_documents_and_models_that_name_a_kind_carry_no_risk(path: str) -> None:
    assert plans.assess([plans.Change(path, None, kind("ClusterRole"))]).level == "low"


def test_a_weakened_policy_is_medium() -> None:
    assert plans.assess([plans.Change("policy/images.rego", b"package main\n", None)]).level == "medium"


def test_the_gravest_change_decides() -> None:
    risk = plans.assess(
        [
            plans.Change(YAML, kind("Service"), kind("Service") + b"x: 1\n"),
            plans.Change(YAML, None, kind("Role")),
        ]
    )

    assert risk == plans.Risk("high", (f"Role in {YAML}: add",))
