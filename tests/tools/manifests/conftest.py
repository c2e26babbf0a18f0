"""The sample modules, and the programs some tests call."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import manifests

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=["kustomize", "helm"])
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sample() -> dict[str, Any]:
    """A module with everything in it, and its context."""
    found: dict[str, Any] = json.loads((GOLDEN / "kustomize.input.json").read_text("utf-8"))
    return found


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Render into a folder."""

    def writing(module: dict[str, Any], context: dict[str, Any]) -> Path:
        for path, text in manifests.render(module, context)["files"].items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, "utf-8", newline="")
        return tmp_path

    return writing


@pytest.fixture(scope="session")
def kustomize() -> list[str]:
    if found := shutil.which("kustomize"):
        return [found, "build"]
    if found := shutil.which("kubectl"):
        return [found, "kustomize"]
    pytest.skip("neither kustomize nor kubectl is on PATH")


@pytest.fixture(scope="session")
def helm(go: str) -> str:
    """The real helm, built once into build/go/bin."""
    folder = ROOT / "build" / "go" / "bin"
    program = folder / "helm"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [go, "install", "helm.sh/helm/v3/cmd/helm@v3.21.4"],
            env={**os.environ, "GOBIN": str(folder)},
            check=True,
            timeout=280,
        )
    return str(program)
