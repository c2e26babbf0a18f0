"""A local module beside the published one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from core.errors import AppError
from tests.tools.catalog import books
from tools import catalog
from tools.catalog.compare import bumped
from tools.catalog.sources import blob_id

VPC = "aws/networking/vpc"
MAIN = "resource vpc {\n  cidr = var.cidr\n}\n"


@pytest.fixture
def source() -> books.Memory:
    return books.Memory(**{"modules/aws/networking/vpc/v1.2.0/main.tf": MAIN})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "MODULE_METADATA.yaml").write_text(books.VPC)
    (tmp_path / "main.tf").write_text(MAIN)
    return tmp_path


def compared(source: books.Memory, folder: Path, path: str = "", version: str = "") -> catalog.Comparison:
    return catalog.compare(catalog.load(source), catalog.opened(folder, path), version)


def edit(folder: Path, old: str, new: str, file: str = "MODULE_METADATA.yaml") -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def test_equal_files_are_the_same(source: books.Memory, folder: Path) -> None:
    found = compared(source, folder)

    assert (found.status, found.suggested_bump, found.differences) == ("same", "none", ())


def test_lines_are_counted_for_each_file(source: books.Memory, folder: Path) -> None:
    edit(folder, "  cidr = var.cidr\n", "  cidr = var.range\n  name = 1\n", "main.tf")
    (folder / "extra.tf").write_text("a\nb\n")

    found = {each.file: each for each in compared(source, folder).differences}

    assert found["main.tf"] == catalog.Difference("main.tf", "modified", 2, 1)
    assert found["extra.tf"] == catalog.Difference("extra.tf", "added", 2, 0)


def test_a_file_that_is_gone_is_removed(source: books.Memory, folder: Path) -> None:
    (folder / "main.tf").unlink()

    assert compared(source, folder).differences == (catalog.Difference("main.tf", "removed", 0, 3),)


def test_a_file_that_is_no_text_has_no_lines(source: books.Memory, folder: Path) -> None:
    (folder / "logo.png").write_bytes(b"\x89PNG\0")

    assert compared(source, folder).differences == (catalog.Difference("logo.png", "added", None, None),)


def test_very_long_files_are_compared_quickly(source: books.Memory, folder: Path) -> None:
    source.put("modules/aws/networking/vpc/v1.2.0/main.tf", "same\n" + "a\nb\n" * 100_000)
    (folder / "main.tf").write_text("same\n" + "b\nc\n" * 100_000)

    assert compared(source, folder).differences[0].additions == 200_000


def test_counts_agree_with_git(
    source: books.Memory, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    aside = tmp_path_factory.mktemp("aside")
    (aside / "old").write_text(MAIN)
    edit(folder, "{\n", "{\n  a = 1\n", "main.tf")
    numstat = ["git", "diff", "--no-index", "--numstat", str(aside / "old"), str(folder / "main.tf")]

    told = subprocess.run(numstat, capture_output=True, text=True, check=False).stdout.split()[:2]

    (found,) = compared(source, folder).differences
    assert [str(found.additions), str(found.deletions)] == told


def test_git_s_id_is_git_s(folder: Path) -> None:
    told = subprocess.run(
        ["git", "hash-object", "main.tf"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout

    assert blob_id(MAIN.encode()) == told.strip()


@pytest.mark.parametrize(
    ("edited", "bump", "reason"),
    [
        (("  - {name: zones, type: list(string), default: []}\n", ""), "major", "input zones is gone"),
        (("name: vpc_id", "name: id"), "major", "output vpc_id is gone"),
        (("cidr, type: string", "cidr, type: number"), "major", "input cidr is number, was string"),
        (("default: []", "required: true"), "major", "input zones is required now"),
        (("outputs:", "  - {name: tag, type: string}\noutputs:"), "major", "input tag is new and required"),
        (("outputs:", "  - {name: tag, type: string, default: x}\noutputs:"), "minor", "input tag is new"),
        (("outputs:", "outputs:\n  - {name: arn, type: string}"), "minor", "output arn is new"),
    ],
)  # fmt: skip
def test_the_bump_follows_the_interface(
    source: books.Memory, folder: Path, edited: tuple[str, str], bump: str, reason: str
) -> None:
    edit(folder, *edited)

    found = compared(source, folder)

    assert found.suggested_bump == bump
    assert reason in found.reasons


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("list(string)", "list( string )"),
        ("name: cidr", "description: More., name: cidr"),
        ("default: []", "default: [a]"),
    ],
)
def test_what_no_user_notices_is_a_patch(source: books.Memory, folder: Path, old: str, new: str) -> None:
    edit(folder, old, new)

    found = compared(source, folder)

    assert (found.suggested_bump, found.suggested_version) == ("patch", "1.2.1")


def test_a_module_the_catalog_lacks_is_new(source: books.Memory, folder: Path) -> None:
    edit(folder, "name: vpc,", "name: my-vpc,")

    found = compared(source, folder)

    assert (found.status, found.path, found.factory_version) == ("new", "aws/networking/my-vpc", "")
    assert [each.type for each in found.differences] == ["added", "added"]


def test_a_version_that_was_never_published_is_no_measure(source: books.Memory, folder: Path) -> None:
    with pytest.raises(catalog.HallucinationError):
        compared(source, folder, version="9.9.9")


def test_a_change_log_that_publishing_wrote_is_not_missed(source: books.Memory, folder: Path) -> None:
    source.put("modules/aws/networking/vpc/v1.2.0/CHANGELOG.md", "# Changes\n")

    assert compared(source, folder).status == "same"


def test_a_folder_on_disk_compares_as_a_source_in_memory(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, source: books.Memory
) -> None:
    root = tmp_path_factory.mktemp("catalog")
    for path, data in source.kept.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    edit(folder, "cidr", "range", "main.tf")

    found = catalog.compare(catalog.load(catalog.Folder(root)), catalog.opened(folder))

    assert found == compared(source, folder)


@pytest.mark.parametrize(
    ("version", "bump", "then"),
    [("1.2.3", "major", "2.0.0"), ("1.2.3", "minor", "1.3.0"), ("1.2.3-rc.1+b", "patch", "1.2.4")],
)
def test_a_bump_counts_on(version: str, bump: str, then: str) -> None:
    assert bumped(version, bump) == then  # type: ignore[arg-type]  # a row of the table is a plain text


# -- the local folder


@pytest.mark.parametrize(
    "name", ["terraform.tfstate", "x.tfstate.backup", ".env", ".env.prod", "id_rsa", "tls.KEY", "a/b.pem"]
)
def test_what_holds_secrets_is_refused(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("secret")

    with pytest.raises(AppError) as refused:
        catalog.opened(folder)
    assert (refused.value.code, refused.value.place) == ("AW390", name)


def test_what_tools_leave_behind_is_left_out(folder: Path) -> None:
    for name in (".git/config", ".terraform/x.pem", ".gitignore"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")

    assert list(catalog.opened(folder).files) == ["MODULE_METADATA.yaml", "main.tf"]


@pytest.mark.parametrize("target", ["/etc/hostname", "/etc", "nowhere"])
def test_a_link_is_refused(folder: Path, target: str) -> None:
    (folder / "link").symlink_to(target)

    with pytest.raises(AppError, match="link"):
        catalog.opened(folder)


@pytest.mark.parametrize("size", [10_000_001])
def test_too_much_is_refused(folder: Path, size: int) -> None:
    (folder / "big").write_bytes(b"\0" * size)

    with pytest.raises(AppError, match="10 MB"):
        catalog.opened(folder)


def test_too_many_files_are_refused(folder: Path) -> None:
    for number in range(500):
        (folder / f"f{number}.tf").touch()

    with pytest.raises(AppError, match="500 files"):
        catalog.opened(folder)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": "1.0.0/../.."}, "AW390"),
        ({"version": 1.2}, "AW390"),
        ({"provider": "../x"}, "AW390"),
        ({"name": None}, "AW390"),
        ({"name": "VPC"}, "AW390"),
    ],
)
def test_a_name_or_version_that_cannot_be_is_refused(
    folder: Path, change: dict[str, object], code: str
) -> None:
    document = yaml.safe_load(books.VPC)
    document["module"] |= change
    (folder / "MODULE_METADATA.yaml").write_text(yaml.safe_dump(document))

    with pytest.raises(AppError) as refused:
        catalog.opened(folder)
    assert refused.value.code == code


def test_a_path_that_the_metadata_denies_is_refused(folder: Path) -> None:
    with pytest.raises(AppError) as refused:
        catalog.opened(folder, "gcp/networking/vpc")
    assert refused.value.code == "AW371"


@pytest.mark.parametrize("name", ["nowhere", "main.tf"])
def test_no_folder_is_no_module(folder: Path, name: str) -> None:
    with pytest.raises(AppError) as refused:
        catalog.opened(folder / name)
    assert refused.value.code == "AW390"
