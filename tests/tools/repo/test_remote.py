from __future__ import annotations

from pathlib import Path

import pytest

from tools import repo

HOSTS = ("github.com", "git.example.com:8443")
REFUSED = [
    "ext::sh -c 'touch PWNED'",
    "--upload-pack=touch PWNED",
    "-oProxyCommand=touch PWNED",
    "ssh://-oProxyCommand=touch/x",
    "ssh://git@-oProxyCommand=x/y",
    "git@-oProxyCommand=x:y",
    "file:///srv/tenant-b.git",
    "git://github.com/a/b",
    "http://github.com/a/b",
    "https:///evil",
    "https://github.com",
    "https://github.com/",
    "https://github.com/a\nb",
    "https://github.com/a/b\n--upload-pack=x",
    "https://user:token@github.com/a/b",
    "https://github.com@evil.com/a",
    "https://github.com:443/a",
    "https://github.com:8443/a",
    "https://git.example.com/a",
    "https://github.com.evil.com/a",
    "https://GITHUB.com/a",
    "https://github.com./a",
    "https://evil.com/github.com/a",
    "https://127.0.0.1/a",
    "https://[::1]/a",
    "https://0x7f000001/a",
    "https://g\u0456thub.com/a",
    "https://github\u3002com/a",
    "https://github.com/a/../b",
    "https://github.com/a%2e%2e/b",
    "https://github.com//a",
    "https://github.com/-a/b",
    "https://github.com/a?x=1",
    "https://github.com/a#x",
    "https://github.com\\@evil.com/a",
    "ssh://git@evil.com/a",
    "ssh://git:pw@github.com/a",
    "git@evil.com:a",
    "git@github.com:../a",
    "git@github.com:-a",
    "evil.com:a",
    "HTTPS://github.com/a",
    "ftp://github.com/a",
    "git+ssh://git@github.com/a",
    "fd::17",
    "\x00",
    "",
    " https://github.com/a",
    "https://github.com/" + "a" * 2000,
]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text)[:50])
def test_hostile_address_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(repo.RemoteRefused):
        repo.Remote.parse(text, roots=[tmp_path], hosts=HOSTS)


@pytest.mark.parametrize(
    ("text", "kind", "host"),
    [
        ("https://github.com/acme/shop.git", "https", "github.com"),
        ("https://git.example.com:8443/acme/shop", "https", "git.example.com:8443"),
        ("ssh://git@github.com/acme/shop.git", "ssh", "github.com"),
        ("git@github.com:acme/shop.git", "ssh", "github.com"),
    ],
)
def test_listed_host_is_accepted(text: str, kind: str, host: str) -> None:
    remote = repo.Remote.parse(text, hosts=HOSTS)

    assert (remote.kind, remote.host, remote.address) == (kind, host, text)


def test_no_host_is_allowed_unless_listed() -> None:
    with pytest.raises(repo.RemoteRefused, match="not on the list"):
        repo.Remote.parse("https://github.com/acme/shop.git")


def test_bare_repository_under_a_root_is_accepted(tmp_path: Path) -> None:
    bare = repo.create(tmp_path / "own" / "a.git")

    assert repo.Remote.parse(str(bare), roots=[tmp_path / "own"]).is_local


def test_another_tenants_repository_is_refused(tmp_path: Path) -> None:
    other = repo.create(tmp_path / "tenant-b" / "a.git")
    (tmp_path / "tenant-a").mkdir()

    for text in (str(other), str(tmp_path / "tenant-a" / ".." / "tenant-b" / "a.git")):
        with pytest.raises(repo.RemoteRefused):
            repo.Remote.parse(text, roots=[tmp_path / "tenant-a"])


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    other = repo.create(tmp_path / "tenant-b" / "a.git")
    (tmp_path / "tenant-a").mkdir()
    (tmp_path / "tenant-a" / "a.git").symlink_to(other)

    with pytest.raises(repo.RemoteRefused):
        repo.Remote.parse(str(tmp_path / "tenant-a" / "a.git"), roots=[tmp_path / "tenant-a"])


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()

    with pytest.raises(repo.RemoteRefused, match="bare"):
        repo.Remote.parse(str(tmp_path / "x"), roots=[tmp_path])


def test_a_made_repository_keeps_its_history_whole(tmp_path: Path) -> None:
    config = (repo.create(tmp_path / "a.git") / "config").read_text()

    for setting in ("fsckObjects = true", "denyNonFastForwards = true", "denyDeletes = true"):
        assert setting in config


def test_making_a_repository_again_changes_nothing(tmp_path: Path) -> None:
    bare = repo.create(tmp_path / "a.git")
    (bare / "HEAD").write_text("ref: refs/heads/other\n")

    assert repo.create(tmp_path / "a.git") == bare
    assert (bare / "HEAD").read_text() == "ref: refs/heads/other\n"


def test_a_folder_in_use_is_not_made_a_repository(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(repo.CreateRefused):
        repo.create(tmp_path)
