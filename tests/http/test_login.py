"""A browser's way in, and what its session is good for."""

from __future__ import annotations

from typing import Any

import pytest

from core.http.identity import digest
from core.http.sessions import COOKIE, LIFE_S, Sessions
from tests.http.ground import ACME, REVOKED, Ground, client, key
from tests.http.test_identity import app

pytestmark = pytest.mark.anyio
HERE = "http://weave.example"


@pytest.fixture
def ground() -> Ground:
    return Ground()


async def sign_in(asked: Any, text: str = ACME, **fields: str) -> Any:
    return await asked.post("/login", data={"key": text, **fields}, headers={"Origin": HERE})


async def test_a_page_without_a_key_leads_to_the_sign_in(ground: Ground) -> None:
    async with client(app(ground), accept="text/html,*/*") as asked:
        answer = await asked.get("/docs")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/docs")


async def test_the_sign_in_page_carries_its_target_as_text(ground: Ground) -> None:
    async with client(app(ground)) as asked:
        page = (await asked.get("/login", params={"next": '/x"><script>'})).text

    assert "<script>" not in page
    assert "/x&quot;&gt;" in page


async def test_a_valid_key_becomes_a_session_that_does_not_hold_it(ground: Ground) -> None:
    async with client(app(ground)) as asked:
        answer = await sign_in(asked, next="/whoami")
        who = await asked.get("/whoami")

    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/whoami")
    assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
    assert ACME not in cookie
    assert who.json()["tenant"] == "acme"


async def test_over_tls_the_session_stays_there(ground: Ground) -> None:
    async with client(app(ground)) as asked:
        answer = await asked.post(
            "https://weave.example/login", data={"key": ACME}, headers={"Origin": "https://weave.example"}
        )

    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("text", [REVOKED, key("stranger")[0], "", "x" * 10_000])
async def test_a_key_that_is_not_valid_starts_no_session(ground: Ground, text: str) -> None:
    async with client(app(ground)) as asked:
        answer = await sign_in(asked, text)

    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_a_form_of_many_fields_is_refused(ground: Ground) -> None:
    async with client(app(ground)) as asked:
        answer = await sign_in(asked, **{f"f{number}": "x" for number in range(100)})

    assert (answer.status_code, answer.json()["code"]) == (422, "AW941")


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x=y", "é"]
)
async def test_the_sign_in_leads_nowhere_else(ground: Ground, target: str) -> None:
    async with client(app(ground)) as asked:
        answer = await sign_in(asked, next=target)

    assert answer.headers["location"] == "/docs"


async def test_another_site_cannot_sign_a_browser_in_or_out(ground: Ground) -> None:
    async with client(app(ground)) as asked:
        into = await asked.post("/login", data={"key": ACME}, headers={"Origin": "https://evil.example"})
        await sign_in(asked)
        out = await asked.post("/logout", headers={"Origin": "https://evil.example"})

    assert [into.status_code, out.status_code] == [403, 403]


@pytest.mark.parametrize("origin", ["", "https://evil.example", "null", "http://sub.weave.example"])
async def test_a_session_changes_nothing_for_a_page_of_another_site(ground: Ground, origin: str) -> None:
    async with client(app(ground)) as asked:
        await sign_in(asked)
        answer = await asked.post("/whoami", headers={"Origin": origin} if origin else {})
        own = await asked.post("/whoami", headers={"Origin": HERE})

    assert (answer.status_code, answer.json()["code"]) == (403, "AW946")
    assert own.status_code == 200


async def test_a_session_ends_with_its_key(ground: Ground) -> None:
    async with client(app(ground)) as asked:
        await sign_in(asked)
        ground.shelf.rows.clear()
        ground.clock.at += 3
        assert (await asked.get("/whoami")).status_code == 401


async def test_a_session_ends_by_the_clock(ground: Ground) -> None:
    async with client(app(ground)) as asked:
        await sign_in(asked)
        ground.clock.at += LIFE_S + 1
        assert (await asked.get("/whoami")).status_code == 401


async def test_signing_out_takes_the_session_away(ground: Ground) -> None:
    async with client(app(ground)) as asked:
        await sign_in(asked)
        answer = await asked.post("/logout", headers={"Origin": HERE})
        assert "Sign in" in answer.text
        assert (await asked.get("/whoami")).status_code == 401


@pytest.mark.parametrize("spoil", ["x", "1", "=", "é", "%00"])
async def test_a_session_that_was_touched_is_none(ground: Ground, spoil: str) -> None:
    value = Sessions(b"s" * 32).value(digest(ACME), ground.clock.at)
    at = len(value) // 2
    made = (value[:at] + spoil + value[at + 1 :]).encode()

    async with client(app(ground)) as asked:
        answer = await asked.get("/whoami", headers={"Cookie": f"{COOKIE}=".encode() + made})

    assert answer.status_code == (401 if made.decode() != value else 200)


def test_a_session_of_another_secret_is_none() -> None:
    value = Sessions(b"a" * 32).value(digest(ACME), 1.0)

    assert Sessions(b"b" * 32).digest(f"{COOKIE}={value}".encode(), 1.0) is None


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="32"):
        Sessions(b"secret")
