"""How often somebody may ask: a sliding minute per key, and per address for who shows none.

The count of the last minute is taken from two counters, the one before weighted by what is left of
it: a window of single hits costs a third of a small request. In memory, or in Redis where several
servers count together. Redis gone: each counts for itself, and asks again after a rest.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from typing import Any, ClassVar

from core.errors import Unavailable
from core.http.limits import Limits

_REST_S = 5.0


class TooMany(Unavailable):
    """More requests in a minute than this key or address may send."""

    code = "AW947"
    status: ClassVar[int] = 429
    fix = "Wait as long as the Retry-After header says."


class Rate:
    """Counts requests. `log` is told when the shared counter does not answer."""

    def __init__(self, limits: Limits, *, redis_url: str = "", log: Callable[..., None]) -> None:
        from limits import RateLimitItemPerMinute  # noqa: PLC0415  # 0.1 s CPU, and only servers count
        from limits.storage import MemoryStorage  # noqa: PLC0415  # as above
        from limits.strategies import SlidingWindowCounterRateLimiter  # noqa: PLC0415  # as above

        self._by_key = RateLimitItemPerMinute(limits.per_key, namespace="key")
        self._by_peer = RateLimitItemPerMinute(limits.per_peer, namespace="peer")
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared: Any = _shared(redis_url) if redis_url else None
        self._log = log
        self._rests_until = 0.0

    async def by_key(self, actor: str) -> None:
        await self._count(self._by_key, actor)

    async def by_peer(self, address: str) -> None:
        await self._count(self._by_peer, _network(address))

    async def close(self) -> None:
        """Give the shared counter's connections back."""
        if self._shared is not None:
            await self._shared.storage.bridge.get_connection().aclose()

    async def _count(self, item: Any, name: str) -> None:
        if self._shared is not None and await self._counted_together(item, name):
            return
        if not self._own.hit(item, name):
            raise _refusal(item, self._own.get_window_stats(item, name).reset_time)

    async def _counted_together(self, item: Any, name: str) -> bool:
        """False where Redis does not answer; it is then not asked for a while."""
        if time.monotonic() < self._rests_until:
            return False
        try:
            is_free = await self._shared.hit(item, name)
            reset = 0.0 if is_free else (await self._shared.get_window_stats(item, name)).reset_time
        except Exception as error:  # noqa: BLE001  # whatever the client library throws, requests go on
            self._rests_until = time.monotonic() + _REST_S
            self._log("rate.redis_gone", why=type(error).__name__)
            return False
        if not is_free:
            raise _refusal(item, reset)
        return True


def _refusal(item: Any, reset_time: float) -> TooMany:
    wait = max(1, math.ceil(reset_time - time.time()))
    return TooMany("Too many requests in a minute.", limit=item.amount, retry_after_s=wait)


def _shared(url: str) -> Any:
    from limits.aio.storage import RedisStorage  # noqa: PLC0415  # only where Redis is configured
    from limits.aio.strategies import SlidingWindowCounterRateLimiter  # noqa: PLC0415  # as above

    storage = RedisStorage(
        f"async+{url}", implementation="redispy", key_prefix="autoweave:rate", socket_timeout=1.0
    )
    return SlidingWindowCounterRateLimiter(storage)


def _network(address: str) -> str:
    """One house, one count: a /64 is what a single IPv6 customer has."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        return address
