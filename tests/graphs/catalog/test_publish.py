"""A publication against a GitHub that can fail at every step: one branch, one pull request."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from core.errors import AppError
from core.terminal import Terminal
from graphs.catalog import console
from graphs.catalog.publish import Proposal, Receipt, proposed, publish
from graphs.catalog.shelf import Shelf
from tests.github_double import TOKEN, Double, Fault
from tests.tools.catalog import books
from tools import catalog

BRANCH = "feat/module-aws-networking-my-vpc-v1.0.0"
FOLDER = "modules/aws/networking/my-vpc/v1.0.0"
STEPS = [
    ("GET", "/git/ref/{ref}"),
    ("GET", "/git/commits/{commit_sha}"),
    ("POST", "/git/blobs"),
    ("POST", "/git/trees"),
    ("POST", "/git/commits"),
    ("POST", "/git/refs"),
    ("GET", "/pulls"),
    ("POST", "/pulls"),
]


@pytest.fixture
def double() -> Iterator[Double]:
    with Double() as made:
        made.push(books.Memory().kept)
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    metadata = books.VPC.replace("name: vpc,", "name: my-vpc,").replace('"1.2.0"', '"1.0.0"')
    (tmp_path / "MODULE_METADATA.yaml").write_text(metadata)
    (tmp_path / "main.tf").write_text("resource vpc {}\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\xff")
    return tmp_path


def proposal(double: Double, folder: Path, description: str = "A first one.") -> Proposal:
    hub = double.github()
    return proposed(catalog.load(hub, hub.factory), catalog.opened(folder), description)


def publication(double: Double, folder: Path, description: str = "A first one.") -> Receipt:
    return publish(double.github(), proposal(double, folder, description))


def refused(double: Double, folder: Path) -> AppError:
    with pytest.raises(AppError) as raised:
        publication(double, folder)
    return raised.value


def written(double: Double) -> list[str]:
    return [
        each.template.rpartition("}/")[2]
        for each in double.exchanges
        if each.method != "GET" and each.status == 201
    ]


def test_a_publication_is_one_commit_one_branch_and_one_pull_request(double: Double, folder: Path) -> None:
    base = double.refs["main"]

    receipt = publication(double, folder)

    commit = double.commits[double.refs[BRANCH]]
    assert commit["parents"] == [base]
    assert written(double) == ["git/blobs", "git/trees", "git/commits", "git/refs", "pulls"]
    assert double.pulls[0]["title"] == "feat(module): Add aws/networking/my-vpc v1.0.0"
    assert receipt.to_dict() == {
        "number": 1, "url": "https://github.com/org/cloud_iac_factory/pull/1", "branch": BRANCH,
        "status": "open", "done": "opened",
    }  # fmt: skip


def test_the_branch_holds_the_module_beside_all_there_was(double: Double, folder: Path) -> None:
    before = double.files("main")

    publication(double, folder)

    after = double.files(BRANCH)
    assert {path: after[path] for path in before} == before
    assert after[f"{FOLDER}/logo.png"] == b"\x89PNG\xff"
    assert {path.removeprefix(f"{FOLDER}/") for path in after.keys() - before.keys()} == {
        "MODULE_METADATA.yaml", "CHANGELOG.md", "logo.png", "main.tf",
    }  # fmt: skip
    assert double.files("main") == before


def test_a_change_log_of_the_module_s_own_is_kept(double: Double, folder: Path) -> None:
    (folder / "CHANGELOG.md").write_text("# Mine\n")

    publication(double, folder)

    assert double.files(BRANCH)[f"{FOLDER}/CHANGELOG.md"] == b"# Mine\n"


def test_the_same_publication_again_writes_nothing(double: Double, folder: Path) -> None:
    publication(double, folder)
    before = (dict(double.refs), len(double.commits), written(double))

    assert publication(double, folder).status == "found"
    assert (dict(double.refs), len(double.commits), written(double)) == before
    assert len(double.pulls) == 1


def test_a_changed_module_updates_its_pull_request(double: Double, folder: Path) -> None:
    publication(double, folder)
    first = double.refs[BRANCH]
    (folder / "main.tf").unlink()
    (folder / "extra.tf").write_text("new\n")

    receipt = publication(double, folder, "Better.")

    assert receipt.status == "updated"
    assert double.commits[double.refs[BRANCH]]["parents"] == [first]
    assert f"{FOLDER}/extra.tf" in double.files(BRANCH)
    assert f"{FOLDER}/main.tf" not in double.files(BRANCH)
    assert len(double.pulls) == 1
    assert "Better." in double.pulls[0]["body"]


@pytest.mark.parametrize("step", STEPS, ids=" ".join)
@pytest.mark.parametrize("after", [False, True], ids=["not done", "done"])
def test_a_step_that_fails_is_taken_up_again(
    double: Double, folder: Path, step: tuple[str, str], after: bool
) -> None:
    sent = proposal(double, folder)
    double.fail(*step, Fault(502, after=after))
    try:
        publish(double.github(), sent)
    except AppError as error:
        assert error.code == "AW397"  # noqa: PT017  # not every step has to fail the whole

    publication(double, folder)

    assert sorted(double.refs) == [BRANCH, "main"]
    assert [each["head"]["ref"] for each in double.pulls] == [BRANCH]
    assert double.commits[double.refs[BRANCH]]["parents"] == [double.refs["main"]]


@pytest.mark.parametrize("step", STEPS[-3:], ids=" ".join)
def test_a_limit_in_the_middle_leaves_what_the_next_try_goes_on_with(
    double: Double, folder: Path, step: tuple[str, str]
) -> None:
    sent = proposal(double, folder)
    double.fail(*step, Fault(403, {"Retry-After": "60"}))

    with pytest.raises(AppError) as raised:
        publish(double.github(), sent)
    assert raised.value.code == "AW393"
    assert publication(double, folder).status == "opened"
    assert len(double.pulls) == 1


def test_an_answer_lost_after_the_pull_request_was_made_is_no_failure(double: Double, folder: Path) -> None:
    double.fail("POST", "/pulls", Fault(500, after=True))

    assert publication(double, folder).pull.number == 1


def test_a_branch_with_other_content_is_somebody_else_s(double: Double, folder: Path) -> None:
    double.push({"other.txt": b"x"}, BRANCH)
    theirs = double.refs[BRANCH]

    assert refused(double, folder).code == "AW395"
    assert double.refs[BRANCH] == theirs
    assert double.pulls == []


def test_a_pull_request_about_something_else_is_not_touched(double: Double, folder: Path) -> None:
    publication(double, folder)
    double.pulls[0]["title"] = "feat(module): Add aws/networking-my/vpc v1.0.0"
    before = dict(double.pulls[0])

    assert refused(double, folder).code == "AW395"
    assert double.pulls == [before]


def test_a_branch_that_moves_while_we_write_is_not_forced(double: Double, folder: Path) -> None:
    publication(double, folder)
    (folder / "main.tf").write_text("other\n")
    double.fail("PATCH", "/git/refs/{ref}", Fault(422, message="Update is not a fast forward"))

    assert refused(double, folder).code == "AW395"


@pytest.mark.parametrize(
    "step", [("PATCH", "/git/refs/{ref}"), ("PATCH", "/pulls/{pull_number}")], ids=" ".join
)
@pytest.mark.parametrize("after", [False, True], ids=["not done", "done"])
def test_an_update_that_fails_is_taken_up_again(
    double: Double, folder: Path, step: tuple[str, str], after: bool
) -> None:
    publication(double, folder)
    (folder / "main.tf").write_text("other\n")
    sent = proposal(double, folder, "Other.")
    double.fail(*step, Fault(502, after=after))
    with contextlib.suppress(AppError):
        publish(double.github(), sent)

    publish(double.github(), sent)

    assert double.files(BRANCH)[f"{FOLDER}/main.tf"] == b"other\n"
    assert [each["body"] for each in double.pulls] == [sent.body]
    assert len(double.commits[double.refs[BRANCH]]["parents"]) == 1


@pytest.mark.parametrize("listed", [True, False])
def test_a_published_version_is_not_published_again(double: Double, folder: Path, listed: bool) -> None:
    if listed:
        text = (folder / "MODULE_METADATA.yaml").read_text()
        (folder / "MODULE_METADATA.yaml").write_text(text.replace("my-vpc", "vpc").replace("1.0.0", "1.1.0"))
    else:
        double.push({f"{FOLDER}/main.tf": b"x"})

    assert refused(double, folder).code == "AW395"
    assert written(double) == []


def test_without_a_token_nothing_is_written(double: Double, folder: Path) -> None:
    sent = proposal(double, folder)

    with pytest.raises(AppError) as raised:
        publish(double.github(token=""), sent)
    assert raised.value.code == "AW391"
    assert list(double.refs) == ["main"]


@pytest.mark.parametrize(
    "attack",
    [
        "![x](https://evil.example/?q=1)", "@everyone look", "Closes #1", "fixes org/repo#7",
        "<img src=x onerror=y>",
        "a\n\nBuild-Key: " + "0" * 64, "```\n@everyone\n```", "[skip ci]", "x\r\n## Approved", "\u202eevil",
        "$body ${title} $$", "    \n\n</details>",
    ],
)  # fmt: skip
def test_a_description_can_neither_link_nor_call_nor_close(double: Double, folder: Path, attack: str) -> None:
    sent = proposal(double, folder, attack)
    added = set(sent.body.splitlines()) - set(proposal(double, folder, "").body.splitlines())

    assert all(line.startswith("    ") for line in added)
    for text in (sent.body, sent.message, sent.files[f"{FOLDER}/CHANGELOG.md"].decode()):
        assert not re.search(r"@\w|#\d|https://|\u202e|\[skip|\r", text)
    assert len(re.findall("(?m)^Build-Key: ", sent.message)) == 1


def test_a_file_s_name_cannot_call_either(double: Double, folder: Path) -> None:
    (folder / "@everyone closes #1.tf").write_text("x")

    body = proposal(double, folder).body

    assert "    @ everyone closes # 1.tf" in body


def test_a_proposal_is_the_same_bytes_each_time(double: Double, folder: Path) -> None:
    assert proposal(double, folder) == proposal(double, folder)


# -- from the command line


def shelf(double: Double) -> Shelf:
    hub = double.github()
    return Shelf(hub, hub.factory, now=lambda: 0.0)


def test_a_dry_run_shows_all_and_sends_nothing(
    double: Double, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = console.published(shelf(double), Terminal(), catalog.opened(folder), "New.", ask=None)

    assert ended == 0
    assert f"branch {BRANCH}" in capfd.readouterr().out
    assert written(double) == []


def test_only_a_yes_sends(double: Double, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    local = catalog.opened(folder)

    assert console.published(shelf(double), Terminal(), local, "", ask=lambda: False) == 1
    assert written(double) == []
    assert console.published(shelf(double), Terminal(), local, "", ask=lambda: True) == 0
    out, err = capfd.readouterr()
    assert out == "Pull request 1 opened: https://github.com/org/cloud_iac_factory/pull/1\n"
    assert "feat(module): Add aws/networking/my-vpc v1.0.0" in err
    assert TOKEN not in out + err


def test_a_catalog_that_cannot_be_read_now_is_not_published_to(double: Double, folder: Path) -> None:
    kept = shelf(double)
    kept.copy()
    double.push({"catalog.json": b"<html>"})

    with pytest.raises(AppError) as raised:
        console.published(kept, Terminal(), catalog.opened(folder), "", ask=lambda: True)
    assert raised.value.code == "AW368"
    assert written(double) == []


def test_a_folder_takes_no_pull_request(folder: Path) -> None:
    kept = Shelf(books.Memory(), now=lambda: 0.0)

    with pytest.raises(AppError) as raised:
        console.published(kept, Terminal(), catalog.opened(folder), "", ask=lambda: True)
    assert raised.value.code == "AW399"


# -- against GitHub's own description of itself


def plain(schema: Any, *, is_answer: bool) -> Any:
    """OpenAPI 3.0 as JSON Schema. Of an answer only what we are given is held against it, not the rest."""
    if isinstance(schema, list):
        return [plain(each, is_answer=is_answer) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: plain(each, is_answer=is_answer) for name, each in schema.items() if name != "example"}
    if made.pop("nullable", False) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if is_answer and isinstance(made.get("required"), list):
        del made["required"]
    return made


@pytest.mark.corpus
def test_each_exchange_fits_github_s_own_description(double: Double, folder: Path, corpus: Path) -> None:
    publication(double, folder)
    (folder / "main.tf").unlink()
    publication(double, folder, "Better.")
    described = json.loads((corpus / "openapi" / "real" / "github.json").read_bytes())
    schemas = {
        kind: plain(described["components"], is_answer=kind == "answer") for kind in ("body", "answer")
    }

    seen = set()
    for each in double.exchanges:
        operation = described["paths"][each.template][each.method.lower()]
        answers = operation["responses"]
        assert str(each.status) in answers, (each.method, each.template, each.status)
        content = {"body": operation.get("requestBody", {}), "answer": answers[str(each.status)]}
        for kind, value in (("body", each.body), ("answer", each.answer)):
            schema = content[kind].get("content", {}).get("application/json", {}).get("schema")
            if schema is None or (kind == "answer" and (each.status >= 400 or "contents" in each.template)):
                continue
            whole = plain(schema, is_answer=kind == "answer") | {"components": schemas[kind]}
            jsonschema_rs.Draft7Validator(whole).validate(value)
            seen.add((each.method, each.template.rpartition("}/")[2], kind))
    assert {("POST", "pulls", "body"), ("POST", "git/trees", "body"), ("GET", "pulls", "answer")} <= seen
