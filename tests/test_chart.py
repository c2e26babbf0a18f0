"""AutoWeave's own chart: the real helm renders it, our own validation judges it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.go import program
from tools import validation

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deploy" / "chart" / "autoweave"
HELM = "helm.sh/helm/v3/cmd/helm@v3.21.4"
MANY = (
    "persistence.enabled=false,store.existingSecret=db,queue.existingSecret=queue,git.existingSecret=git,"
    "git.remote=https://git.example.com/shop/apps.git,server.replicas=3,server.workers=0,worker.enabled=true,"
    "server.autoscaling.enabled=true,worker.autoscaling.enabled=true,telemetry.existingSecret=otlp,"
    "telemetry.endpoint=http://phoenix:6006,ingress.enabled=true,ingress.host=weave.example.com,"
    "ingress.tlsSecret=tls,config.AUTOWEAVE_KUBERNETES_VERSION=1.33"
)


@pytest.fixture(scope="module")
def helm(go: str) -> str:
    return program(go, "helm", HELM)


def template(helm: str, values: str = "") -> subprocess.CompletedProcess[str]:
    command = [
        helm,
        "template",
        "weave",
        str(CHART),
        "-n",
        "autoweave",
        "--kube-version",  # a helm built from source believes in 1.20
        "1.34.0",
        *(["--set", values] if values else []),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def rendered(helm: str, values: str = "") -> list[dict[str, Any]]:
    done = template(helm, values)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


@pytest.mark.go
@pytest.mark.parametrize("values", ["", MANY], ids=["one", "many"])
def test_the_chart_passes_our_own_validation(helm: str, values: str) -> None:
    files = {"autoweave.yaml": template(helm, values).stdout}

    ledger = validation.check(files, today="2026-06-01", fail_on_warning=True)

    assert ledger.ok, validation.text(ledger)
    assert len(ledger.rows) >= 8


@pytest.mark.go
def test_the_chart_fits_the_oldest_cluster_it_names(helm: str) -> None:
    oldest = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["kubeVersion"]
    files = {"autoweave.yaml": template(helm, MANY).stdout}

    ledger = validation.check(files, today="2026-06-01", kubernetes="1.27")

    assert oldest == ">=1.27.0-0"
    assert ledger.ok, validation.text(ledger)


@pytest.mark.go
def test_the_command_line_says_the_same_of_the_chart(helm: str, tmp_path: Path) -> None:
    (tmp_path / "autoweave.yaml").write_text(template(helm, MANY).stdout)

    done = subprocess.run(
        [ROOT / "autoweave", "validate", tmp_path, "--engine", "builtin", "-q"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "0 errors, 0 warnings, 0 waived" in done.stdout


@pytest.mark.go
def test_helm_has_nothing_to_say_about_the_chart(helm: str) -> None:
    done = subprocess.run([helm, "lint", "--strict", CHART], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


@pytest.mark.go
@pytest.mark.parametrize(
    ("values", "told"),
    [
        ("server.replicas=2", "cannot share the volume"),
        ("worker.enabled=true", "cannot share the volume"),
        ("persistence.enabled=false", "store.existingSecret"),
        ("server.workers=0", "Nobody would do the work"),
        ("image.tag=latest", "tag"),
        ("ingress.enabled=true", "host"),
        ("config.AUTOWEAVE_STORE_URL=x", "AUTOWEAVE_STORE_URL"),
        ("git.remote=https://user:word@git.example.com/a.git", "remote"),
        ("servers.replicas=1", "servers"),
    ],
)
def test_the_chart_refuses_values_that_lose_or_leak(helm: str, values: str, told: str) -> None:
    done = template(helm, values)

    assert done.returncode != 0
    assert told in done.stderr


@pytest.mark.go
def test_secrets_are_only_named(helm: str) -> None:
    objects = rendered(helm, MANY)
    pods = [each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Deployment"]

    names = [{each["name"] for each in pod["containers"][0]["env"] if "valueFrom" in each} for pod in pods]

    assert "Secret" not in {each["kind"] for each in objects}
    assert (
        names
        == [
            {
                "AUTOWEAVE_STORE_URL",
                "AUTOWEAVE_QUEUE_URL",
                "AUTOWEAVE_GIT_TOKENS",
                "AUTOWEAVE_TELEMETRY_HEADERS",
            }
        ]
        * 2
    )


@pytest.mark.go
def test_a_server_waits_for_the_first_key(helm: str) -> None:
    (pod,) = [each["spec"]["template"]["spec"] for each in rendered(helm) if each["kind"] == "Deployment"]
    (waiting,) = pod["initContainers"]

    assert "keys list" in waiting["args"][-1]
    assert waiting["env"] == pod["containers"][0]["env"]
    assert waiting["volumeMounts"] == pod["containers"][0]["volumeMounts"]


def test_what_the_server_waits_for_is_what_the_command_line_says(tmp_path: Path) -> None:
    template = (CHART / "templates" / "server.yaml").read_text("utf-8")
    found = re.search(r"until /app/autoweave (.*?) \| grep -q '(.*?)'", template)
    assert found is not None
    env = {**os.environ, "AUTOWEAVE_HOME": str(tmp_path)}

    def said(words: str) -> str:
        command = [str(ROOT / "autoweave"), *words.split()]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        return done.stdout

    before = said(found[1])
    said("keys add --tenant main -q")

    assert found[2] not in before
    assert found[2] in said(found[1])


@pytest.mark.go
def test_a_changed_setting_rolls_the_pods(helm: str) -> None:
    def digest(values: str) -> Any:
        (pod,) = [each for each in rendered(helm, values) if each["kind"] == "Deployment"]
        return pod["spec"]["template"]["metadata"]["annotations"]["autoweave.io/config-digest"]

    assert digest("server.drainSeconds=30") != digest("") == digest("")


def leaves(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict) and value and name not in {"resources", "autoscaling"}:
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_every_value_is_explained() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    page = (CHART / "README.md").read_text("utf-8").replace(".*`", "`")

    assert [name for name in leaves(values) if f"`{name}`" not in page] == []
