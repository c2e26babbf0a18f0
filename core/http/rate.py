"""How often somebody may ask: a moving window per key, and per address for who shows none.

In memory, or in Redis where several servers count together. Redis gone: each counts for itself.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from typing import Any, ClassVar

from core.errors import Unavailable
from core.http.limits import Limits


class TooMany(Unavailable):
    """More requests in a minute than this key or address may send."""

    code = "AW947"
    status: ClassVar[int] = 429
    fix = "Wait as long as the Retry-After header says."


class Rate:
    """Counts requests. `log` is told when the shared counter does not answer."""

    def __init__(self, limits: Limits, *, redis_url: str = "", log: Callable[..., None]) -> None:
        from limits import RateLimitItemPerMinute  # noqa: PLC0415  # 0.1 s CPU, and only servers count
        from limits.aio.storage import MemoryStorage  # noqa: PLC0415  # as above
        from limits.aio.strategies import MovingWindowRateLimiter  # noqa: PLC0415  # as above

        self._by_key = RateLimitItemPerMinute(limits.per_key, namespace="key")
        self._by_peer = RateLimitItemPerMinute(limits.per_peer, namespace="peer")
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared = _shared(redis_url) if redis_url else None
        self._log = log

    async def by_key(self, actor: str) -> None:
        await self._count(self._by_key, actor)

    async def by_peer(self, address: str) -> None:
        await self._count(self._by_peer, _network(address))

    async def _count(self, item: Any, name: str) -> None:
        if self._shared is not None:
            try:
                await _take(self._shared, item, name)
            except TooMany:
                raise
            except Exception as error:  # noqa: BLE001  # whatever the client library throws, requests go on
                self._log("rate.redis_gone", why=type(error).__name__)
            else:
                return
        await _take(self._own, item, name)


async def _take(limiter: Any, item: Any, name: str) -> None:
    if await limiter.hit(item, name):
        return
    window = await limiter.get_window_stats(item, name)
    wait = max(1, math.ceil(window.reset_time - time.time()))
    raise TooMany("Too many requests in a minute.", limit=item.amount, retry_after_s=wait)


def _shared(url: str) -> Any:
    from limits.aio.storage import RedisStorage  # noqa: PLC0415  # only where Redis is configured
    from limits.aio.strategies import MovingWindowRateLimiter  # noqa: PLC0415  # as above

    storage = RedisStorage(
        f"async+{url}", implementation="redispy", key_prefix="autoweave:rate", socket_timeout=1.0
    )
    return MovingWindowRateLimiter(storage)


def _network(address: str) -> str:
    """One house, one count: a /64 is what a single IPv6 customer has."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        return address
