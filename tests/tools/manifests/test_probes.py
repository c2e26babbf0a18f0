"""Which of the spec's operations the probes call."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tools import manifests

SMALL: dict[str, Any] = {"name": "shop", "version": "1.4.2", "image": "h.io/shop:1.4.2"}


def container(module: dict[str, Any], *paths: str, servers: tuple[str, ...] = ()) -> dict[str, Any]:
    health = [{"method": "GET", "path": path, "operation_id": "x"} for path in paths]
    files = manifests.render(SMALL | module, {"health": health, "servers": list(servers)})["files"]
    made: dict[str, Any] = yaml.safe_load(files["apps/shop/base/deployment.yaml"])
    return dict(made["spec"]["template"]["spec"]["containers"][0])


def called(module: dict[str, Any], *paths: str, servers: tuple[str, ...] = ()) -> tuple[str | None, ...]:
    """Paths of the startup, liveness and readiness probe; None where it is a TCP connect or none."""
    found = container(module, *paths, servers=servers)
    return tuple(
        found.get(f"{kind}Probe", {}).get("httpGet", {}).get("path")
        for kind in ("startup", "liveness", "readiness")
    )


def test_without_a_health_operation_the_probes_connect() -> None:
    found = container({})

    assert found["livenessProbe"]["tcpSocket"] == {"port": "http"}
    assert found["readinessProbe"]["tcpSocket"] == {"port": "http"}
    assert found["startupProbe"]["tcpSocket"] == {"port": "http"}


def test_a_service_has_two_and_a_half_minutes_to_start() -> None:
    found = container({}, "/healthz")["startupProbe"]

    assert found["httpGet"] == {"path": "/healthz", "port": "http"}
    assert found["periodSeconds"] * found["failureThreshold"] == 150


@pytest.mark.parametrize(
    ("paths", "probes"),
    [
        (["/healthz"], ("/healthz", "/healthz", "/healthz")),
        (["/livez", "/readyz"], ("/livez", "/livez", "/readyz")),
        (["/health", "/ready"], ("/health", "/health", "/ready")),
        (["/v1/health", "/health"], ("/health", "/health", "/health")),
        (["/ping", "/healthz"], ("/healthz", "/healthz", "/healthz")),
        (
            ["/health/startup", "/health/live", "/health/ready"],
            ("/health/startup", "/health/live", "/health/ready"),
        ),
        (["/orders/all/status"], (None, None, None)),
        (["/status"], ("/status", "/status", "/status")),
    ],
)
def test_the_best_operation_of_the_spec_is_called(paths: list[str], probes: tuple[str | None, ...]) -> None:
    assert called({}, *paths) == probes


@pytest.mark.parametrize(
    "path", ["/health check", "/health\n", "/health?x=1", "/{id}/health", "/a//health", "/x{{y}}/health"]
)
def test_a_path_that_is_not_plain_is_not_called(path: str) -> None:
    assert called({}, path) == (None, None, None)


def test_only_a_get_is_called() -> None:
    files = manifests.render(SMALL, {"health": [{"method": "POST", "path": "/healthz"}]})["files"]

    assert "httpGet" not in files["apps/shop/base/deployment.yaml"]


@pytest.mark.parametrize(
    ("server", "path"),
    [
        ("https://shop.example.com/api/v1/", "/api/v1/health"),
        ("https://shop.example.com", "/health"),
        ("/v2", "/v2/health"),
        ("//shop.example.com/v3", "/v3/health"),
        ("https://{region}.example.com/{base}", "/health"),
    ],
)
def test_the_first_servers_path_comes_before_the_operations(server: str, path: str) -> None:
    assert called({}, "/health", servers=(server, "https://other/x"))[1] == path


def test_the_descriptors_probe_wins_over_the_specs() -> None:
    module = {"health": {"readiness": {"path": "/internal/ready", "period_s": 5, "delay_s": 7}}}

    found = container(module, "/healthz")

    assert found["readinessProbe"] == {
        "httpGet": {"path": "/internal/ready", "port": "http"},
        "initialDelaySeconds": 7,
        "periodSeconds": 5,
        "timeoutSeconds": 3,
        "failureThreshold": 3,
    }
    assert found["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_a_descriptors_probe_without_a_path_connects() -> None:
    assert called({"health": {"liveness": {}}}, "/healthz")[1] is None


def test_a_probe_calls_the_port_it_names() -> None:
    module = {
        "ports": [{"port": 8080}, {"name": "admin", "port": 9000}],
        "health": {"liveness": {"path": "/x", "port": "admin"}},
    }

    assert container(module)["livenessProbe"]["httpGet"]["port"] == "admin"
