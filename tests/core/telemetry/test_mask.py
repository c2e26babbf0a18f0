"""What may not leave is not there any more, and what may leave still is."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from core.telemetry import mask

CANARY = 'c4n@ry/s3cr3t +v"alue'


@pytest.fixture
def known() -> Iterator[str]:
    before = dict(mask._known)
    mask.known_secret(CANARY)
    yield CANARY
    mask._known.clear()
    mask._known.update(before)


@pytest.mark.parametrize(
    "name",
    [
        "password", "DB_PASSWORD", "api_key", "X-Api-Key", "apiKey", "Authorization", "cookie", "Set-Cookie",
        "token", "access_token", "GITHUB_TOKEN", "client_secret", "private-key", "passwd",
        "http.request.header.authorization", "aws.secret.access.key", "connection_string", "SENTRY_DSN",
        "passphrase", "credentials",
    ],
)  # fmt: skip
def test_a_telling_name_hides_its_value(name: str) -> None:
    assert mask.masked(name, "hunter2") == mask.HIDDEN
    assert mask.masked(name, {"deep": ["hunter2"]}) == mask.HIDDEN


@pytest.mark.parametrize(
    "name",
    ["llm.token_count.total", "max_tokens", "author", "key", "plan_digest", "goodsname", "tenant", "passes"],
)
def test_an_innocent_name_does_not(name: str) -> None:
    assert mask.masked(name, "hunter2") == "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "hunter2"}',
        '{"a": {"client_secret": "hunter2", "b": 1}}',
        '{"cut": {"password": "hunter2',
        '{"cut off": "{\\"password\\": \\"hunter2\\"}", "x',
        '{"text": "{\\"password\\": \\"hunter2\\"}"}',
        '{"tokens": 3, "pin_token": 1, "password": "hun\\"ter2 hunter2"}',
        "{'password': 'hunter2'}",
        '[{"name": "DB_PASSWORD", "value": "hunter2"}]',
        '{"name": "DB_PASSWORD", "value": "hunter2", "cut',
        "password=hunter2",
        "PASSWORD: hunter2",
        "env:\n  DB_PASSWORD: hunter2\n",
        "Authorization: Basic hunter2",
        "authorization=Bearer hunter2.hunter2",
        "sent Bearer hunter2hunter2 there",
        "https://ada:hunter2@git.example.com/x.git",
        "postgresql://ada:hunter2@db/x",
        "GET /x?api_key=hunter2&y=1",
    ],
)
def test_a_telling_text_loses_its_value(text: str) -> None:
    assert "hunter2" not in mask.text(text)
    assert mask.HIDDEN in mask.text(text)


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + "a1" * 18, "github_pat_" + "a1" * 20, "AKIA" + "ABCDEFGH12345678", "glpat-" + "a1" * 10,
        "xoxb-" + "1234567890ab", "sk-" + "a1" * 12, "AIza" + "a" * 35,
        "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + ".cccccccc",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)  # fmt: skip
def test_a_credential_shows_by_its_form(text: str) -> None:
    assert mask.text(f"it says {text} there") == f"it says {mask.HIDDEN} there"


@pytest.mark.parametrize(
    "text",
    [
        "the token count is 3",
        "https://example.com/a?b=c",
        '{"max_tokens":5,"key":"name"}',
        "basic needs",
        "{x}",
        "",
    ],
)
def test_an_innocent_text_stays(text: str) -> None:
    assert mask.text(text) == text


@pytest.mark.parametrize(
    "form",
    [
        str,
        json.dumps,
        quote,
        lambda value: re.sub("%..", lambda hit: hit[0].lower(), quote(value, safe="")),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.b64encode(f"ada:{value}".encode()).decode(),
        lambda value: base64.b64encode(f"adam:{value}:x".encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"a:{value}".encode()).decode(),
        lambda value: json.dumps({"text": json.dumps(value)}),
    ],
)
def test_a_known_value_is_found_in_every_form(known: str, form: object) -> None:
    text = f"before {form(known)} after"  # type: ignore[operator]

    shown = mask.masked("", {"note": [text]})["note"][0]

    assert mask.HIDDEN in shown
    for part in (known, "c4n@ry", "s3cr3t", base64.b64encode(b"s3cr3t").decode()[:6]):
        assert part not in shown


def test_each_line_of_a_known_key_is_hidden(known: str) -> None:
    mask.known_secret("first-line-of-key\nsecond-line-of-key")

    assert mask.text("x second-line-of-key y") == f"x {mask.HIDDEN} y"


def test_a_value_too_short_to_look_for_is_left(known: str) -> None:
    mask.known_secret("abc")

    assert mask.text("the abc of it") == "the abc of it"


def test_a_key_that_is_a_secret_itself_is_hidden(known: str) -> None:
    assert known not in json.dumps(mask.masked("", {known: 1}))


def test_plain_data_keeps_its_shape() -> None:
    value = {"a": [1, 2.5, None, True, {"b": "c"}]}

    assert mask.masked("input", value) == value


@pytest.mark.parametrize(
    "bad",
    [
        "a" * 200_000, '"' * 200_000, "\\" * 200_000, '"password":"' * 20_000, "password=" * 20_000,
        "a-" * 100_000, "token " * 40_000, "x://" * 50_000, "eyJ" * 60_000, "-----BEGIN " * 20_000,
        "[" * 100_000, '{"key":' * 30_000,
    ],
)  # fmt: skip
def test_no_text_makes_it_slow(bad: str) -> None:
    start = time.process_time()

    mask.text(bad)

    assert time.process_time() - start < 2
