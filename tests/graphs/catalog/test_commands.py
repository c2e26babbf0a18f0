"""`./autoweave catalog …` as it is typed: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from graphs.commands.catalog import catalog
from tests.tools.catalog import books

VPC = "aws/networking/vpc"


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(catalog, words, standalone_mode=False)
    return done.return_value, done.stdout, done.stderr


def asked(*words: str) -> tuple[int, dict[str, Any]]:
    ended, out, _ = run(*words, "-o", "json")
    return ended, json.loads(out)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    for path, data in books.Memory().kept.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return str(tmp_path)


def test_list_prints_a_line_for_each_module_of_the_example() -> None:
    ended, out, hint = run("list")

    assert ended == 0
    assert out.split()[:2] == [VPC, "1.2.0"]
    assert len(out.splitlines()) == 4
    assert "example catalog" in hint


def test_a_named_folder_is_asked_instead(folder: str) -> None:
    ended, answer = asked("list", "--source", folder)

    assert (ended, answer["total"]) == (0, 1)
    assert answer["catalog"]["name"] == Path(folder).name


def test_the_same_answer_comes_as_yaml(folder: str) -> None:
    _, out, _ = run("list", "--source", folder, "-o", "yaml")

    assert yaml.safe_load(out) == asked("list", "--source", folder)[1]


def test_a_search_finds_by_every_word() -> None:
    ended, answer = asked("search", "private", "network", "--kind", "aws")

    assert ended == 0
    assert [each["path"] for each in answer["modules"]] == [VPC]


def test_a_search_that_finds_nothing_fails() -> None:
    ended, answer = asked("search", "teapot")

    assert (ended, answer["modules"]) == (1, [])


def test_a_true_reference_is_confirmed(folder: str) -> None:
    words = ("check", VPC, "1.2.0", "--in", "cidr=string", "--out", "vpc_id", "--source", folder)
    ended, answer = asked(*words)

    assert ended == 0
    assert (answer["module"]["path"], answer["module"]["version"]) == (VPC, "1.2.0")
    assert run(*words)[1] == f"{VPC} 1.2.0 exists, and is the latest.\n"


@pytest.mark.parametrize(
    ("words", "code", "fix"),
    [
        (("aws/networking/vcp",), "AW376", f"`{VPC}`"),
        (("\u0430ws/networking/vpc",), "AW376", f"`{VPC}`"),
        ((VPC + " ",), "AW376", f"`{VPC}`"),
        ((VPC, "1.2.1"), "AW377", "`1.2.0`"),
        ((VPC, "", "--in", "cdir"), "AW363", "`cidr`"),
        ((VPC, "", "--out", "vpc_di"), "AW363", "`vpc_id`"),
        ((VPC, "", "--in", "cidr=number"), "AW364", ""),
        ((VPC, "", "--in", "zones"), "AW365", ""),
    ],
)
def test_a_miss_fails_with_what_was_meant(folder: str, words: tuple[str, ...], code: str, fix: str) -> None:
    done = CliRunner().invoke(catalog, ["check", *words, "--source", folder, "-o", "json"])

    problem = json.loads(done.stdout)["problem"]
    assert done.exit_code == 1
    assert problem["code"] == code
    assert fix in problem["fix"]
    assert f"error {code}" in done.stderr


def test_show_prints_the_interface(folder: str) -> None:
    ended, out, _ = run("show", VPC, "--source", folder)

    assert ended == 0
    assert "  cidr   string        required\n" in out
    assert "  vpc_id  string" in out


def test_show_as_json_has_the_whole_metadata(folder: str) -> None:
    _, answer = asked("show", VPC, "1.2.0", "--source", folder)

    assert answer["module"]["metadata"]["module"]["provider"] == "aws"


def test_a_folder_without_a_catalog_fails_with_the_next_step(tmp_path: Path) -> None:
    done = CliRunner().invoke(catalog, ["list", "--source", str(tmp_path)])

    assert done.exit_code == 1
    assert "error AW366" in done.stderr


def test_a_stranger_s_description_cannot_drive_the_terminal(tmp_path: Path) -> None:
    document = books.listed(description="A\u200b\u202e network.")
    (tmp_path / "catalog.json").write_text(json.dumps(document))

    _, out, _ = run("list", "--source", str(tmp_path))

    assert "\\u200b\\u202e" in out


def test_compare_prints_files_and_the_next_version(
    folder: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    module = tmp_path_factory.mktemp("module")
    (module / "MODULE_METADATA.yaml").write_text(books.VPC + "  - {name: arn, type: string}\n")
    (module / "main.tf").write_text("a\nb\n")

    ended, out, _ = run("compare", str(module), "--source", folder)

    assert ended == 0
    assert f"{VPC} 1.2.0 differs from 1.2.0: a minor change, 1.3.0 is next." in out
    assert "main.tf               added     +2 -0" in out
    assert "- output arn is new" in out


def test_compare_as_json_has_the_fields_of_the_comparison(folder: str) -> None:
    ended, answer = asked("compare", f"{folder}/modules/{VPC}/v1.2.0", "--source", folder)

    assert ended == 0
    assert answer["comparison"]["status"] == "same"
    assert answer["comparison"]["factory_version"] == "1.2.0"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--source", ".", "--factory", "factory.yaml"), "AW399"),
        (("--factory", "nowhere.yaml"), "AW399"),
        (("--factory", "factory.yaml"), "AW802"),
        (("--factory", "factory.yaml", "--api-host", "evil.example.org"), "AW802"),
    ],
)
def test_a_catalog_on_github_is_asked_by_its_rules(tmp_path: Path, words: tuple[str, ...], code: str) -> None:
    (tmp_path / "factory.yaml").write_text("factory: {repository: org/x, api_url: 'https://evil.example'}")
    given = [str(tmp_path / word) if word.endswith((".yaml", ".")) else word for word in words]

    done = CliRunner().invoke(catalog, ["list", *given], env={"GITHUB_TOKEN": "x"})

    assert done.exit_code == 1
    assert f"error {code}" in done.stderr
