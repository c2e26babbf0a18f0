"""The application as a whole: what is open, what is known, what an error looks like."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from core.errors import Unavailable
from core.http.ops import Check, Health
from tests.http.ground import ACME, DEV, Ground, client

pytestmark = pytest.mark.anyio


class Size(BaseModel):
    width: int


def extra() -> APIRouter:
    routes = APIRouter()

    @routes.post("/size")
    async def size(size: Size) -> Size:
        return size

    @routes.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("secret detail")

    @routes.get("/away")
    async def away() -> None:
        raise Unavailable("The shop is shut.", fix="Come back.", place="/shop")

    return routes


@pytest.fixture
def ground() -> Ground:
    return Ground()


async def get(ground: Ground, path: str, key: str = ACME, **changes: Any) -> Any:
    async with client(ground.app(routers=(extra(),), **changes), key) as asked:
        return await asked.get(path)


async def test_health_is_open_to_anybody(ground: Ground) -> None:
    answer = await get(ground, "/health", key="")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert ground.shelf.looked == 0


async def test_readiness_without_a_key_tells_states_and_no_reasons(ground: Ground) -> None:
    async def ill() -> Health:
        return Health("degraded", "The cache at 10.0.0.7 is full.", "Empty it.")

    answer = await get(ground, "/ready", key="", checks=(Check("cache", ill),))

    assert answer.json() == {
        "status": "degraded",
        "parts": [{"name": "cache", "state": "degraded", "why": "", "fix": ""}],
        "graphs": [],
    }


async def test_readiness_with_a_key_tells_reasons_and_graphs(ground: Ground) -> None:
    async def ill() -> Health:
        raise Unavailable("The store does not answer.", fix="Start it.")

    answer = await get(ground, "/ready", checks=(Check("store", ill),))

    assert answer.status_code == 503
    assert answer.json()["parts"] == [
        {"name": "store", "state": "down", "why": "The store does not answer.", "fix": "Start it."}
    ]
    assert answer.json()["graphs"] == ["broken", "bug", "echo", "review", "talk"]


async def test_a_part_that_is_not_needed_only_degrades(ground: Ground) -> None:
    async def gone() -> Health:
        raise ConnectionError("password in here")

    answer = await get(ground, "/ready", checks=(Check("traces", gone, is_needed=False),))

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert "password" not in answer.text


async def test_a_part_that_hangs_is_down_after_its_deadline(ground: Ground) -> None:
    import asyncio

    async def hang() -> Health:
        await asyncio.Event().wait()
        return Health()

    answer = await get(ground, "/ready", checks=(Check("store", hang, deadline_s=0.01),))

    assert (answer.status_code, answer.json()["parts"][0]["state"]) == (503, "down")


async def test_an_expected_failure_is_a_problem_with_code_place_and_fix(ground: Ground) -> None:
    answer = await get(ground, "/away")

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == 503
    told = answer.json()
    assert (told["detail"], told["place"], told["fix"]) == ("The shop is shut.", "/shop", "Come back.")


async def test_a_bug_says_nothing_but_an_id_that_the_log_has(ground: Ground) -> None:
    answer = await get(ground, "/bug")

    assert answer.status_code == 500
    assert answer.json()["code"] == "AW999"
    assert "secret" not in answer.text
    event, facts = ground.logged[0]
    assert event == "http.bug"
    assert facts["request"] == answer.json()["facts"]["request"]
    assert isinstance(facts["error"], ZeroDivisionError)


async def test_what_does_not_fit_is_named_by_pointer_without_the_input(ground: Ground) -> None:
    async with client(ground.app(routers=(extra(),)), ACME) as asked:
        answer = await asked.post("/size", json={"width": "canary"})

    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["place"]) == ("AW941", "/body/width")
    assert "canary" not in answer.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/health", 405)])
async def test_no_route_is_a_problem_too(ground: Ground, method: str, path: str, status: int) -> None:
    async with client(ground.app(), ACME) as asked:
        answer = await asked.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, "AW940")
    assert ("allow" in answer.headers) == (status == 405)


async def test_every_operation_in_the_contract_has_a_key_and_problems(ground: Ground) -> None:
    document = (await get(ground, "/openapi.json")).json()

    for path, methods in document["paths"].items():
        for operation in methods.values():
            is_open = path in {"/health", "/ready", "/login"}
            assert (operation["security"] == []) == is_open, path
            assert "application/problem+json" in operation["responses"]["404"]["content"], path


async def test_the_page_of_operations_loads_nothing_from_elsewhere(ground: Ground) -> None:
    page = (await get(ground, "/docs")).text

    assert "GET /ready" in page
    assert "http:" not in page
    assert "https:" not in page


async def test_metrics_are_for_keys_and_this_machine_only(ground: Ground) -> None:
    app = ground.app()

    async with client(app) as far, client(app, ACME) as known, client(app, peer="127.0.0.1") as near:
        statuses = [(await asked.get("/metrics")).status_code for asked in (far, known, near)]
        proxied = await near.get("/metrics", headers={"X-Forwarded-For": "198.51.100.7"})

    assert [*statuses, proxied.status_code] == [401, 200, 200, 401]


async def test_metrics_are_open_where_the_setting_says_so(ground: Ground) -> None:
    assert (await get(ground, "/metrics", key="", is_metrics_open=True)).text == "autoweave_up 1\n"


async def test_ten_thousand_made_up_paths_add_no_series(ground: Ground) -> None:
    async with client(ground.app(), ACME) as asked:
        for number in range(10_000):
            await asked.get(f"/run-{number}")

    assert {route for _, route, _ in ground.seen} == {""}


async def test_a_made_up_method_adds_no_series(ground: Ground) -> None:
    async with client(ground.app(), ACME) as asked:
        await asked.request("BREW-7", "/health")

    assert ground.seen[-1][0] == "other"


async def test_the_developer_needs_no_key_on_this_machine(ground: Ground) -> None:
    async with client(ground.app(dev=DEV), peer="127.0.0.1") as asked:
        answer = await asked.get("http://localhost:8000/ready")

    assert answer.json()["graphs"] != []


async def test_whoever_opens_the_address_alone_is_shown_what_there_is() -> None:
    async with client(Ground().app(), ACME) as asked:
        answer = await asked.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
