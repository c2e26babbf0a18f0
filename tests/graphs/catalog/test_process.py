"""`./autoweave catalog` as a process, against a GitHub on this machine: its streams, exit code and copies."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github_double import REPOSITORY, TOKEN, Double
from tests.tls_host import AUTHORITY
from tests.tools.catalog import books

ROOT = Path(__file__).resolve().parents[3]
VPC = "aws/networking/vpc"


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    with Double() as made:
        made.push(books.Memory().kept)
        AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        (tmp_path / "factory.yaml").write_text(
            f"factory: {{repository: {REPOSITORY}, api_url: 'https://{made.address}'}}"
        )
        (tmp_path / "vpc").mkdir()
        (tmp_path / "vpc" / "MODULE_METADATA.yaml").write_text(books.VPC.replace('"1.2.0"', '"1.3.0"'))
        yield made


def typed(double: Double, home: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    kept = {"PATH": os.environ["PATH"], "HOME": str(home), "SSL_CERT_FILE": str(home / "authority.pem")}
    return subprocess.run(
        [ROOT / "autoweave", "catalog", *words, "--factory", "factory.yaml", "--api-host", double.address],
        cwd=home, env={**kept, "GITHUB_TOKEN": TOKEN}, input=stdin, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_an_invented_module_is_refused_with_a_suggestion(double: Double, tmp_path: Path) -> None:
    done = typed(double, tmp_path, "check", "aws/networking/vcp", "-o", "json")

    problem = json.loads(done.stdout)["problem"]
    assert (done.returncode, problem["code"]) == (1, "AW376")
    assert f"Did you mean `{VPC}`?" in done.stderr


def test_the_next_process_asks_the_copy_unless_told_not_to(double: Double, tmp_path: Path) -> None:
    assert typed(double, tmp_path, "check", VPC).returncode == 0
    before = len(double.heads)

    assert typed(double, tmp_path, "check", VPC).returncode == 0
    assert len(double.heads) == before
    assert typed(double, tmp_path, "check", VPC, "--no-cache").returncode == 0
    assert len(double.heads) > before


def test_a_publication_asks_and_is_made_once(double: Double, tmp_path: Path) -> None:
    refused = typed(double, tmp_path, "publish", "vpc", stdin="no\n")
    assert (refused.returncode, refused.stdout, double.pulls) == (1, "", [])

    first = typed(double, tmp_path, "publish", "vpc", "-o", "json", stdin="yes\n")
    again = typed(double, tmp_path, "publish", "vpc", "--yes", "-o", "json")

    assert (first.returncode, again.returncode) == (0, 0)
    assert [json.loads(each.stdout)["pr"]["done"] for each in (first, again)] == ["opened", "found"]
    assert [each["title"] for each in double.pulls] == [f"feat(module): Add {VPC} v1.3.0"]
    assert TOKEN not in first.stdout + first.stderr + again.stdout + again.stderr
    left = [each.read_text() for each in (tmp_path / ".iac-factory-cache").rglob("*") if each.is_file()]
    assert TOKEN not in "".join(left)
