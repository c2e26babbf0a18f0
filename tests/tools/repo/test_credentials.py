from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.repo import hosts
from tests.tools.repo.conftest import World, digests, publication
from tools import repo
from tools.repo.command import scrubbed

TOKEN = "very-hidden-token-of-a-test"
SENT = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[hosts.Host]:
    with hosts.serve(tmp_path / "canary", status=404) as host:
        yield host


def opened(host: hosts.Host, folder: Path, *, tokens: dict[str, str] | None = None) -> repo.Repository:
    given = {host.name: TOKEN} if tokens is None else tokens
    remote = repo.Remote.parse(f"https://{host.name}/default.git", hosts=[host.name])
    return repo.Repository(
        remote,
        folder / "clone",
        token=lambda name: given.get(name, ""),
        ca_file=host.ca_file,
        sleep=lambda s: None,
    )


def test_a_build_is_published_over_https_with_the_token(world: World, tmp_path: Path) -> None:
    base = world.somebody({"apps/shop/a.yaml": b"x: 0\n", "README": b"1"})
    with hosts.serve(tmp_path / "host", bare=world.bare) as host:
        repository = opened(host, tmp_path)
        held = repository.read(str(repository.head("main")), ["apps/shop"])
        receipt = repository.publish(
            publication(
                base_commit=base,
                base=digests(held),
                tag="bld/shop/20261120T120000Z-aaaaaaaa/main",
            )
        )

    assert held == {"apps/shop/a.yaml": b"x: 0\n"}
    assert world.commits() == [base, receipt.commit]
    assert {sent for _, sent in host.seen} == {SENT}


def test_only_the_files_that_are_read_come_over_the_network(world: World, tmp_path: Path) -> None:
    world.git("config", "uploadpack.allowFilter", "true")
    files = {f"apps/shop/f{n}": b"%d" % n for n in range(30)} | {
        f"apps/m{n}/x": b"m%d" % n for n in range(30)
    }
    head = world.somebody(files | {"argocd/apps/shop.yaml": b"y", "argocd/apps/m1.yaml": b"z"})
    with hosts.serve(tmp_path / "host", bare=world.bare) as host:
        repository = opened(host, tmp_path)
        held = repository.read(str(repository.head("main")), ["apps/shop", "argocd/apps/shop.yaml", "none"])
        asked = len(host.seen)
        receipt = repository.publish(
            publication(base_commit=head, owned=("apps/shop", "argocd/apps/shop.yaml"), base=digests(held))
        )

    here = world.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)", at=tmp_path / "clone")
    assert len(held) == 31
    assert here.split().count("blob") == 31 + 1
    assert asked < 8, "one request per file would be forty"
    assert world.git("ls-tree", "-r", "--name-only", receipt.commit).count("\n") == 62


def test_a_token_of_another_host_is_not_sent(canary: hosts.Host, tmp_path: Path) -> None:
    with pytest.raises((repo.RemoteDown, repo.AccessRefused, repo.RemoteMissing)):
        opened(canary, tmp_path, tokens={"github.com": TOKEN}).head("main")

    assert canary.seen
    assert all(sent == "" for _, sent in canary.seen)


def test_a_redirect_takes_nothing_to_another_host(canary: hosts.Host, tmp_path: Path) -> None:
    with (
        hosts.serve(tmp_path / "own", status=302, location=f"https://{canary.name}") as own,
        pytest.raises((repo.RemoteDown, repo.AccessRefused, repo.RemoteMissing)),
    ):
        opened(own, tmp_path).head("main")

    assert own.seen
    assert canary.seen == []


def test_an_address_changed_in_the_clone_gets_no_token(
    canary: hosts.Host, world: World, tmp_path: Path
) -> None:
    world.somebody({"README": b"1"})
    with hosts.serve(tmp_path / "host", bare=world.bare) as host:
        repository = opened(host, tmp_path)
        repository.head("main")
        config = tmp_path / "clone" / "config"
        config.write_text(config.read_text().replace(host.name, canary.name))
        with pytest.raises((repo.RemoteDown, repo.AccessRefused, repo.RemoteMissing)):
            repository.head("main")

    assert all(sent == "" for _, sent in canary.seen)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_refused_token_is_in_no_message(tmp_path: Path, status: int) -> None:
    with (
        hosts.serve(tmp_path / "host", status=status) as host,
        pytest.raises((repo.RemoteDown, repo.AccessRefused, repo.RemoteMissing)) as caught,
    ):
        opened(host, tmp_path).head("main")

    told = repr(caught.value.to_dict()) + repr(caught.value.__cause__)
    assert host.seen[0][1] == SENT
    assert TOKEN not in told
    assert SENT.split()[1] not in told
    assert isinstance(caught.value, repo.RemoteDown) is (status == 500)


def test_an_unknown_name_is_no_lasting_failure(tmp_path: Path) -> None:
    remote = repo.Remote.parse("https://git.invalid/a", hosts=["git.invalid"])

    with pytest.raises(repo.RemoteDown) as caught:
        repo.Repository(remote, tmp_path / "clone", token=lambda name: TOKEN).head("main")

    assert caught.value.retryable
    assert TOKEN not in repr(caught.value.to_dict())


def test_a_certificate_of_an_unknown_authority_is_refused(canary: hosts.Host, tmp_path: Path) -> None:
    remote = repo.Remote.parse(f"https://{canary.name}/a", hosts=[canary.name])

    with pytest.raises(repo.RemoteDown):
        repo.Repository(remote, tmp_path / "clone", token=lambda name: TOKEN).head("main")

    assert canary.seen == []


def test_the_token_is_in_no_file_and_no_argument(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = _spy(tmp_path, monkeypatch)
    with hosts.serve(tmp_path / "host", bare=world.bare) as host:
        opened(host, tmp_path).publish(publication())

    assert "push" in spy.read_text()
    for path in [spy, *(tmp_path / "clone").rglob("*")]:
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes()
            assert SENT.split()[1].encode() not in path.read_bytes()


def test_no_field_reaches_git_as_an_option(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word that git gets is fixed here, a digest or ref of ours, or stands after `--`."""
    spy = _spy(tmp_path, monkeypatch)
    evil = "--upload-pack=touch PWNED"
    base = world.somebody({"apps/shop/--output=x": b"", "README": b""})
    held = world.open().read(base, ["apps/shop"])

    world.open().publish(
        publication(
            base_commit=base,
            base=digests(held),
            deletes=tuple(held),
            message=f"{evil}\n\n{evil}",
            author=repo.Identity(evil, "a@b.c"),
            committer=repo.Identity(evil, "a@b.c"),
        )
    )

    lines = spy.read_text().split("\n")
    assert len(lines) > 5
    assert not any(
        "upload-pack=" in word or "--output" in word for line in lines for word in line.split("\x1f")
    )
    assert world.git("log", "-1", "--format=%an|%s", "main") == f"{evil}|{evil}"


def _spy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `git` first on PATH that writes its arguments down and goes on as the real one."""
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    record = folder / "arguments.txt"
    program = folder / "bin" / "git"
    program.parent.mkdir()
    lines = ["#!/bin/sh", f"{{ printf '%s\\037' \"$@\"; echo; }} >> {record}", f'exec {real} "$@"', ""]
    program.write_text("\n".join(lines))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return record


@pytest.mark.parametrize(
    "text",
    [
        f"fatal: https://user:{TOKEN}@github.com/a: refused",
        f"Authorization: Basic {SENT.split()[1]}",
        f"http.extraHeader={SENT}",
        f"ssh://git:{TOKEN}@host/x",
        f"something {TOKEN} else",
    ],
)
def test_messages_are_scrubbed(text: str) -> None:
    told = scrubbed(text, TOKEN)

    assert TOKEN not in told
    assert SENT.split()[1] not in told


def test_a_message_holds_no_control_character_and_has_an_end() -> None:
    told = scrubbed("a\x1b[31m\rb\0" + "x" * 10_000)

    assert told.startswith("a?[31m\nb?x")
    assert len(told) == 1500
