"""A reference is true letter by letter, or it is refused with what was probably meant."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest

from core.errors import NotFound
from tests.tools.catalog import books
from tools import catalog

VPC = "aws/networking/vpc"


def caught(path: str, version: str = "") -> catalog.HallucinationError:
    with pytest.raises(catalog.HallucinationError) as found:
        catalog.check(books.index(), path, version)
    return found.value


def test_what_exists_passes_with_its_place_and_digest() -> None:
    index = books.index()

    hit = catalog.check(index, VPC, "1.1.0")

    assert (hit.version, hit.is_latest, hit.digest) == ("1.1.0", False, index.digest)
    assert hit.metadata_path == "modules/aws/networking/vpc/v1.1.0/MODULE_METADATA.yaml"


def test_no_version_means_the_latest() -> None:
    assert catalog.check(books.index(), VPC).version == "1.2.0"


@pytest.mark.parametrize(
    "path",
    [
        "aws/networking/vcp",
        "aws/network/vpc",
        "aws/networking/vpc ",
        " aws/networking/vpc",
        "aws/networking/vpc/",
        "AWS/networking/vpc",
        "aws/networking/vpc\n",
        "aws/networking/vpc\u200b",
        "\u0430ws/networking/vpc",
        "aws/networking/v\u0440\u0441",
        "\uff41\uff57\uff53/networking/vpc",
        "aws/networking/vp\u00e7",
        "vpc",
        "gcp/compute/vpc",
    ],
)
def test_a_near_miss_is_refused_with_what_was_meant(path: str) -> None:
    error = caught(path)

    assert error.code == "AW376"
    assert error.facts["suggestion"] == VPC
    assert error.fix == f"Did you mean `{VPC}`?"


@pytest.mark.parametrize("path", ["azure/zzz", "", "../../x", "x" * 10_000, "\x1b[31m", "__class__"])
def test_what_is_like_nothing_is_refused_without_a_guess(path: str) -> None:
    error = caught(path)

    assert error.facts["suggestion"] == ""
    assert len(error.message) < 200
    assert error.message.isprintable()


@pytest.mark.parametrize(
    "version", ["1.3.0", "v1.2.0", "1.2", "1.2.0 ", "latest", "\u0661.2.0", "1.2.0/../.."]
)
def test_the_right_name_in_a_wrong_version_is_refused_with_the_versions(version: str) -> None:
    error = caught(VPC, version)

    assert error.code == "AW377"
    assert error.facts["known"] == ["1.1.0", "1.2.0"]
    assert error.facts["suggestion"] in {"1.1.0", "1.2.0"}


def test_a_refusal_is_a_not_found_of_its_own_kind() -> None:
    assert isinstance(caught("no/such/thing"), NotFound)


def test_a_thousand_invented_references_are_refused_and_no_real_one() -> None:
    chance = random.Random(7)
    modules = {
        f"{provider}/{category}/{name}": {"latest": "2.1.0", "versions": ["1.0.0", "2.1.0"]}
        for provider in ("aws", "gcp", "azure")
        for category in ("networking", "storage", "data")
        for name in ("vpc", "bucket", "queue", "postgres")
    }
    index = books.index(books.listed() | {"modules": modules})
    letters = string.ascii_lowercase + "/-_ \u0430"

    def mutated(word: str) -> str:
        at = chance.randrange(len(word))
        return chance.choice([word[:at] + word[at + 1 :], word[:at] + chance.choice(letters) + word[at:]])

    def passes(path: str, version: str) -> bool:
        try:
            catalog.check(index, path, version)
        except catalog.HallucinationError:
            return False
        return True

    invented = [mutated(chance.choice(list(modules))) for _ in range(900)]
    versions = [mutated("2.1.0") for _ in range(100)]

    assert [each for each in invented if each not in modules and passes(each, "")] == []
    assert [each for each in versions if each not in {"", "2.1.0"} and passes("aws/data/queue", each)] == []
    assert all(passes(path, version) for path in modules for version in ("", "1.0.0", "2.1.0"))


# -- inputs and outputs


def metadata() -> catalog.Metadata:
    return catalog.metadata(books.index(), VPC)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"cidr": "string"}, {}),
        ({"cidr": "", "zones": "list( string )"}, {"vpc_id": "string"}),
        (None, {"vpc_id": ""}),
        (None, None),
    ],
)
def test_a_reference_that_fits_passes(inputs: Any, outputs: Any) -> None:
    catalog.fits(metadata(), inputs=inputs, outputs=outputs)


@pytest.mark.parametrize(
    ("inputs", "outputs", "code", "said"),
    [
        ({"cdir": "string"}, {}, "AW363", "`cidr`"),
        ({"cidr": "string"}, {"vpcid": ""}, "AW363", "`vpc_id`"),
        ({"cidr": "number"}, {}, "AW364", "string"),
        ({"cidr": "", "zones": "list(number)"}, {}, "AW364", "list(string)"),
        ({}, {}, "AW365", "cidr"),
        ({"zones": ""}, {}, "AW365", "cidr"),
        (None, {"cidr": ""}, "AW363", ""),
    ],
)
def test_a_reference_that_does_not_fit_is_refused(inputs: Any, outputs: Any, code: str, said: str) -> None:
    with pytest.raises(catalog.HallucinationError) as found:
        catalog.fits(metadata(), inputs=inputs, outputs=outputs)

    assert found.value.code == code
    assert said in found.value.message + found.value.fix


# -- search


def found(query: str = "", kind: str = "") -> list[str]:
    modules = {
        "aws/networking/vpc": "A private network.",
        "gcp/networking/vpc": "A private network too.",
        "aws/networking/vpc-peering": "Joins two.",
        "aws/storage/bucket": "Keeps objects out of the vpc.",
    }
    entries = {
        path: {"latest": "1.0.0", "versions": ["1.0.0"], "description": told}
        for path, told in modules.items()
    }
    return [each.path for each in catalog.search(books.index({"modules": entries}), query, kind=kind)]


def test_the_closest_comes_first() -> None:
    assert found("VPC") == [
        "aws/networking/vpc",
        "gcp/networking/vpc",
        "aws/networking/vpc-peering",
        "aws/storage/bucket",
    ]


def test_every_word_has_to_fit() -> None:
    assert found("private network too") == ["gcp/networking/vpc"]


@pytest.mark.parametrize(("kind", "count"), [("aws", 3), ("networking", 3), ("bucket", 1), ("net", 0)])
def test_a_kind_is_a_whole_part_of_the_path(kind: str, count: int) -> None:
    assert len(found(kind=kind)) == count
