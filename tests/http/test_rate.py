"""How often somebody may ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.http.limits import Limits
from tests import redis
from tests.http.ground import ACME, OTHER, Ground, client

pytestmark = pytest.mark.anyio


@pytest.fixture
def ground() -> Ground:
    return Ground()


async def test_a_key_that_asks_too_often_is_told_when_to_come_back(ground: Ground) -> None:
    async with client(ground.app(limits=Limits(per_key=3)), ACME) as asked:
        statuses = [(await asked.get("/ready")).status_code for _ in range(3)]
        answer = await asked.get("/ready")

    assert statuses == [200, 200, 200]
    assert (answer.status_code, answer.json()["code"]) == (429, "AW947")
    assert 1 <= int(answer.headers["retry-after"]) <= 61


async def test_one_key_does_not_use_up_another_ones_share(ground: Ground) -> None:
    app = ground.app(limits=Limits(per_key=1))
    async with client(app, ACME) as ours, client(app, OTHER) as theirs:
        await ours.get("/ready")

        assert (await ours.get("/ready")).status_code == 429
        assert (await theirs.get("/ready")).status_code == 200


async def test_who_shows_no_valid_key_is_counted_by_address(ground: Ground) -> None:
    app = ground.app(limits=Limits(per_peer=2))
    async with client(app, "guess") as guessing, client(app, "guess", peer="203.0.113.10") as elsewhere:
        statuses = [(await guessing.get("/docs")).status_code for _ in range(3)]

        assert statuses == [401, 401, 429]
        assert (await elsewhere.get("/docs")).status_code == 401


async def test_addresses_of_one_house_are_counted_together(ground: Ground) -> None:
    app = ground.app(limits=Limits(per_peer=1))
    async with client(app, peer="2001:db8::1") as first, client(app, peer="2001:db8::2") as second:
        await first.get("/docs")

        assert (await second.get("/docs")).status_code == 429


async def test_health_is_never_counted(ground: Ground) -> None:
    async with client(ground.app(limits=Limits(per_peer=1))) as asked:
        statuses = {(await asked.get("/health")).status_code for _ in range(5)}

    assert statuses == {200}


@pytest.mark.redis
async def test_servers_that_share_a_redis_count_together(ground: Ground, tmp_path: Path) -> None:
    if not redis.is_there():
        pytest.skip("group redis: no redis-server on PATH")
    with redis.running(tmp_path / "redis") as server:
        apps = [ground.app(limits=Limits(per_key=2), redis_url=server.url) for _ in range(2)]
        async with client(apps[0], ACME) as one, client(apps[1], ACME) as two:
            statuses = [(await asked.get("/ready")).status_code for asked in (one, two, one, two)]
        for app in apps:
            await app.state.rate.close()

    assert statuses == [200, 200, 429, 429]


async def test_without_its_redis_a_server_counts_for_itself(ground: Ground) -> None:
    app = ground.app(limits=Limits(per_key=1), redis_url="redis://127.0.0.1:1/0")
    async with client(app, ACME) as asked:
        statuses = [(await asked.get("/ready")).status_code for _ in range(2)]

    assert statuses == [200, 429]
    assert ground.logged[0][0] == "rate.redis_gone"
