"""The embedded queue: the table of runs is the queue, this holds only which of them to try next.

What other processes admitted comes in through the reaper, which reads the table.
"""

from __future__ import annotations

import asyncio

from core.queue import Do, Turn


class Table:
    """Turns in the order they came, each once. Nothing here outlives the process, or needs to."""

    def __init__(self) -> None:
        self._waiting: dict[str, Turn] = {}
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()

    async def put(self, turn: Turn) -> None:
        if turn.id not in self._in_hand:
            self._waiting.setdefault(turn.id, turn)
            self._woken.set()

    async def work(self, do: Do, *, slots: int) -> None:
        while True:
            while self._waiting and len(self._in_hand) < slots:
                self._begin(do, self._waiting.pop(next(iter(self._waiting))))
            self._woken.clear()
            await self._woken.wait()

    async def depth(self) -> int:
        return len(self._waiting)

    async def close(self) -> None:
        for task in self._in_hand.values():
            task.cancel()

    def _begin(self, do: Do, turn: Turn) -> None:
        async def whole() -> None:
            try:
                await do(turn)
            finally:
                del self._in_hand[turn.id]
                self._woken.set()

        self._in_hand[turn.id] = asyncio.create_task(whole(), name=f"turn-{turn.id}")
