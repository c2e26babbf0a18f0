"""Small texts by key that several callers change in turn: in this process, or in a Redis for many.

For counters and states that may be lost: nothing here is written to disk by us.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

Turn = Callable[[str], str]
"""From the text that is there (empty: none) to the next. May be taken again, so it has no effects."""


class Cells(Protocol):
    is_far: bool
    """A change may wait for the network: not for an event loop's own thread."""

    def change(self, key: str, turn: Turn) -> str:
        """Take a turn as if alone, and answer the text it left."""
        ...


class Memory:
    """Of this process. The cells that were not touched for longest go first."""

    is_far = False

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._texts: OrderedDict[str, str] = OrderedDict()

    def change(self, key: str, turn: Turn) -> str:
        with self._lock:
            text = turn(self._texts.pop(key, ""))
            if text:
                self._texts[key] = text
            if len(self._texts) > self._most:
                self._texts.popitem(last=False)
        return text


_SWAP = """
local there = redis.call('GET', KEYS[1]) or ''
if there ~= ARGV[1] then return there end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return false
"""


class Shared:
    """Of all who use one Redis. `client` is redis-py's, with a short timeout of its own.

    While Redis does not answer, each process goes on by itself, and tries again after `rest_s`.
    """

    is_far = True

    def __init__(
        self,
        client: Any,
        *,
        now: Callable[[], float],
        log: Callable[..., None],
        prefix: str = "autoweave",
        keep_s: int = 172_800,
        rest_s: float = 5.0,
    ) -> None:
        self._client = client
        self._now = now
        self._log = log
        self._prefix = prefix
        self._keep_s = keep_s
        self._rest_s = rest_s
        self._gone_until = float("-inf")
        self._own = Memory()

    def change(self, key: str, turn: Turn) -> str:
        if self._now() >= self._gone_until:
            try:
                return self._shared(f"{self._prefix}:cell:{_short(key)}", turn)
            except _TurnFailed as failed:
                raise failed.error from None
            except Exception as error:  # noqa: BLE001  # whatever the client throws, calls go on
                self._gone_until = self._now() + self._rest_s
                self._log("cells.redis_gone", why=type(error).__name__)
        return self._own.change(key, turn)

    def _shared(self, key: str, turn: Turn) -> str:
        there = ""
        for _ in range(_TRIES):
            after = _taken(turn, there)
            answer = self._client.eval(_SWAP, 1, key, there, after, self._keep_s)
            if answer is None:
                return after
            there = answer.decode() if isinstance(answer, bytes) else str(answer)
        raise TimeoutError("too many change one cell at once")


_TRIES = 300


class _TurnFailed(Exception):  # never leaves this module
    def __init__(self, error: Exception) -> None:
        self.error = error


def _taken(turn: Turn, text: str) -> str:
    try:
        return turn(text)
    except Exception as error:
        raise _TurnFailed(error) from error


def _short(key: str) -> str:
    """Keys hold models' names, which may be of any length and spelling."""
    return key if len(key) <= 100 and key.isascii() else hashlib.sha256(key.encode()).hexdigest()
