"""From command-line words to a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphs.integrate import asking, session

NOBODY = session.Unborn()  # stands where nothing is to be called


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com/api/shop.json?key=1", "shop.json"),
        ("https://example.com/v3/api-docs", "openapi.yaml"),
        ("https://example.com/", "openapi.yaml"),
    ],
)
def test_a_url_is_fetched_and_named(url: str, name: str) -> None:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return b"openapi: 3.1.0"

    request = asking.request(url, {}, NOBODY, kubernetes="1.34", fetch=fetch)  # type: ignore[arg-type]

    assert asked == [url]
    assert (dict(request.source), request.entry) == ({name: b"openapi: 3.1.0"}, name)


def test_options_become_the_descriptors_own_form() -> None:
    given = {
        "name": "shop",
        "replicas": 0,
        "ports": ("http=8080", "admin=nine"),
        "env": ("A=b=c",),
        "request": ("cpu=1",),
        "limit": ("memory=1Gi",),
        "git_remote": "git@example.com:a/b.git",
        "branch": "main",
    }

    assert asking.overrides(given) == {
        "name": "shop",
        "replicas": 0,
        "ports": [{"name": "http", "port": 8080}, {"name": "admin", "port": "nine"}],
        "env": {"A": "b=c"},
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
        "git": {"remote": "git@example.com:a/b.git", "branch": "main"},
    }


def test_a_path_as_remote_is_no_field_of_the_module(tmp_path: Path) -> None:
    assert asking.overrides({"git_remote": str(tmp_path)}) == {}


def test_the_same_request_has_the_same_key_and_any_change_another() -> None:
    def key(text: bytes = b"a", **given: object) -> str:
        made = asking.request(
            "https://example.com/a.yaml",
            given,
            NOBODY,
            kubernetes="1.34",
            fetch=lambda _: text,  # type: ignore[arg-type]
        )
        return made.key

    assert key() == key()
    assert len({key(), key(b"b"), key(name="x"), key(strict=True), key(tenant="t")}) == 5
