"""The catalogue of attacks on manifests: what a request may ask for and never get."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.validation import samples
from tests.tools.validation.cases import on_first, on_pod, security
from tools import validation
from tools.validation import Limits


def errors(files: dict[str, str], **options: Any) -> set[str]:
    ledger = validation.check(files, today=samples.TODAY, **options)
    assert ledger.ok == (not any(finding.severity == "error" for finding in ledger.findings))
    return {finding.rule for finding in ledger.findings if finding.severity == "error"}


def one(document: dict[str, Any]) -> set[str]:
    return errors({"a.yaml": samples.dumped(document)})


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (on_pod(lambda p: p["volumes"].append({"name": "h", "hostPath": {"path": "/"}})), "AW480"),
        (on_pod(lambda p: p.update(hostNetwork=True)), "AW479"),
        (on_pod(lambda p: p.update(hostPID=True)), "AW479"),
        (security(privileged=True), "AW475"),
        (security(runAsUser=0), "AW474"),
        (security(capabilities={"add": ["SYS_ADMIN"]}), "AW477"),
        (on_first(lambda c: c.update(image="registry.example.com/demo:latest")), "AW471"),
        (on_first(lambda c: c.update(image="registry.example.com/demo")), "AW471"),
        (on_pod(lambda p: p.update(nodeName="master-0")), "AW496"),
        (on_pod(lambda p: p.update(tolerations=[{"key": "node-role.kubernetes.io/master"}])), "AW496"),
        (on_first(lambda c: c["resources"]["limits"].update(memory="1e9Gi")), "AW450"),
        (on_first(lambda c: c["resources"]["limits"].update(memory="-1Gi")), "AW450"),
        (on_first(lambda c: c["resources"]["requests"].update(cpu="-1")), "AW450"),
    ],
)
def test_a46_what_a_tenant_may_not_ask_is_refused_by_rule(document: dict[str, Any], rule: str) -> None:
    assert rule in one(document)


def test_a46_the_service_account_token_is_a_warning() -> None:
    document = on_pod(lambda p: p.update(automountServiceAccountToken=True))

    ledger = validation.check({"a.yaml": samples.dumped(document)}, today=samples.TODAY)

    assert [finding.rule for finding in ledger.findings] == ["AW486"]


def test_a51_a_thousand_documents_are_refused_before_they_are_checked() -> None:
    text = "---\n".join(["{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"] * 1000)

    ledger = validation.check({"a.yaml": text}, today=samples.TODAY)

    assert not ledger.ok
    assert [finding.rule for finding in ledger.findings] == ["AW407"]
    assert len(ledger.entries) == 1


def test_a51_a_thousand_items_of_a_list_are_refused() -> None:
    item = "  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"

    assert errors({"a.yaml": "apiVersion: v1\nkind: List\nitems:\n" + item * 1000}) == {"AW407"}


@pytest.mark.parametrize("size", [3_000_000, 10_000_000])
def test_a51_a_huge_manifest_is_refused_unread(size: int) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: " + "x" * size + "}\n"

    assert errors({"a.yaml": text}) == {"AW407"}


def test_a51_many_large_files_are_refused_together() -> None:
    text = "a: " + "x" * 1_400_000

    assert errors({f"{n}.yaml": text for n in range(6)}) == {"AW407"}


def test_a51_a_document_of_very_many_values_is_refused() -> None:
    text = samples.dumped(samples.config_map() | {"data": {f"k{n}": "v" for n in range(20_000)}})

    assert errors({"a.yaml": text}) == {"AW423"}


def test_a51_limits_are_the_callers_to_set() -> None:
    files = {f"{n}.yaml": samples.dumped(samples.config_map()) for n in range(3)}

    assert errors(files, limits=Limits(documents=2)) == {"AW407"}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("apiVersion: v2beta9\nkind: Deployment\nmetadata: {name: a}\n", "AW404"),
        ("apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\n", "AW404"),
        ("apiVersion: ../../x/v1\nkind: ../Deployment\nmetadata: {name: a}\n", "AW404"),
        ("apiVersion: apps/v1\nkind: deployment\nmetadata: {name: a}\n", "AW404"),
        ("apiVersion: v1\nkind: _definitions\nmetadata: {name: a}\n", "AW404"),
        ("apiVersion: v1\nkind: PodSpec\nmetadata: {name: a}\n", "AW404"),
        ("kind: ConfigMap\nmetadata: {name: a}\n", "AW433"),
        ("apiVersion: v1\nkind: ConfigMap\nkind: Secret\nmetadata: {name: a}\n", "AW421"),
        ("", "AW429"),
        ("# nothing\n", "AW429"),
    ],
)
def test_a52_what_cannot_be_judged_is_refused_never_skipped(text: str, rule: str) -> None:
    assert rule in errors({"a.yaml": text})


def test_a52_a_forbidden_object_in_nested_lists_is_found() -> None:
    bad = {"apiVersion": "v1", "kind": "List", "items": [security(privileged=True)]}

    assert "AW475" in one({"apiVersion": "v1", "kind": "List", "items": [bad]})


def test_missing_schemas_pass_only_when_that_is_said() -> None:
    text = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a, namespace: b}\n"

    ledger = validation.check({"a.yaml": text}, today=samples.TODAY, ignore_missing=True)

    (entry,) = [entry for entry in ledger.entries if entry.check == "schema"]
    assert (entry.status, ledger.ok) == ("skipped", True)
    assert "that was allowed" in entry.reason
