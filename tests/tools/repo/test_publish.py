from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from tests.tools.repo.conftest import World, digests, publication
from tools import repo

TAG = "bld/shop/20261120T120000Z-aaaaaaaa/main"


def test_the_first_commit_opens_the_branch(world: World) -> None:
    receipt = world.open().publish(publication(tag=TAG))

    assert world.commits() == [receipt.commit]
    assert world.git("rev-parse", f"refs/tags/{TAG}") == receipt.commit
    assert world.git("show", "main:apps/shop/a.yaml") == "x: 1"
    assert (receipt.adopted, receipt.attempts, receipt.tag) == (False, 1, TAG)


def test_the_commit_carries_its_trailers(world: World) -> None:
    world.open().publish(publication(trace_id="d" * 32))

    assert world.git("log", "-1", "--format=%(trailers:only,unfold)", "main").split("\n") == [
        f"Build-Key: {'a' * 64}",
        f"Plan-Digest: sha256:{'b' * 64}",
        f"Spec-Digest: sha256:{'c' * 64}",
        f"Trace-Id: {'d' * 32}",
    ]


def test_the_same_publication_has_the_same_commit_name(tmp_path: Path) -> None:
    first, second = World(tmp_path / "1"), World(tmp_path / "2")

    assert first.open().publish(publication()).commit == second.open().publish(publication()).commit


def test_publishing_again_adopts_what_is_there(world: World) -> None:
    first = world.open().publish(publication(tag=TAG))

    again = world.open("another-cache").publish(publication(tag=TAG))

    assert (again.commit, again.adopted, again.tag) == (first.commit, True, TAG)
    assert len(world.commits()) == 1


def test_the_tip_is_the_head_also_when_refs_are_packed(world: World) -> None:
    repository = world.open()
    assert repository.tip("main") is None
    receipt = repository.publish(publication())

    assert repository.tip("main") == receipt.commit
    world.git("pack-refs", "--all")
    assert repository.tip("main") == receipt.commit


def test_an_adopted_build_under_later_commits_is_found(world: World) -> None:
    first = world.open().publish(publication())
    world.somebody({"README": b"hello"})

    again = world.open().publish(publication())

    assert (again.commit, again.adopted) == (first.commit, True)


def test_the_same_build_after_a_revert_is_published_anew(world: World) -> None:
    """The key lies before the new plan's base, so the plan has seen the revert and decided."""
    world.open().publish(publication())
    base = world.somebody({"apps/shop/a.yaml": b"x: 0\n"})

    receipt = world.open().publish(
        publication(base_commit=base, base=digests({"apps/shop/a.yaml": b"x: 0\n"}))
    )

    assert not receipt.adopted
    assert world.git("show", "main:apps/shop/a.yaml") == "x: 1"


def test_other_modules_stay_as_they_are(world: World) -> None:
    base = world.somebody({"apps/other/a.yaml": b"1", "apps/shop/old.yaml": b"2", "README": b"3"})
    held = digests({"apps/shop/old.yaml": b"2"})

    world.open().publish(publication(base_commit=base, base=held, deletes=("apps/shop/old.yaml",)))

    assert world.git("ls-tree", "-r", "--name-only", "main").split() == [
        "README",
        "apps/other/a.yaml",
        "apps/shop/a.yaml",
    ]


def test_a_file_may_become_a_folder(world: World) -> None:
    base = world.somebody({"apps/shop/a": b"1"})

    world.open().publish(
        publication(
            base_commit=base,
            base=digests({"apps/shop/a": b"1"}),
            deletes=("apps/shop/a",),
            writes={"apps/shop/a/b.yaml": b"2"},
        )
    )

    assert world.git("ls-tree", "-r", "--name-only", "main") == "apps/shop/a/b.yaml"


def test_a_base_that_moved_elsewhere_is_built_upon(world: World) -> None:
    base = world.somebody({"README": b"1"})
    newer = world.somebody({"README": b"2"})

    receipt = world.open().publish(publication(base_commit=base))

    assert world.git("rev-parse", f"{receipt.commit}^") == newer


@pytest.mark.parametrize("files", [{"apps/shop/a.yaml": b"theirs"}, {"apps/shop/new.yaml": b""}])
def test_a_base_that_moved_in_the_modules_paths_is_refused(world: World, files: dict[str, bytes]) -> None:
    base = world.somebody({"README": b"1"})
    world.somebody(files)

    with pytest.raises(repo.BaseMoved):
        world.open().publish(publication(base_commit=base))

    assert len(world.commits()) == 2


def test_files_that_already_became_what_the_plan_wants_are_no_conflict(world: World) -> None:
    """Two modules share a policy; each planned to add it, the other was first."""
    base = world.somebody({"README": b"1", "apps/shop/old": b"2"})
    world.somebody({"policy/lib.rego": b"package lib\n"})

    world.open().publish(
        publication(
            base_commit=base,
            owned=("apps/shop", "policy"),
            base=digests({"apps/shop/old": b"2"}),
            writes={"apps/shop/a": b"", "policy/lib.rego": b"package lib\n"},
            deletes=("apps/shop/old",),
        )
    )

    assert world.git("ls-tree", "-r", "--name-only", "main").split() == [
        "README",
        "apps/shop/a",
        "policy/lib.rego",
    ]


def test_a_shared_file_that_became_something_else_is_a_conflict(world: World) -> None:
    base = world.somebody({"README": b"1"})
    world.somebody({"policy/lib.rego": b"package lib\n"})

    with pytest.raises(repo.BaseMoved) as caught:
        world.open().publish(
            publication(base_commit=base, owned=("policy",), writes={"policy/lib.rego": b"package other\n"})
        )

    assert caught.value.facts["files"] == ["policy/lib.rego"]


def test_a_branch_moved_by_force_is_refused(world: World) -> None:
    world.somebody({"README": b"1"})
    base = world.somebody({"README": b"2"})
    world.open().head("main")
    world.git("update-ref", "refs/heads/main", f"{base}^")

    with pytest.raises(repo.HistoryLost):
        world.open().publish(publication(base_commit=base))


def test_a_deleted_branch_is_refused(world: World) -> None:
    base = world.somebody({"README": b"1"})
    world.open().head("main")
    world.git("update-ref", "-d", "refs/heads/main")

    with pytest.raises(repo.HistoryLost):
        world.open().publish(publication(base_commit=base))

    assert world.git("for-each-ref") == ""


def test_a_taken_tag_stops_branch_and_tag(world: World) -> None:
    other = world.somebody({"README": b"1"})
    world.git("tag", TAG, other)

    with pytest.raises(repo.TagTaken):
        world.open().publish(publication(base_commit=other, tag=TAG))

    assert world.commits() == [other]


def test_a_push_of_a_killed_run_that_lands_late_is_adopted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first `push` finds branch and tag already where another process has just put them."""
    base = world.somebody({"README": b"1"})
    late = world.git("commit-tree", "-p", base, "-m", publication().text, f"{base}^{{tree}}")
    real = shutil.which("git")
    program = world.folder / "bin" / "git"
    program.parent.mkdir()
    moves = f"{real} --git-dir={world.bare} update-ref refs"
    lines = [
        "#!/bin/sh",
        f"case \" $* \" in *' push '*) {moves}/heads/main {late}; {moves}/tags/{TAG} {late} ;; esac",
        f'exec {real} "$@"',
    ]
    program.write_text("\n".join(lines) + "\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    receipt = world.open().publish(publication(base_commit=base, tag=TAG))

    assert (receipt.commit, receipt.adopted, receipt.tag) == (late, True, TAG)
    assert world.commits() == [base, late]


def test_a_refusing_hook_is_final_and_tells_its_reason(world: World) -> None:
    hook = world.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho asked >> asked\necho 'tenant acme may not write here' >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(repo.PushRefused, match="tenant acme may not write here"):
        world.open().publish(publication(tag=TAG))

    assert (world.bare / "asked").read_text() == "asked\n"
    assert world.git("for-each-ref") == ""
    assert not repo.PushRefused.retryable


@pytest.mark.parametrize("is_file", [True, False])
def test_a_local_remote_that_is_gone_is_missed_not_made_again(world: World, is_file: bool) -> None:
    repository = world.open()
    world.bare.rename(world.folder / "away.git")
    if is_file:
        world.bare.write_text("not a repository")

    with pytest.raises(repo.RemoteMissing):
        repository.publish(publication())
    with pytest.raises(repo.RemoteMissing):
        repository.head("main")

    assert not world.bare.is_dir()


def test_a_remote_that_lost_its_objects_is_left_as_it_is(world: World) -> None:
    base = world.somebody({"README": b"1"})
    shutil.rmtree(world.bare / "objects")
    (world.bare / "objects").mkdir()

    with pytest.raises((repo.CacheBroken, repo.RemoteDown, repo.HistoryLost)):
        world.open().publish(publication(base_commit=base))

    assert (world.bare / "refs" / "heads" / "main").read_text() == f"{base}\n"


def test_a_push_lost_to_another_writer_is_tried_again(world: World) -> None:
    """A hook lets somebody else in between our fetch and our push, once."""
    base = world.somebody({"README": b"1"})
    other = world.git("commit-tree", "-p", base, "-m", "By hand", f"{base}^{{tree}}")
    hook = world.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\n[ -e once ] && exit 0\ntouch once\n"
        f"env -u GIT_QUARANTINE_PATH git update-ref refs/heads/main {other}\n"
    )
    hook.chmod(0o755)

    receipt = world.open().publish(publication(base_commit=base, tag=TAG))

    assert world.commits() == [base, other, receipt.commit]
    assert receipt.attempts == 2
    assert len(world.waits) == 1


def test_a_branch_that_always_moves_ends_after_eight_tries(world: World) -> None:
    base = world.somebody({"README": b"1"})
    hook = world.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\necho >> tries\nhead=$(git rev-parse main)\n"
        "export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x\n"
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "new=$(git commit-tree -p $head -m other $head^{tree})\ngit update-ref refs/heads/main $new\n"
    )
    hook.chmod(0o755)

    with pytest.raises(repo.Contended):
        world.open().publish(publication(base_commit=base))

    assert (world.bare / "tries").read_text() == "\n" * 8
    assert len(world.waits) == 7
    assert world.waits == sorted(world.waits)


def test_a_push_that_landed_before_the_connection_broke_counts(world: World) -> None:
    hook = world.bare / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    # The remote's end dies after the refs moved and before its answer went out.
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)

    receipt = world.open().publish(publication())

    assert world.commits() == [receipt.commit]


def test_history_tells_builds_apart_from_other_commits(world: World) -> None:
    base = world.somebody({"README": b"1"})
    world.open().publish(publication(base_commit=base))

    newest, oldest = world.open().history("main")

    assert (newest.build_key, newest.subject, newest.at_s) == ("a" * 64, "Integrate shop", 1_700_000_000)
    assert (oldest.build_key, oldest.subject) == ("", "By hand")
    assert [entry.commit for entry in world.open().history("main", ["README"])] == [base]


def test_find_knows_a_build_by_its_key(world: World) -> None:
    receipt = world.open().publish(publication())

    found = world.open().find("a" * 64, "main")

    assert found is not None
    assert found.commit == receipt.commit
    assert world.open().find("f" * 64, "main") is None
    assert world.open().find("a" * 64, "none") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"writes": {}},
        {"deletes": ("apps/other/x",)},
        {"writes": {"apps/other/x": b""}},
        {"writes": {"apps/shop/.git/x": b""}},
        {"build_key": ""},
        {"build_key": "a" * 64 + "\nBuild-Key: " + "b" * 64},
        {"build_key": "A" * 64},
        {"plan_digest": "x"},
        {"spec_digest": ""},
        {"trace_id": "x"},
        {"at_s": -1},
        {"at_s": 10**12},
        {"tag": "bld/shop/20261120T120000Z-bbbbbbbb/main"},
        {"tag": "v1"},
        {"author": repo.Identity("a\nb", "a@b.c")},
        {"author": repo.Identity("a <x@y.z>", "a@b.c")},
        {"author": repo.Identity("", "a@b.c")},
        {"committer": repo.Identity("a", "a@b.c> 1 +0000\nparent x")},
        {"committer": repo.Identity("a", "-a@b.c")},
        {"base_commit": "HEAD"},
        {"base_commit": "--output=x"},
    ],
    ids=str,
)
def test_a_publication_that_is_not_plain_is_refused_before_git(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    bare = repo.create(tmp_path / "r" / "a.git")
    repository = repo.Repository(repo.Remote.parse(str(bare), roots=[tmp_path / "r"]), tmp_path / "cache")

    with pytest.raises(Invalid):
        repository.publish(publication(**changed))

    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("at_s", [0, 1, 1_700_000_000, 4_102_444_800])
def test_the_commit_has_the_time_it_was_given(world: World, at_s: int) -> None:
    receipt = world.open().publish(publication(at_s=at_s))

    assert world.git("log", "-1", "--format=%at %ct %ai", receipt.commit).startswith(f"{at_s} {at_s} ")
