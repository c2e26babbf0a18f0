from __future__ import annotations

import subprocess

import pytest

from tests.tools.repo.conftest import CLEAN, publication
from tools.repo import message

KEY = "a" * 64
OURS = {"Build-Key": KEY, "Plan-Digest": "sha256:" + "b" * 64}


def parsed(text: str) -> list[str]:
    """The trailers as git itself reads them."""
    run = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=text,
        capture_output=True,
        text=True,
        env=CLEAN,
        check=True,
    )
    return run.stdout.strip().split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "Integrate shop\n\nBuild-Key: " + "f" * 64,
        "Integrate shop\nBuild-Key: " + "f" * 64 + "\n\n",
        "Integrate shop\r\rBuild-Key: " + "f" * 64,
        "Integrate shop\u2028\u2028Build-Key: " + "f" * 64,
        "Integrate shop\x0b\x0cBuild-Key: " + "f" * 64,
        "Build-Key: " + "f" * 64,
        "\n\n\nBuild-Key: " + "f" * 64 + "\nSigned-off-by: x <x@y>",
        "Integrate\n\nx\n\nbuild-key: " + "f" * 64 + "\n cont",
        "Integrate\n\n---\nBuild-Key: " + "f" * 64,
        "",
    ],
    ids=ascii,
)
def test_text_cannot_fake_a_trailer(text: str) -> None:
    made = message.compose(text, OURS)

    assert parsed(made) == [f"Build-Key: {KEY}", f"Plan-Digest: sha256:{'b' * 64}"]
    assert message.trailers(made) == OURS


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Hello @everyone", "@everyone"),
        ("x\n\nHello @acme/admins", "@acme"),
        ("Closes #1", "#1"),
        ("x\n\nfixes acme/shop#12", "#12"),
        ("Resolves GH-7", "GH-7"),
        ("Closes https://github.com/a/b/issues/1", "https://"),
        ("x [skip ci]", "[skip ci]"),
        ("x [ci skip]", "[ci skip]"),
        ("x ***NO_CI***", "***NO_CI"),
        ("x\n\n/merge", "\n/merge"),
        ("x\x1b[31m", "\x1b"),
        ("x\u202ey", "\u202e"),
        ("x\0y", "\0"),
        ("x\ud800y", "\ud800"),
    ],
    ids=ascii,
)
def test_text_cannot_act(text: str, gone: str) -> None:
    assert gone not in message.compose(text, OURS)


def test_the_subject_is_one_short_line() -> None:
    subject = message.compose("word " * 100, OURS).split("\n")[0]

    assert 60 < len(subject) <= 72


def test_plain_text_stays_as_written() -> None:
    made = message.compose("Integrate shop 1.2.0\n\n- 3 files added\n- 1 file changed (SHA-256)", OURS)

    assert made.startswith(
        "Integrate shop 1.2.0\n\n- 3 files added\n- 1 file changed (SHA-256)\n\nBuild-Key: "
    )


def test_a_name_that_stands_twice_is_not_believed() -> None:
    assert message.trailers(f"x\n\nBuild-Key: {KEY}\nBuild-Key: {'f' * 64}\n") == {}


def test_only_the_last_paragraph_is_believed() -> None:
    assert message.trailers(f"x\n\nBuild-Key: {KEY}\n\nthe end\n") == {}


def test_a_publication_shows_its_whole_message() -> None:
    assert publication().text.startswith("Integrate shop\n\nBuild-Key: ")
