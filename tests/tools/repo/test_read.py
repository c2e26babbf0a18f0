from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from core import paths
from tests.tools.repo.conftest import CLEAN, World, publication
from tools import repo
from tools.repo import content


def test_files_below_the_prefixes_come_back_whole(world: World) -> None:
    files = {
        "apps/shop/a": b"",
        "apps/shop/b/c": b"\0\xff\n",
        "apps/shop2/x": b"no",
        "argocd/apps/shop.yaml": b"y\n",
    }
    head = world.somebody(files)

    found = world.open().read(head, ["apps/shop/", "argocd/apps/shop.yaml", "missing"])

    assert found == {"apps/shop/a": b"", "apps/shop/b/c": b"\0\xff\n", "argocd/apps/shop.yaml": b"y\n"}


def test_an_unknown_branch_has_no_head(world: World) -> None:
    assert world.open().head("main") is None
    world.somebody({"x": b""})
    assert world.open().head("tenant/acme") is None


def test_a_prefix_is_a_name_not_a_pattern(world: World) -> None:
    head = world.somebody({"apps/shop/a": b"1"})

    assert world.open().read(head, ["apps/[s]hop"]) == {}


@pytest.mark.parametrize("link", ["apps/shop/openapi.yaml", "apps/shop", "apps"])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../other", "policy"])
def test_a_link_is_refused_not_followed(world: World, link: str, target: str) -> None:
    head = world.somebody({"policy/x": b"1"}, links={link: target})

    with pytest.raises(repo.EntryRefused):
        world.open().read(head, ["apps/shop"])
    with pytest.raises(repo.EntryRefused):
        world.open().publish(publication(base_commit=head))
    assert len(world.commits()) == 1


@pytest.mark.parametrize("name", ["Apps/x", "APPS/shop/x", "apps/Shop/x", "apps/SHOP"])
def test_a_folder_that_differs_in_case_alone_is_refused(world: World, name: str) -> None:
    head = world.somebody({name: b"1", "apps/shop/a": b"2"})

    with pytest.raises(paths.PathsCollide):
        world.open().read(head, ["apps/shop"])


def committed(world: World, line: str) -> str:
    """A commit whose `apps/shop` holds this one odd tree entry."""

    def tree(entry: str) -> str:
        run = subprocess.run(
            ["git", f"--git-dir={world.bare}", "mktree", "--missing"],
            input=entry, capture_output=True, text=True, env=CLEAN, check=True,
        )  # fmt: skip
        return run.stdout.strip()

    shop = tree(line)
    apps = tree(f"040000 tree {shop}\tshop\n")
    top = tree(f"040000 tree {apps}\tapps\n")
    commit = world.git("commit-tree", top, "-m", "odd")
    world.git("update-ref", "refs/heads/main", commit)
    return commit


def test_a_submodule_is_refused(world: World) -> None:
    world.somebody({"README": b""})
    head = committed(world, f"160000 commit {'1' * 40}\tvendor\n")
    repository = world.open()
    repository.head("main")

    with pytest.raises(repo.EntryRefused):
        repository.read(head, ["apps/shop"])


def test_attributes_and_submodule_files_run_nothing(world: World, tmp_path: Path) -> None:
    mark = tmp_path / "PWNED"
    head = world.somebody(
        {
            ".gitattributes": b"* filter=evil diff=evil\n",
            ".gitmodules": f'[submodule "x"]\n path = x\n url = ext::touch {mark}\n'.encode(),
            "apps/shop/a": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        }
    )

    found = world.open().read(head, ["apps/shop"])

    assert found["apps/shop/a"].startswith(b"version https://git-lfs")
    assert not mark.exists()


def test_a_name_that_is_not_utf8_can_be_deleted(world: World) -> None:
    name = os.fsdecode(b"apps/shop/\xff.yaml")
    head = world.somebody({name: b"1"})
    held = world.open().read(head, ["apps/shop"])
    assert held == {name: b"1"}

    base = {name: "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}
    world.open().publish(publication(base_commit=head, base=base, deletes=(name,)))

    assert world.git("ls-tree", "-r", "--name-only", "main") == "apps/shop/a.yaml"


def test_a_file_over_the_cap_is_refused_unread(world: World) -> None:
    head = world.somebody({"apps/shop/big": b"0" * (content.FILE_BYTES + 1)})

    with pytest.raises(repo.AnswerTooLarge):
        world.open().read(head, ["apps/shop"])


def test_more_files_than_the_cap_are_refused_unread(world: World) -> None:
    work = world.somebody({"README": b"x"})
    blob = world.git("rev-parse", f"{work}:README")
    head = committed(world, "".join(f"100644 blob {blob}\tf{n:05}\n" for n in range(content.FILES + 1)))
    repository = world.open()
    repository.head("main")

    with pytest.raises(repo.AnswerTooLarge):
        repository.read(head, ["apps/shop"])


def test_names_that_differ_in_case_are_read_apart(world: World) -> None:
    head = world.somebody({"apps/shop/A": b"1", "apps/shop/a": b"2"})

    assert world.open().read(head, ["apps/shop"]) == {"apps/shop/A": b"1", "apps/shop/a": b"2"}


@pytest.mark.parametrize("commit", ["main", "HEAD", "--all", "a" * 39, "A" * 40, "a" * 40 + "\n"])
def test_only_full_commit_names_are_read(world: World, commit: str) -> None:
    with pytest.raises(repo.RefRefused):
        world.open().read(commit, ["apps/shop"])


@pytest.mark.parametrize(
    "branch",
    [
        "", "-x", "--upload-pack=x", "HEAD", "refs/heads/main", "a..b", "a.lock", "a.lock/b", "a/", "/a",
        "a//b", ".a", "a/.b", "a.", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "@{u}", "@", "a@{1}",
        "a\nb", "a\0b", "é", "+refs/heads/a:refs/heads/b", ":refs/heads/main", "tenant/a..b",
        "tenant/a.lock", "x" * 201,
    ],
    ids=ascii,
)  # fmt: skip
def test_a_branch_name_outside_the_grammar_is_refused(world: World, branch: str) -> None:
    with pytest.raises(repo.RefRefused):
        world.open().head(branch)


@pytest.mark.parametrize("branch", ["main", "tenant/acme", "feat/module-a_b-v1.2.0", "A"])
def test_an_accepted_branch_name_is_one_for_git_too(world: World, branch: str) -> None:
    assert world.open().head(branch) is None
    world.git("check-ref-format", f"refs/heads/{branch}")
