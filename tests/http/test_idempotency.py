"""`Idempotency-Key`: sent again is answered again, not done again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from core.errors import Conflict, Unavailable
from tests.http.ground import ACME, OTHER, Ground, client

pytestmark = pytest.mark.anyio


class Order(BaseModel):
    thing: str


class Shop:
    """Counts what was done, and fails by the name of the thing."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gate = asyncio.Event()
        self.began = asyncio.Event()

    def router(self) -> APIRouter:
        routes = APIRouter()

        @routes.post("/orders")
        async def order(order: Order) -> JSONResponse:
            self.done.append(order.thing)
            if order.thing == "gone":
                raise Unavailable("Try later.")
            if order.thing == "sold":
                raise Conflict("It is sold.")
            if order.thing == "bug":
                raise ZeroDivisionError
            if order.thing == "slow":
                self.began.set()
                await self.gate.wait()
            return JSONResponse({"number": len(self.done)}, 201, {"Location": "/orders/1", "X-Other": "no"})

        @routes.post("/late")
        async def late() -> StreamingResponse:
            async def told() -> Any:
                self.done.append("late")
                yield "data: 1\n\n"

            return StreamingResponse(told(), media_type="text/event-stream")

        return routes


@pytest.fixture
def ground() -> Ground:
    return Ground()


def opened(ground: Ground, shop: Shop) -> Any:
    return ground.app(routers=(shop.router(),))


async def order(asked: Any, thing: str = "pen", key: str = "k1", path: str = "/orders") -> Any:
    return await asked.post(path, json={"thing": thing}, headers={"Idempotency-Key": key})


async def test_the_same_request_again_gets_the_first_answer(ground: Ground) -> None:
    shop = Shop()
    async with client(opened(ground, shop), ACME) as asked:
        first, second = await order(asked), await order(asked)

    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, {"number": 1})
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["location"] == "/orders/1"
    assert shop.done == ["pen"]


async def test_without_a_key_everything_is_done(ground: Ground) -> None:
    shop = Shop()
    async with client(opened(ground, shop), ACME) as asked:
        await asked.post("/orders", json={"thing": "pen"})
        await asked.post("/orders", json={"thing": "pen"})

    assert shop.done == ["pen", "pen"]


async def test_another_body_under_the_same_key_is_refused(ground: Ground) -> None:
    shop = Shop()
    async with client(opened(ground, shop), ACME) as asked:
        await order(asked)
        answer = await order(asked, "ink")

    assert (answer.status_code, answer.json()["code"]) == (422, "AW948")
    assert shop.done == ["pen"]


async def test_another_path_under_the_same_key_is_refused(ground: Ground) -> None:
    async with client(opened(ground, Shop()), ACME) as asked:
        await order(asked)
        answer = await order(asked, path="/orders?urgent=1")

    assert answer.status_code == 422


async def test_a_request_whose_first_still_runs_is_told_to_wait(ground: Ground) -> None:
    shop = Shop()
    async with client(opened(ground, shop), ACME) as asked:
        first = asyncio.create_task(order(asked, "slow"))
        await shop.began.wait()
        second = await order(asked, "slow")
        shop.gate.set()
        await first
        third = await order(asked, "slow")

    assert (second.status_code, second.json()["code"]) == (409, "AW948")
    assert second.headers["retry-after"] == "1"
    assert third.json() == {"number": 1}


async def test_a_key_belongs_to_its_tenant(ground: Ground) -> None:
    shop, app = Shop(), None
    app = opened(ground, shop)
    async with client(app, ACME) as ours, client(app, OTHER) as theirs:
        await order(ours)
        answer = await order(theirs, "ink")

    assert (answer.status_code, answer.json()) == (201, {"number": 2})


@pytest.mark.parametrize(("thing", "status"), [("gone", 503), ("sold", 409)])
async def test_what_failed_before_anything_was_done_is_tried_again(
    ground: Ground, thing: str, status: int
) -> None:
    shop = Shop()
    async with client(opened(ground, shop), ACME) as asked:
        answers = [await order(asked, thing), await order(asked, thing)]

    assert [answer.status_code for answer in answers] == [status, status]
    assert shop.done == [thing, thing]


async def test_a_body_that_does_not_fit_leaves_the_key_free(ground: Ground) -> None:
    async with client(opened(ground, Shop()), ACME) as asked:
        wrong = await asked.post("/orders", json={"thing": 1}, headers={"Idempotency-Key": "k1"})
        right = await order(asked)

    assert (wrong.status_code, right.status_code) == (422, 201)


async def test_a_bug_is_not_tried_again(ground: Ground) -> None:
    shop = Shop()
    async with client(opened(ground, shop), ACME) as asked:
        first, second = await order(asked, "bug"), await order(asked, "bug")

    assert (first.status_code, second.status_code) == (500, 500)
    assert first.json() == second.json()
    assert shop.done == ["bug"]


async def test_a_request_that_is_broken_off_is_not_begun_again_at_once(ground: Ground) -> None:
    shop = Shop()
    async with client(opened(ground, shop), ACME) as asked:
        first = asyncio.create_task(order(asked, "slow"))
        await shop.began.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        again = await order(asked, "slow")

    assert again.status_code == 409
    assert shop.done == ["slow"]


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "é", "a\tb", " a", "a "])
async def test_a_key_that_cannot_be_one_is_refused(ground: Ground, key: str) -> None:
    shop = Shop()
    async with client(opened(ground, shop), ACME) as asked:
        answer = await asked.post(
            "/orders", json={"thing": "pen"}, headers={"Idempotency-Key": key.encode("latin-1")}
        )

    assert (answer.status_code, answer.json()["code"]) == (400, "AW949")
    assert shop.done == []


@pytest.mark.parametrize(
    ("path", "body"),
    [("/echo/stream", {"input": {}}), ("/threads/x/runs/stream", {}), ("/echo/stream_events", {}),
     ("/v1/chat/completions", {"model": "talk", "messages": [], "stream": True})],
)  # fmt: skip
async def test_a_stream_cannot_have_a_key(ground: Ground, path: str, body: Any) -> None:
    async with client(opened(ground, Shop()), ACME) as asked:
        answer = await asked.post(path, json=body, headers={"Idempotency-Key": "k1"})

    said = answer.json()
    assert (answer.status_code, said.get("error", said)["code"]) == (400, "AW949")


async def test_an_answer_that_turns_out_to_be_a_stream_passes_and_is_not_kept(ground: Ground) -> None:
    async with client(opened(ground, Shop()), ACME) as asked:
        answer = await asked.post("/late", headers={"Idempotency-Key": "k1"})

    assert answer.text == "data: 1\n\n"
    assert ground.ledger.kept == {}


async def test_a_refused_caller_takes_no_key(ground: Ground) -> None:
    async with client(opened(ground, Shop())) as asked:
        assert (await order(asked)).status_code == 401

    assert ground.ledger.kept == {}
