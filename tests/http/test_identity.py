"""Who is let in, and as whom."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, Request

from core.http import identity
from core.http.identity import new_key
from tests.http.ground import ACME, ACME_ID, DEV, EXPIRED, OTHER, REVOKED, Ground, client, key

pytestmark = pytest.mark.anyio
STRANGER, _ = key("stranger")


def whoami() -> APIRouter:
    routes = APIRouter()

    @routes.api_route("/whoami", methods=["GET", "POST"])
    async def who(request: Request) -> dict[str, str]:
        found = identity.caller(request)
        return {"tenant": found.tenant, "actor": found.actor}

    return routes


@pytest.fixture
def ground() -> Ground:
    return Ground()


def app(ground: Ground, **changes: Any) -> Any:
    return ground.app(routers=(whoami(),), **changes)


async def ask(served: Any, path: str = "/whoami", peer: str = "203.0.113.9", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client(served, peer=peer) as asked:
        return await asked.get(path, headers=named)


def test_a_new_key_is_its_text_its_id_and_only_a_digest_of_it() -> None:
    text, key_id, digest = new_key(bytes(range(36)))

    assert text.startswith(f"aw_{key_id}_")
    assert len(text) == 3 + 8 + 1 + 43
    assert digest == identity.digest(text)
    assert text[12:] not in digest


def test_a_new_key_takes_its_entropy_whole() -> None:
    with pytest.raises(ValueError, match="36"):
        new_key(b"short")


@pytest.mark.parametrize("header", ["X-Api-Key", "Authorization"])
async def test_the_tenant_comes_from_the_key(ground: Ground, header: str) -> None:
    text = ACME if header == "X-Api-Key" else f"bearer {ACME}"

    answer = await ask(app(ground), **{header: text})

    assert answer.json() == {"tenant": "acme", "actor": f"key:{ACME_ID}"}


@pytest.mark.parametrize(
    "shown",
    [STRANGER, REVOKED, EXPIRED, "", "aw_", ACME[:-1], ACME.upper(), f"{ACME} ", "aw_" + "0" * 8 + ACME[11:]],
    ids=["unknown", "revoked", "expired", "empty", "stub", "short", "upper", "blank", "other id"],
)
async def test_keys_that_are_not_valid_get_one_answer(ground: Ground, shown: str) -> None:
    async with client(app(ground)) as asked:
        answer = await asked.get("/whoami", headers={"X-Api-Key": shown})
        unknown = await asked.get("/whoami", headers={"X-Api-Key": STRANGER})

    assert (answer.status_code, answer.content) == (401, unknown.content)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "AW944"


async def test_no_key_is_refused(ground: Ground) -> None:
    answer = await ask(app(ground))

    assert (answer.status_code, answer.json()["code"]) == (401, "AW944")


async def test_another_scheme_is_refused(ground: Ground) -> None:
    assert (await ask(app(ground), Authorization="Basic YTpi")).status_code == 401


async def test_two_different_keys_are_refused_even_if_one_is_valid(ground: Ground) -> None:
    answer = await ask(app(ground), X_Api_Key=ACME, Authorization=f"Bearer {OTHER}")

    assert (answer.status_code, answer.json()["code"]) == (400, "AW945")


async def test_the_same_key_twice_is_one_key(ground: Ground) -> None:
    assert (await ask(app(ground), X_Api_Key=ACME, Authorization=f"Bearer {ACME}")).status_code == 200


@pytest.mark.parametrize(
    "path", [f"/whoami?k={ACME}", "/whoami?api_key=x", "/whoami?a=1&X-API-Key=x", "/whoami?access_token=x"]
)
async def test_a_key_in_the_url_is_refused(ground: Ground, path: str) -> None:
    answer = await ask(app(ground), path, X_Api_Key=ACME)

    assert (answer.status_code, answer.json()["code"]) == (400, "AW945")
    assert ACME not in answer.text


@pytest.mark.parametrize("header", ["X-Tenant", "X-Tenant-Id"])
async def test_a_header_that_names_another_tenant_is_refused(ground: Ground, header: str) -> None:
    answer = await ask(app(ground), X_Api_Key=ACME, **{header: "other"})

    assert (answer.status_code, answer.json()["code"]) == (400, "AW945")


async def test_a_header_that_names_the_own_tenant_changes_nothing(ground: Ground) -> None:
    assert (await ask(app(ground), X_Api_Key=ACME, X_Tenant="acme")).json()["tenant"] == "acme"


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-Original-URL", "/health"), ("X-Rewrite-URL", "/health"), ("X-Forwarded-Prefix", "/health"),
     ("X-HTTP-Method-Override", "OPTIONS"), ("X-Forwarded-For", "127.0.0.1"),
     ("X-Forwarded-Host", "localhost")],
)  # fmt: skip
async def test_no_header_opens_another_path(ground: Ground, header: str, value: str) -> None:
    assert (await ask(app(ground, dev=DEV), **{header: value})).status_code == 401


async def test_what_the_store_said_is_believed_for_two_seconds(ground: Ground) -> None:
    served = app(ground)
    async with client(served, ACME) as asked:
        await asked.get("/whoami")
        ground.clock.at += 1.9
        await asked.get("/whoami")
        assert ground.shelf.looked == 1

        ground.shelf.rows.clear()
        ground.clock.at += 0.2
        assert (await asked.get("/whoami")).status_code == 401


async def test_a_clock_that_jumps_back_keeps_no_row_alive(ground: Ground) -> None:
    async with client(app(ground), ACME) as asked:
        await asked.get("/whoami")
        ground.shelf.rows.clear()
        ground.clock.at -= 3_600
        assert (await asked.get("/whoami")).status_code == 401


async def test_a_key_expires_by_the_clock_though_its_row_is_remembered(ground: Ground) -> None:
    ground.clock.at = 999.5
    async with client(app(ground), EXPIRED) as asked:
        before = await asked.get("/whoami")
        ground.clock.at = 1_000.5
        after = await asked.get("/whoami")

    assert (before.status_code, after.status_code) == (200, 401)
    assert ground.shelf.looked == 1


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:9", "LOCALHOST"])
async def test_development_mode_answers_this_machine_by_its_name(ground: Ground, host: str) -> None:
    answer = await ask(app(ground, dev=DEV), peer="127.0.0.1", Host=host)

    assert answer.json() == {"tenant": "dev", "actor": "developer"}


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"]
)
async def test_development_mode_ignores_names_made_to_point_here(ground: Ground, host: str) -> None:
    answer = await ask(app(ground, dev=DEV), peer="127.0.0.1", Host=host)

    assert (answer.status_code, answer.json()["code"]) == (403, "AW946")


async def test_development_mode_is_for_this_machine_only(ground: Ground) -> None:
    assert (await ask(app(ground, dev=DEV), Host="localhost")).status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_development_mode_lets_nobody_in_through_a_proxy(ground: Ground, header: str) -> None:
    answer = await ask(app(ground, dev=DEV), peer="127.0.0.1", Host="localhost", **{header: "x"})

    assert answer.status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://sub.localhost:8000"])
async def test_development_mode_refuses_pages_of_other_sites(ground: Ground, origin: str) -> None:
    answer = await ask(app(ground, dev=DEV), peer="127.0.0.1", Host="localhost:8000", Origin=origin)

    assert (answer.status_code, answer.json()["code"]) == (403, "AW946")


@pytest.mark.parametrize("origin", ["http://localhost:8000", "http://localhost:3000"])
async def test_development_mode_answers_its_own_and_listed_pages(ground: Ground, origin: str) -> None:
    served = app(ground, dev=DEV, origins=("http://localhost:3000",))

    answer = await ask(served, peer="::1", Host="localhost:8000", Origin=origin)

    assert answer.status_code == 200


async def test_development_mode_overlooks_keys_of_other_makers(ground: Ground) -> None:
    served = app(ground, dev=DEV)

    assert (await ask(served, peer="127.0.0.1", Host="localhost", X_Api_Key="sk-any")).status_code == 200
    assert (await ask(served, peer="127.0.0.1", Host="localhost", X_Api_Key=STRANGER)).status_code == 401
    assert (await ask(served, peer="127.0.0.1", Host="localhost", X_Api_Key=ACME)).json()["tenant"] == "acme"
