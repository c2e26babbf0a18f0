from __future__ import annotations

import random
import unicodedata

import pytest

from core import paths

HOSTILE = [
    "",
    "/etc/passwd",
    "../x",
    "a/../../b",
    "a/./b",
    "a//b",
    "a/",
    ".git/hooks/post-commit",
    ".GIT/config",
    "a/.Git/x",
    "git~1/x",
    "GITMOD~1",
    ".gitattributes",
    ".gitmodules",
    ".github/workflows/x.yml",
    ".g\u200cit/config",
    ".git\u200d/config",
    "\uff0egit/config",
    ".git::$INDEX_ALLOCATION/x",
    ".git /x",
    ".git./x",
    "a./b",
    "a /b",
    " a",
    "a\0b",
    "a\nb",
    "a\rb",
    "a\x1b[31m",
    "a\u2028b",
    "a\u202eb",
    "a\ud800",
    "a\\b",
    "C:/x",
    "a:b",
    "con",
    "a/NUL.txt",
    "com1.yaml",
    "-rf",
    "--upload-pack=x",
    "a*",
    "e\u0301",
    "x" * 241,
    "/".join(["abc"] * 1300),
    "x" * 5000,
]


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: ascii(path)[:40])
def test_hostile_path_is_refused(path: str) -> None:
    with pytest.raises(paths.PathRefused):
        paths.check(path)


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "apps/shop/base/deployment.yaml",
        "apps/shop/models/__init__.py",
        "café/x",
        ".helmignore",
        "a.b/c-d_e",
    ],
)
def test_plain_path_comes_back_unchanged(path: str) -> None:
    assert paths.check(path) == path


@pytest.mark.parametrize(
    "path", ["apps/shop2/x", "apps/sho", "apps", "argocd/apps/shop.yaml.bak", "Apps/shop/x"]
)
def test_path_outside_the_owned_prefixes_is_refused(path: str) -> None:
    with pytest.raises(paths.PathRefused):
        paths.check(path, within=("apps/shop", "argocd/apps/shop.yaml"))


@pytest.mark.parametrize(
    "pair",
    [
        ("a/B", "a/b"),
        ("Shop/x", "shop/y"),
        ("straße", "STRASSE"),
        ("\ufb01le", "file"),
        ("a", "a/b"),
        ("A", "a/b"),
    ],
)
def test_paths_that_are_one_file_elsewhere_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(paths.PathsCollide):
        paths.check_all(pair)


def test_distinct_paths_come_back_sorted() -> None:
    assert paths.check_all(["b/x", "a/y", "a/x"]) == ("a/x", "a/y", "b/x")


def test_a_refusal_shows_no_control_character() -> None:
    with pytest.raises(paths.PathRefused) as caught:
        paths.check("a\x1b[31m\n" + "x" * 500)

    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300


def _parts(rng: random.Random) -> list[str]:
    pieces = [
        "apps",
        "shop",
        "..",
        ".",
        "",
        ".git",
        "a",
        "git~1",
        "\0",
        "\n",
        "é",
        "e\u0301",
        "\\",
        "/",
        "~",
        " ",
        "x" * 250,
    ]
    letters = [chr(rng.randrange(0x1, 0x2FFF)) for _ in range(3)]
    return [rng.choice(pieces + letters) for _ in range(rng.randrange(0, 7))]


def test_ten_thousand_random_paths_never_leave_the_allow_list() -> None:
    rng = random.Random(20)
    accepted = 0

    for number in range(10_000):
        lead = ["apps", "shop"] if number % 2 else []
        joined = "/".join([*lead, *(rng.choice(["", "x"]) + part for part in _parts(rng))])
        try:
            path = paths.check(joined, within=("apps/shop",))
        except paths.PathRefused:
            continue
        accepted += 1
        parts = path.split("/")
        assert parts[:2] == ["apps", "shop"]
        assert not {"", ".", ".."} & set(parts)
        assert not any(unicodedata.normalize("NFKC", part).casefold().startswith(".git") for part in parts)
        assert all(char.isprintable() and char not in "\\:~" for char in path)

    assert accepted > 100
