from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.tools.repo.conftest import World, digests, publication
from tools import repo


@pytest.fixture
def used(world: World) -> World:
    """A remote with three commits and a clone that has seen them."""
    for number in range(3):
        world.somebody({"apps/other/x": b"%d" % number})
    world.open().head("main")
    return world


def everything(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "name",
    [
        "shallow.lock",
        "config.lock",
        "packed-refs.lock",
        "refs/remotes/origin/main.lock",
        "objects/pack/tmp_pack_abc",
    ],
)
def test_what_a_killed_git_leaves_is_in_nobodys_way(used: World, name: str) -> None:
    place = used.folder / "cache" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"")

    used.open().publish(publication(base_commit=used.commits()[0]))

    assert len(used.commits()) == 4


def test_a_damaged_object_store_is_made_again(used: World) -> None:
    for path in everything(used.folder / "cache" / "objects"):
        path.chmod(0o600)
        path.write_bytes(b"damaged")

    used.open().publish(publication(base_commit=used.commits()[0]))

    assert len(used.commits()) == 4


def test_an_emptied_object_store_is_made_again(used: World) -> None:
    repository = used.open()
    head = repository.head("main")
    for path in everything(used.folder / "cache" / "objects"):
        path.unlink()

    assert head is not None
    assert repository.read(head, ["apps/other"]) == {"apps/other/x": b"2"}


@pytest.mark.parametrize("name", ["HEAD", "config", "autoweave-cache"])
def test_a_damaged_clone_is_made_again(used: World, name: str) -> None:
    (used.folder / "cache" / name).write_bytes(b"\0damaged")
    if name == "autoweave-cache":
        (used.folder / "cache" / name).write_text("0 an older layout\n")

    assert used.open().head("main") == used.commits()[-1]


def test_a_clone_of_another_remote_is_made_again(used: World, tmp_path: Path) -> None:
    other = World(tmp_path / "other")
    head = other.somebody({"x": b"1"})

    repository = repo.Repository(other.remote, used.folder / "cache")

    assert repository.head("main") == head
    assert len(other.commits()) == 1


def test_a_folder_that_is_no_clone_is_never_deleted(world: World) -> None:
    mine = world.folder / "cache" / "letters.txt"
    mine.parent.mkdir()
    mine.write_text("dear")

    with pytest.raises(repo.CacheRefused):
        world.open().head("main")

    assert mine.read_text() == "dear"


def test_a_link_in_the_caches_place_is_refused(used: World) -> None:
    (used.folder / "cache").rename(used.folder / "elsewhere")
    (used.folder / "cache").symlink_to(used.folder / "elsewhere")

    with pytest.raises(repo.CacheRefused):
        used.open().head("main")


def test_a_clone_that_others_may_write_is_refused(used: World) -> None:
    (used.folder / "cache").chmod(0o777)

    with pytest.raises(repo.CacheRefused):
        used.open().head("main")


def test_a_clone_with_many_loose_objects_is_made_again(used: World) -> None:
    loose = used.folder / "cache" / "objects" / "17"
    loose.mkdir(exist_ok=True)
    for number in range(100):
        (loose / f"{number:038x}").write_bytes(b"")

    used.open().head("main")

    assert not (loose / f"{0:038x}").exists()


def test_a_lock_that_is_held_ends_in_busy_not_in_waiting(used: World) -> None:
    handle = os.open(used.folder / "cache.lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    repository = repo.Repository(used.remote, used.folder / "cache", lock_s=0.01, sleep=used.waits.append)

    with pytest.raises(repo.Busy):
        repository.head("main")

    os.close(handle)
    assert repository.head("main") == used.commits()[-1]


def test_a_clone_takes_over_no_template_and_no_hook(used: World) -> None:
    assert not (used.folder / "cache" / "hooks").exists()


def test_the_callers_git_environment_has_no_say(
    used: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = tmp_path / "evil"
    evil.write_text(f"[core]\n\tfsmonitor = touch {tmp_path}/PWNED\n[i18n]\n\tcommitEncoding = latin1\n")
    for name, value in {
        "GIT_DIR": str(tmp_path),
        "GIT_INDEX_FILE": str(tmp_path / "i"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "o"),
        "GIT_COMMON_DIR": str(tmp_path / "c"),
        "GIT_CONFIG_PARAMETERS": "'i18n.commitEncoding=latin1'",
        "GIT_CONFIG_GLOBAL": str(evil),
        "GIT_SSH_COMMAND": f"touch {tmp_path}/PWNED",
        "GIT_EXTERNAL_DIFF": f"touch {tmp_path}/PWNED",
        "GIT_AUTHOR_NAME": "Evil",
        "GIT_COMMITTER_DATE": "0 +0000",
    }.items():
        monkeypatch.setenv(name, value)
    base = used.open().head("main")

    receipt = used.open().publish(publication(base_commit=base, message="Größe"))

    monkeypatch.undo()
    assert used.git("log", "-1", "--format=%an %ct %s", receipt.commit) == "AutoWeave 1700000000 Größe"
    assert not (tmp_path / "PWNED").exists()


def test_modules_publish_side_by_side_from_one_clone(used: World) -> None:
    repository = used.open()
    base = used.commits()[0]

    for number in range(3):
        name = f"apps/m{number}"
        repository.publish(
            publication(
                base_commit=base, owned=(name,), writes={f"{name}/a": b""}, build_key=f"{number}" * 64
            )
        )

    assert len(used.commits()) == 6
    assert repository.read(used.commits()[-1], ["apps/m1"]) == {"apps/m1/a": b""}
    assert digests({}) == {}
