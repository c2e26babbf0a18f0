"""A catalog is used whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import AppError
from tests.tools.catalog import books
from tools import catalog

ROOT = Path(__file__).resolve().parents[3]


def cyclic() -> dict[str, Any]:
    return books.listed(versions=[{"$ref": "#/modules"}])


HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "50 MB": (b" " * 50_000_000, "AW367"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "AW368"),
    "a web page": ("<!DOCTYPE html><title>Sign in</title>", "AW368"),
    "no JSON": ("{", "AW368"),
    "no UTF-8": (b"\xff\xfe{}", "AW368"),
    "half a character": ('{"version": "\\ud800"}', "AW368"),
    "NaN": ('{"version": NaN}', "AW368"),
    "a number without end": ('{"version": ' + "9" * 6_000 + "}", "AW368"),
    "depth": ("[" * 100_000, "AW368"),
    "a key twice": ('{"modules": {}, "modules": {}}', "AW368"),
    "a list": ("[]", "AW369"),
    "no modules": ("{}", "AW369"),
    "a control character": (json.dumps(books.listed(description="\x1b[31mred")), "AW369"),
    "a reference in a version": (json.dumps(cyclic()), "AW369"),
}


@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_catalog_is_refused_whole(data: str | bytes, code: str) -> None:
    source = books.Memory()
    source.put("catalog.json", data)

    with pytest.raises(AppError) as caught:
        catalog.load(source)

    assert caught.value.code == code


@pytest.mark.parametrize(
    "path",
    [
        "../../x",
        "/etc/passwd",
        "aws//vpc",
        "aws/../vpc",
        "AWS/vpc",
        "aws/vpc ",
        "",
        ".",
        "aws/v\u0440c",
        "a/b\n",
        "-a",
    ],
)
def test_a_path_that_cannot_be_refuses_the_catalog(path: str) -> None:
    document = books.listed()
    document["modules"][path] = {"latest": "1.0.0", "versions": ["1.0.0"]}

    with pytest.raises(catalog.CatalogInvalid):
        books.index(document)


@pytest.mark.parametrize(
    "version",
    ["1.0.0/../..", "1.0", "v1.0.0", "01.0.0", "1.0.0 ", "", "latest", "1.0.0\n", "\u0661.0.0", 1, None],
)
def test_a_version_that_is_none_refuses_the_catalog(version: Any) -> None:
    with pytest.raises(catalog.CatalogInvalid):
        books.index(books.listed(versions=["1.2.0", version]))


@pytest.mark.parametrize(
    "changed",
    [
        {"latest": "9.9.9"},
        {"latest": None},
        {"versions": []},
        {"versions": "1.2.0"},
        {"versions": ["1.2.0"] * 2},
    ],
)
def test_an_entry_that_contradicts_itself_refuses_the_catalog(changed: dict[str, Any]) -> None:
    with pytest.raises(catalog.CatalogInvalid):
        books.index(books.listed(**changed))


def test_the_digest_is_of_what_was_read() -> None:
    assert books.index().digest == books.index().digest != books.index(books.listed(description="x")).digest


def test_an_index_is_given_back_while_no_byte_has_changed() -> None:
    source = books.Memory()
    first = catalog.load(source)

    again = catalog.load(source, known=first)
    source.put("catalog.json", json.dumps(books.listed(description="Newer.")))

    assert again is first
    assert catalog.load(source, known=first) is not first


# -- a folder


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "catalog.json").symlink_to(tmp_path / "secret.json")

    with pytest.raises(AppError) as caught:
        catalog.load(catalog.Folder(folder))

    assert caught.value.code == "AW373"


def test_a_folder_without_a_catalog_says_so_without_its_place_on_the_machine(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        catalog.load(catalog.Folder(tmp_path, "factory"))

    assert (caught.value.code, caught.value.place) == ("AW366", "factory/catalog.json")


def test_a_file_under_another_name_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(json.dumps(books.listed()))

    index = catalog.load(catalog.Folder(tmp_path), catalog.Factory(catalog_path="index.json"))

    assert list(index.modules) == ["aws/networking/vpc"]


@pytest.mark.parametrize("path", ["../catalog.json", "/etc/passwd", "a/../../b"])
def test_a_configured_path_does_not_climb(tmp_path: Path, path: str) -> None:
    with pytest.raises(AppError):
        catalog.Folder(tmp_path).read(path)


# -- metadata


METADATA: dict[str, tuple[Callable[[str], str], str]] = {
    "another module": (lambda text: text.replace("name: vpc", "name: vpn"), "AW371"),
    "another version": (lambda text: text.replace("1.2.0", "1.1.0"), "AW371"),
    "a version that is a number": (lambda text: text.replace('"1.2.0"', "1.2"), "AW371"),
    "another provider": (lambda text: text.replace("aws", "gcp"), "AW371"),
    "another schema": (lambda text: text.replace('"2.0"', '"1.0"'), "AW371"),
    "a schema without quotes": (lambda text: text.replace('"2.0"', "2.0"), "AW371"),
    "a name twice": (lambda text: text.replace("zones", "cidr"), "AW371"),
    "a name that is none": (lambda text: text.replace("cidr", "'../x'"), "AW371"),
    "a key twice": (lambda text: text + "outputs: []\n", "AW368"),
    "an alias": (lambda text: text + "x: &a [1]\ny: *a\n", "AW368"),
    "a cycle": (lambda text: text + "x: &a [*a]\n", "AW368"),
    "a tag": (lambda text: text + "x: !!python/name:os.system\n", "AW368"),
    "two documents": (lambda text: text + "---\n{}\n", "AW368"),
    "depth": (lambda text: text + "x: " + "[" * 400 + "]" * 400, "AW368"),
    "nothing": (lambda text: "", "AW368"),
    "a NUL": (lambda text: text + "x: \0\n", "AW368"),
    "tabs": (lambda text: text + "\tx: 1\n", "AW368"),
}


@pytest.mark.parametrize(("change", "code"), METADATA.values(), ids=list(METADATA))
def test_metadata_that_is_not_the_module_s_is_refused(change: Callable[[str], str], code: str) -> None:
    source = books.Memory()
    source.put(books.PLACE, change(books.VPC))

    with pytest.raises(AppError) as caught:
        catalog.metadata(catalog.load(source), "aws/networking/vpc")

    assert caught.value.code == code


def test_metadata_tells_inputs_and_outputs_with_their_types() -> None:
    found = catalog.metadata(books.index(), "aws/networking/vpc", "1.2.0")

    assert [(each.name, each.type, each.is_required) for each in found.inputs] == [
        ("cidr", "string", True),
        ("zones", "list(string)", False),
    ]
    assert [(each.name, each.type) for each in found.outputs] == [("vpc_id", "string")]
    assert found.document["schema_version"] == "2.0"


def test_inputs_may_be_a_mapping_under_the_module() -> None:
    source = books.Memory()
    source.put(
        books.PLACE,
        'schema_version: "2.0"\nmodule:\n  name: vpc\n  version: "1.2.0"\n  provider: aws\n'
        "  category: networking\n  inputs: {cidr: {type: string}}\n",
    )

    found = catalog.metadata(catalog.load(source), "aws/networking/vpc")

    assert [each.name for each in found.inputs] == ["cidr"]


def test_a_date_stays_the_text_it_is() -> None:
    source = books.Memory()
    source.put(books.PLACE, books.VPC + "released: 2026-01-02\nshort: no\n")

    found = catalog.metadata(catalog.load(source), "aws/networking/vpc")

    assert (found.document["released"], found.document["short"]) == ("2026-01-02", "no")


# -- the configuration, and the example


BRIEF = b"""factory:
  repository: "org/cloud_iac_factory"
  branch: "main"
  auth_method: "token"
  base_url: "https://github.com"
  api_url: "https://api.github.com"
  raw_url: "https://raw.githubusercontent.com"
  catalog_path: "catalog.json"
  modules_path: "modules"
  patterns_path: "patterns"
  cache_ttl: 300  # seconds
"""


def test_a_configuration_in_full_is_read() -> None:
    assert catalog.configured(BRIEF).repository == "org/cloud_iac_factory"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"branch:", b"branches:"),
        (b"https://api", b"http://api"),
        (b"https://github.com", b"https://user:word@github.com"),
        (b"org/cloud", b"org/sub/cloud"),
        (b"300 ", b"soon "),
        (b'"token"', b'"basic"'),
        (b"factory:", b"factories:"),
    ],
)
def test_a_configuration_with_a_mistake_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(catalog.FactoryInvalid):
        catalog.configured(BRIEF.replace(old, new))


def test_every_version_of_the_example_has_its_metadata() -> None:
    source = catalog.Folder(ROOT / "examples" / "catalog")
    index = catalog.load(source, catalog.configured(source.read("config/factory.yaml")))

    described = [
        catalog.metadata(index, path, each)
        for path, found in index.modules.items()
        for each in found.versions
    ]

    assert len(described) == 7
    assert all(each.inputs and each.outputs for each in described)
