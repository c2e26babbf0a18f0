"""Engines from outside: a missing, hanging or babbling one is a failure of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.validation import samples
from tools import validation
from tools.validation import Entry, Outside

FILES = {"a.yaml": samples.dumped(samples.workload())}
CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    "c/templates/a.yaml": "{{ .Values.x }}\n",
}
OVERLAY = {
    "base/kustomization.yaml": "resources: [map.yaml]\n",
    "base/map.yaml": samples.dumped(samples.config_map()),
    "over/dev/kustomization.yaml": "resources: [../../base]\n",
}


def tool(folder: Path, name: str, script: str) -> str:
    """A program of our own under an engine's name; gives the folder to look in."""
    file = folder / name
    file.write_text("#!/bin/sh\n" + script)
    file.chmod(0o755)
    return str(folder)


def entries(check: str, files: dict[str, str] = FILES, **outside: object) -> list[Entry]:
    found = validation.check(
        files,
        today=samples.TODAY,
        engines=("builtin", check),
        outside=Outside(**outside),  # type: ignore[arg-type]  # the tests name the fields
    )
    assert found.ok == all(entry.status != "fail" for entry in found.entries)
    return [entry for entry in found.entries if entry.check == check]


@pytest.mark.parametrize("name", ["kubeconform", "conftest", "helm", "kustomize", "kubectl"])
def test_a_missing_engine_is_a_failure(name: str, tmp_path: Path) -> None:
    (entry,) = entries(name, FILES | CHART | OVERLAY, path=str(tmp_path), kubeconfig="x")

    assert [finding.rule for finding in entry.findings] == ["AW406"]


def test_an_engine_that_hangs_is_stopped(tmp_path: Path) -> None:
    path = tool(tmp_path, "kubeconform", "exec tail -f /dev/null\n")

    (entry,) = entries("kubeconform", path=path, timeout_s=0.2)

    assert [finding.rule for finding in entry.findings] == ["AW417"]


@pytest.mark.parametrize("script", ["echo nonsense\n", "echo '{' >&2; exit 3\n", "exit 0\n"])
@pytest.mark.parametrize("name", ["kubeconform", "conftest"])
def test_an_engine_that_babbles_is_a_failure(name: str, script: str, tmp_path: Path) -> None:
    (entry,) = entries(name, path=tool(tmp_path, name, script))

    assert [finding.rule for finding in entry.findings] == ["AW417"]


def test_a_document_the_engine_forgot_is_a_failure(tmp_path: Path) -> None:
    (entry,) = entries("kubeconform", path=tool(tmp_path, "kubeconform", "echo '{\"resources\": []}'\n"))

    assert (entry.document, entry.status) == ("a.yaml#1", "fail")


def test_an_engine_sees_no_environment_and_no_name_of_the_set(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    path = tool(tmp_path, "conftest", f'env > {seen}; echo "$@" >> {seen}; echo "[]"\n')

    entries("conftest", {"evil name; rm.yaml": FILES["a.yaml"]}, path=path)

    text = seen.read_text()
    names = {line.partition("=")[0] for line in text.splitlines()[:-1]}
    assert names <= {"HOME", "PATH", "LANG", "PWD", "SHLVL", "_", "OLDPWD", "NO_PROXY"} | {
        "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
    }  # fmt: skip
    assert "evil" not in text


def test_kubectl_without_a_cluster_is_a_failure(tmp_path: Path) -> None:
    (entry,) = entries("kubectl", path=tool(tmp_path, "kubectl", "exit 0\n"))

    assert [finding.rule for finding in entry.findings] == ["AW414"]


def test_kubectl_asks_the_cluster_without_storing(tmp_path: Path) -> None:
    script = 'case "$*" in *--dry-run=server*--kubeconfig=/x/config*) exit 0;; esac; exit 1\n'

    (entry,) = entries("kubectl", path=tool(tmp_path, "kubectl", script), kubeconfig="/x/config")

    assert (entry.document, entry.status) == ("a.yaml#1", "pass")


def test_the_servers_refusal_is_shown(tmp_path: Path) -> None:
    path = tool(tmp_path, "kubectl", 'echo "error: spec: Invalid value" >&2; exit 1\n')

    (entry,) = entries("kubectl", path=path, kubeconfig="/x/config")

    assert [(f.rule, f.message) for f in entry.findings] == [("AW414", "error: spec: Invalid value")]


def test_what_helm_renders_is_checked_like_any_manifest(tmp_path: Path) -> None:
    bad = samples.dumped(samples.changed(samples.workload(), lambda d: samples.first(d).pop("image")))
    (tmp_path / "out").write_text(bad)
    path = tool(tmp_path, "helm", f"exec /bin/cat {tmp_path}/out\n")

    ledger = validation.check(
        FILES | CHART, today=samples.TODAY, engines=("builtin", "helm"), outside=Outside(path=path)
    )

    assert [(f.rule, f.file) for f in ledger.findings] == [("AW440", "c/(rendered)")]


@pytest.mark.parametrize(("name", "verb"), [("kustomize", "build"), ("kubectl", "kustomize")])
def test_what_kustomize_builds_is_checked_like_any_manifest(name: str, verb: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text(samples.dumped(samples.config_map() | {"datum": {}}))
    script = (
        f'test "$*" = "{verb} set/over/dev" && test -f set/base/map.yaml && exec /bin/cat {tmp_path}/out\n'
    )
    path = tool(tmp_path, name, script)

    ledger = validation.check(
        OVERLAY, today=samples.TODAY, engines=("builtin", "kustomize"), outside=Outside(path=path)
    )

    assert [(f.rule, f.file) for f in ledger.findings] == [("AW430", "over/dev/(built)")]


def test_an_overlay_that_would_fetch_is_not_built(tmp_path: Path) -> None:
    files = OVERLAY | {"over/dev/kustomization.yaml": "resources: ['https://example.com/x']\n"}
    path = tool(tmp_path, "kustomize", f"touch {tmp_path}/ran\n")

    (entry,) = entries("kustomize", files, path=path)

    assert entry.status == "fail"
    assert not (tmp_path / "ran").exists()


def test_a_chart_that_helm_refuses_is_a_failure(tmp_path: Path) -> None:
    (entry,) = entries("helm", FILES | CHART, path=tool(tmp_path, "helm", "echo no >&2; exit 1\n"))

    assert [(f.rule, f.message) for f in entry.findings] == [("AW413", "no")]


def test_engines_alone_leave_the_built_in_layers_not_run(tmp_path: Path) -> None:
    ledger = validation.check(
        FILES, today=samples.TODAY, engines=("kubeconform",), outside=Outside(path=str(tmp_path))
    )

    statuses = {entry.check: entry.status for entry in ledger.entries if entry.document == "a.yaml#1"}
    assert statuses == {"yaml": "pass", "schema": "not_run", "semantics": "not_run", "policy": "not_run"}


def test_available_names_what_is_found(tmp_path: Path) -> None:
    path = tool(tmp_path, "helm", "exit 0\n")

    assert validation.available(path) == {"helm": f"{path}/helm"}
