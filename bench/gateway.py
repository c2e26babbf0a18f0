"""The model path against a real server's 22 faults, and 50 callers who meet a half-open breaker.

    python -m bench.gateway

Goals: every call ends by its deadline + 0.5 s, nothing malformed is accepted, the fallback answers within
3 s of a hard error, and one of the 50 is the probe.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.messages import AIMessage

from core.breaker import Breakers
from core.cells import Memory
from core.gateway import Budget, Caps, Desk, Gateway, ModelsUnavailable, Seat, openai
from core.testing import Clock
from tests import faulty_openai

DEADLINE_S = 4.0
SEAT_S = 2.0
SLOW = ("hang", "drip", "sseslow")


def f(a: int, b: int) -> int:
    """The tool that is called."""
    return a + b


class Bench:
    def __init__(self, server: faulty_openai.Server) -> None:
        self.server = server

    def gateway(
        self, *faults: str, deadline_s: float = DEADLINE_S, now: Callable[[], float] = time.monotonic
    ) -> Gateway:
        cells = Memory()
        breakers = Breakers(cells, now=now, chance=random.random)
        desk = Desk(breakers, Budget(Caps(), cells, now=time.time), now=time.time, deadline_s=deadline_s)
        seats = tuple(
            Seat(
                name,
                openai("m", faulty_openai.KEY, self.server.url(fault)),
                label=f"m-{name}",
                timeout_s=SEAT_S if len(faults) > 1 else 60.0,
                idle_s=60.0,
            )
            for name, fault in zip(("primary", "fallback"), faults, strict=False)
        )
        return Gateway(seats=seats, desk=desk)

    async def ask(self, gateway: Gateway, fault: str, *, is_async: bool) -> tuple[float, str]:
        """Seconds, and who answered; `none` where nobody could."""
        began = time.monotonic()
        try:
            work = _coroutine(gateway, fault) if is_async else asyncio.to_thread(_thread, gateway, fault)
            message = await work
        except ModelsUnavailable:
            return time.monotonic() - began, "none"
        took = time.monotonic() - began
        if message.text.strip() != "ok":
            return took, "MALFORMED"
        return took, str(message.response_metadata["gateway"]["seat"])

    async def fault(self, fault: str) -> tuple[float, float, set[str]]:
        """The slowest with a fallback, the slowest without beyond its deadline, and who answered."""
        backed, alone, who = 0.0, 0.0, set()
        for is_async in (False, True):
            gateway = self.gateway(fault, "ok")
            took, seat = await self.ask(gateway, fault, is_async=is_async)
            backed, who = max(backed, took), who | {seat}
            await gateway.aclose()
            gateway = self.gateway(fault, deadline_s=1.0)
            took, seat = await self.ask(gateway, fault, is_async=is_async)
            alone, who = max(alone, took - 1.0), who | {seat}
            await gateway.aclose()
        return backed, alone, who


def _thread(gateway: Gateway, fault: str) -> AIMessage:
    model = gateway.bind_tools([f])
    return _sum(list(model.stream("hi"))) if fault in faulty_openai.STREAM_FAULTS else model.invoke("hi")


async def _coroutine(gateway: Gateway, fault: str) -> AIMessage:
    model = gateway.bind_tools([f])
    if fault in faulty_openai.STREAM_FAULTS:
        return _sum([part async for part in model.astream("hi")])
    return await model.ainvoke("hi")


def _sum(parts: list[Any]) -> AIMessage:
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return whole  # type: ignore[no-any-return]


async def faults(bench: Bench) -> bool:
    good = True
    print(f"{'fault':12}{'with a fallback':>16}{'alone, past its deadline':>27}  answered")
    for fault in (*faulty_openai.FAULTS, *faulty_openai.STREAM_FAULTS):
        backed, alone, who = await bench.fault(fault)
        limit = DEADLINE_S + 0.5 if fault in SLOW else 3.0
        good &= backed <= limit and alone <= 0.5 and "MALFORMED" not in who
        print(f"{fault:12}{backed:14.2f} s{alone:+25.2f} s  {', '.join(sorted(who))}", flush=True)
    return good


async def probes(bench: Bench) -> bool:
    """The breaker is opened by a refused key; its rest is over; then 50 at once.

    The clock stands still meanwhile: on a busy machine 50 threads take longer than a short rest, and the
    probe of the next one would be counted too.
    """
    counts = []
    for is_async in (True, False):
        clock = Clock()
        gateway = bench.gateway("e401", "ok", now=clock)
        await gateway.ainvoke("hi")
        clock.move(40.0)
        before = bench.server.hits["e401"]
        if is_async:
            await asyncio.gather(*(gateway.ainvoke("hi") for _ in range(50)))
        else:
            await asyncio.to_thread(_crowd, gateway)
        counts.append(bench.server.hits["e401"] - before)
        await gateway.aclose()
    print(f"half open, 50 at once: {counts[0]} probe (coroutines), {counts[1]} probe (threads)")
    return counts == [1, 1]


def _crowd(gateway: Gateway) -> None:
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda _: gateway.invoke("hi"), range(50)))


async def main() -> None:
    with faulty_openai.running() as server:
        bench = Bench(server)
        gateway = bench.gateway("ok")
        await bench.ask(gateway, "ok", is_async=True)  # what is imported by a first call
        await gateway.aclose()
        results = [await faults(bench), await probes(bench)]
    print("all goals met" if all(results) else "GOAL MISSED")
    raise SystemExit(not all(results))


if __name__ == "__main__":
    asyncio.run(main())
