"""BullMQ's own Python package as the queue, on Redis or on PostgreSQL.

Every question has a deadline, and after a failure the next ones fail at once for a while: a request
that admitted a run does not wait for a dead Redis. A job lives only as long as its turn is open.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from core import logs
from core.queue import Do, QueueDriverMissing, QueueEvicts, QueueOpen, QueueUnavailable, QueueUrlInvalid, Turn

log = logs.named(__name__)
T = TypeVar("T")

_DEADLINE_S = 2.0
_REST_S = 2.0
_CLOSE_S = 2.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1", ""}
_JOB = {"removeOnComplete": True, "removeOnFail": True}
# A killed worker's turn is given to another after about twice the lock. After three times the
# reaper decides: the table counts the attempts.
_WORKER = {
    "autorun": False,
    "lockDuration": 5_000,
    "stalledInterval": 5_000,
    "maxStalledCount": 3,
    "runRetryDelay": 1_000,
}


@dataclass
class Server:
    """What differs between the two: where it is, how BullMQ is told, what it raises, what to prove first."""

    place: str
    options: dict[str, Any]
    working: dict[str, Any]
    failures: tuple[type[Exception], ...]
    prove: Callable[[], Awaitable[None]]
    closes: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


class Bull:
    def __init__(self, server: Server, name: str, *, now: Callable[[], float] = time.monotonic) -> None:
        from bullmq import Queue  # type: ignore[import-untyped]  # noqa: PLC0415  # 0.3 CPU s

        self._server = server
        self._name = name
        self._now = now
        self._queue = Queue(name, server.options)
        self._crews: list[tuple[Any, asyncio.Task[None]]] = []
        self._is_proved = False
        self._rests_until = float("-inf")

    async def put(self, turn: Turn) -> None:
        data = {"tenant": turn.tenant, "run": turn.run, "fence": turn.fence}
        await self._asked(lambda: self._queue.add("turn", data, {"jobId": turn.id, **_JOB}))

    async def depth(self) -> int:
        return int(await self._asked(lambda: self._queue.getJobCountByTypes("waiting")))

    async def work(self, do: Do, *, slots: int) -> None:
        from bullmq import Worker  # noqa: PLC0415  # as above

        async def process(job: Any, _token: str) -> None:
            if (turn := _turn(job.data)) is not None:
                await do(turn)

        await self._asked(_nothing)
        worker = Worker(self._name, process, {**self._server.working, **_WORKER, "concurrency": slots})
        worker.on("error", self._report)
        running = asyncio.create_task(worker.run(), name="bullmq")
        self._crews.append((worker, running))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await worker.pause(do_not_wait_active=True)
            raise
        except self._server.failures as error:
            raise self._down(error) from error

    async def close(self) -> None:
        for worker, running in self._crews:
            try:
                await asyncio.wait_for(worker.close(), _CLOSE_S)
            except TimeoutError:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(worker.close(force=True), _CLOSE_S)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        for close in (self._queue.close, *self._server.closes):
            with contextlib.suppress(*self._server.failures):
                await asyncio.wait_for(close(), _CLOSE_S)

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        if self._now() < self._rests_until:
            raise QueueUnavailable("The queue did not answer a moment ago.", place=self._server.place)
        try:
            async with asyncio.timeout(_DEADLINE_S):
                if not self._is_proved:
                    await self._server.prove()
                    self._is_proved = True
                return await question()
        except self._server.failures as error:
            self._is_proved = False  # what comes back may be set up differently
            raise self._down(error) from error

    def _down(self, error: Exception) -> QueueUnavailable:
        self._rests_until = self._now() + _REST_S
        return QueueUnavailable(
            f"The queue does not answer: {type(error).__name__}.", place=self._server.place
        )

    def _report(self, error: Exception, _job: Any = None) -> None:
        log.warning("queue.error", place=self._server.place, why=type(error).__name__)


def on_redis(url: str, prefix: str, name: str) -> Bull:
    """`unix://` and loopback need no password; whoever can reach those can reach the store too."""
    try:
        from redis import asyncio as redis  # noqa: PLC0415  # 0.2 CPU s
        from redis.asyncio.retry import Retry  # noqa: PLC0415  # as above
        from redis.backoff import NoBackoff  # noqa: PLC0415  # as above
        from redis.exceptions import RedisError  # noqa: PLC0415  # as above
    except ImportError as error:
        raise QueueDriverMissing("The library for Redis is not installed.") from error
    place = _place(url)
    if urlsplit(url).hostname not in {*_LOOPBACK, None} and not urlsplit(url).password:
        raise QueueOpen(
            "Redis on another machine must ask for a password, and the URL has none.", place=place
        )

    def client(timeout_s: float) -> Any:
        return redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=_DEADLINE_S,
            socket_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )

    try:
        # A worker blocks for up to ten seconds in one command, by BullMQ's own measure.
        asking, blocking = client(_DEADLINE_S), client(15.0)
    except ValueError as error:
        raise QueueUrlInvalid("The queue's URL cannot be read.", place=place) from error

    async def prove() -> None:
        policy = (await asking.info("memory")).get("maxmemory_policy")
        if policy != "noeviction":
            raise QueueEvicts(f"Redis has `maxmemory-policy {policy}`.", place=place)

    keys = {"prefix": prefix}
    return Bull(
        Server(
            place,
            {"connection": asking, **keys},
            {"connection": blocking, **keys},
            (RedisError, OSError),
            prove,
            [asking.aclose, blocking.aclose],
        ),
        name,
    )


def on_postgres(url: str, prefix: str, name: str) -> Bull:
    """In a schema of its own (`autoweave_queue` by default), so it may share the store's database."""
    try:
        import psycopg  # noqa: PLC0415  # optional group
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415  # as above
    except ImportError as error:
        raise QueueDriverMissing("The driver for PostgreSQL is not installed.") from error
    try:
        connection = make_conninfo(url.replace("+psycopg", "", 1), connect_timeout=2)
    except psycopg.Error as error:
        raise QueueUrlInvalid("The queue's URL cannot be read.", place=_place(url)) from error
    schema = f"{prefix.replace('-', '_')}_queue"
    options = {"backend": "postgres", "connection": connection, "schema": schema}
    failures = (psycopg.Error, OSError)
    return Bull(Server(_place(url), options, options, failures, _nothing), name)


async def _nothing() -> None:
    return None


def _place(url: str) -> str:
    """The URL without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _turn(data: Any) -> Turn | None:
    """None for a job that somebody else put here: whoever can write to the queue gains nothing by it."""
    try:
        return Turn(tenant=str(data["tenant"]), run=str(data["run"]), fence=int(data["fence"]))
    except (KeyError, TypeError, ValueError):
        log.warning("queue.foreign")
        return None
