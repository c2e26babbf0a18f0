"""A catalog on GitHub: read as a folder is, and each refusal with its own next step."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import AppError
from tests.github_double import HOST, TOKEN, Double, Fault
from tests.tools.catalog import books
from tools import catalog
from tools.catalog.sources import FileMissing, blob_id

VPC = "aws/networking/vpc"
SPENT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225600"}
CONTENTS = "/contents/{path}"


@pytest.fixture
def double() -> Iterator[Double]:
    with Double() as made:
        made.push(books.Memory().kept)
        yield made


def refused(double: Double, **options: Any) -> AppError:
    with pytest.raises(AppError) as raised:
        double.github(**options).read("catalog.json")
    assert TOKEN not in json.dumps(raised.value.to_dict())
    return raised.value


def test_it_reads_what_a_source_in_memory_reads(double: Double) -> None:
    hub, memory = double.github(), books.Memory()

    assert {path: hub.read(path) for path in memory.kept} == memory.kept
    assert (
        catalog.metadata(catalog.load(hub), VPC).inputs == catalog.metadata(catalog.load(memory), VPC).inputs
    )


def test_it_lists_what_a_source_in_memory_lists(double: Double) -> None:
    double.push(
        {"modules/x/v1.0.0/a.tf": b"a", "modules/x/v1.0.0/sub/deep/b.tf": b"b", "modules/x/.gitkeep": b""}
    )
    hub = double.github()

    assert hub.files("modules/x/v1.0.0") == {"a.tf": blob_id(b"a"), "sub/deep/b.tf": blob_id(b"b")}
    assert hub.files("modules/none") == {}


def test_a_file_is_read_from_the_named_branch(double: Double) -> None:
    double.push({"catalog.json": b"{}"}, "next")
    factory = catalog.Factory(repository="org/cloud_iac_factory", branch="next")

    assert catalog.GitHub(factory, double.wire()).read("catalog.json") == b"{}"


def test_a_public_catalog_needs_no_token(double: Double) -> None:
    assert double.github(token="").read("catalog.json")
    assert "authorization" not in double.heads[-1]


def test_a_file_that_is_missing_is_told_from_a_repository_that_is(double: Double) -> None:
    with pytest.raises(FileMissing):
        double.github().read("nothing.json")
    double.is_readable = False
    assert refused(double).code == "AW394"


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Fault(401, message="Bad credentials"), "AW391", "Bad credentials"),
        (Fault(403, message="Resource not accessible by personal access token"), "AW392", "not accessible"),
        (Fault(403, SPENT), "AW393", "2026-01-01 00:00:00 UTC"),
        (Fault(403, {"Retry-After": "60"}, "You have exceeded a secondary rate limit"), "AW393", "in 60 s"),
        (Fault(403, {}, "You have exceeded a secondary rate limit"), "AW393", "a minute"),
        (Fault(429, {"Retry-After": "7"}), "AW393", "in 7 s"),
        (Fault(429, {"Retry-After": "9" * 400}), "AW393", "a minute"),
        (Fault(409, message="Git Repository is empty."), "AW395", "empty"),
        (Fault(422, message="Validation Failed"), "AW396", "Validation Failed"),
        (Fault(500), "AW397", "500"),
        (Fault(502), "AW397", "502"),
        (Fault(301, {"Location": "https://api.github.com/repositories/7"}), "AW398", "elsewhere"),
        (Fault(302, {"Location": "https://evil.example/steal"}), "AW398", "not followed"),
        (Fault(307, {"Location": "https://evil.example/steal"}), "AW398", "not followed"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_own_code_and_next_step(
    double: Double, fault: Fault, code: str, words: str
) -> None:
    double.fail("GET", CONTENTS, fault)

    problem = refused(double)

    assert problem.code == code
    assert words in problem.message
    assert problem.fix
    assert len(double.heads) == 1, "nothing is followed or tried twice"


def test_a_limit_says_when_it_ends_as_a_fact(double: Double) -> None:
    double.fail(
        "GET", CONTENTS, Fault(403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225600"})
    )

    assert refused(double).facts == {"resets_at": "2026-01-01 00:00:00 UTC"}


def test_the_permission_that_is_needed_is_named(double: Double) -> None:
    double.fail("GET", CONTENTS, Fault(403, {"X-Accepted-GitHub-Permissions": "contents=read"}))

    assert "needed is contents=read" in refused(double).message


def test_github_s_words_are_short_and_plain(double: Double) -> None:
    double.fail("GET", CONTENTS, Fault(422, message="\x1b[2J" + "x" * 9_000))

    problem = refused(double)

    assert "\x1b" not in problem.message
    assert len(problem.message) < 300


def test_a_wrong_token_is_refused(double: Double) -> None:
    assert refused(double, token="another").code == "AW391"


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "a b", "é", "a\n"])
def test_a_token_that_would_break_the_head_is_never_sent(double: Double, token: str) -> None:
    assert refused(double, token=token).code == "AW391"
    assert double.heads == []


@pytest.mark.parametrize(
    "url", ["https://evil.example", "https://api.github.com:444", "https://api.github.com.evil.example"]
)
def test_the_token_goes_to_no_host_that_was_not_named(double: Double, url: str) -> None:
    assert refused(double, url=url).code == "AW802"
    assert double.heads == []


@pytest.mark.parametrize(
    "url", ["http://api.github.com", "https://u:p@api.github.com", "ftp://api.github.com"]
)
def test_only_plain_https_is_spoken(double: Double, url: str) -> None:
    assert refused(double, url=url).code == "AW801"


def test_a_host_that_cannot_prove_itself_is_refused(double: Double) -> None:
    assert refused(double, trust=None).code == "AW806"
    assert double.heads == []


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a//b", "a?ref=x", "a b/%2e%2e\n"])
def test_a_path_that_climbs_is_never_asked_for(double: Double, path: str) -> None:
    with pytest.raises(AppError):
        double.github().read(path)
    assert double.heads == []


@pytest.mark.parametrize("path", ["a b/c#d.tf", "50%/x.tf", "é/ü.tf"])
def test_a_path_is_spelled_so_that_it_stays_one(double: Double, path: str) -> None:
    double.push({path: b"here"})

    assert double.github().read(path) == b"here"


def test_a_huge_file_is_not_read_to_its_end(double: Double) -> None:
    double.push({"catalog.json": b" " * 5_000_001})

    assert refused(double).code == "AW367"


def test_a_host_that_is_away_is_told_from_a_missing_file(double: Double) -> None:
    def away(_host: str, _port: int, _timeout_s: float) -> Any:
        raise ConnectionRefusedError(111, "Connection refused")

    problem = refused(double, connect=away)

    assert (problem.code, problem.retryable, problem.place) == ("AW397", True, HOST)


@pytest.mark.parametrize(
    "factory", [catalog.Factory(), catalog.Factory(repository="../.."), catalog.Factory(repository="org/..")]
)
def test_a_catalog_without_a_repository_is_refused(double: Double, factory: catalog.Factory) -> None:
    with pytest.raises(AppError) as raised:
        catalog.GitHub(factory, double.wire())
    assert raised.value.code == "AW372"


def test_a_token_shows_in_no_text_of_ours(double: Double) -> None:
    shown = repr(double.github().wire)

    assert TOKEN not in shown
    assert base64.b64encode(TOKEN.encode()).decode() not in shown
