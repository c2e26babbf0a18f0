"""The server: reads settings, opens what is needed, joins the protocols to the front. Nobody imports it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.switches import SWITCHES

for _name, _value in SWITCHES.items():  # before anything imports LangGraph
    os.environ.setdefault(_name, _value)

import uvicorn  # noqa: E402  # after the switches

from core import blobs, logs, settings, telemetry  # noqa: E402  # as above
from core.errors import AppError, Forbidden, Unavailable  # noqa: E402  # as above
from core.http import app as apps  # noqa: E402  # as above
from core.http import wire  # noqa: E402  # as above
from core.http.front import Caller  # noqa: E402  # as above
from core.http.limits import Limits  # noqa: E402  # as above
from core.metrics import Metrics  # noqa: E402  # as above
from core.telemetry.http import Traced  # noqa: E402  # as above
from core.terminal import Words  # noqa: E402  # as above
from core.version import VERSION  # noqa: E402  # as above
from graphs import means  # noqa: E402  # as above
from graphs.front import health, tools  # noqa: E402  # as above
from graphs.front.opened import Bounds, Opened, opened  # noqa: E402  # as above
from graphs.integrate import session  # noqa: E402  # as above
from graphs.integrate.places import MAIN  # noqa: E402  # as above
from graphs.offered import Offered  # noqa: E402  # as above

if TYPE_CHECKING:
    from core.http.context import Shelf
    from core.settings import Settings
    from core.telemetry.export import Telemetry
    from graphs.integrate.session import Session

ROOT = Path(__file__).resolve().parent
LOOPBACK = ("127.", "::1", "localhost")
log = logs.named("server")


class KeysMissing(Forbidden):
    """The server would listen beyond this machine, and nobody has a key."""

    code = "AW989"
    fix = "Make a key: ./autoweave keys add --tenant main. Or listen on 127.0.0.1."


class PortTaken(Unavailable):
    """The address cannot be listened on."""

    code = "AW988"
    retryable = False
    fix = "Choose another port with --port, or 0 for any free one; or end what listens there."


class Server(uvicorn.Server):
    """Uvicorn, but the signals are ours: first the work in hand, then the connections."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True)
class Running:
    """What is open for as long as the server runs. `dev` is who asks without a key, if anybody may."""

    known: Settings
    work: Session
    metrics: Metrics
    recording: Telemetry | None
    dev: Caller | None
    offered: Offered

    def seats(self) -> Mapping[str, str]:
        return self.offered.models.states


async def serve(known: Settings, lines: logs.Logs) -> None:
    """Until a signal: listens, works, and drains at the end."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listening(known.serve.host, known.serve.port))
        recording = means.recording(known, stack_port=listener.getsockname()[1])
        stack.callback(lambda: recording.close() if recording else None)
        work = stack.enter_context(session.opened(means.of(known, is_warm=True), lambda _: None))
        dev = _dev(known, work)
        offered = await asyncio.to_thread(Offered.of, work)
        running = Running(known, work, Metrics(), recording, dev, offered)
        running.metrics.watch_logs(lambda: lines.dropped)
        ended = health.counted(running.metrics)
        async with (
            opened(work.store, offered.kinds, _bounds(known), ended=ended, extra=offered.extra) as hall,
            _gauges(running, hall),
        ):
            parts = _parts(running, hall, tools.shelf(work, hall, offered.integrate, ROOT / "docs"))
            await _until_told(apps.create_app(hall.front, parts), listener, hall, known)


def _bounds(known: Settings) -> Bounds:
    return Bounds(
        queue_url=means.queue_url(known),
        queue_prefix=known.queue.prefix,
        slots=known.serve.workers,
        drain_s=known.serve.drain_s,
    )


def _parts(running: Running, hall: Opened, shelf: Shelf) -> apps.Parts:
    known, store = running.known, running.work.store
    redis = means.queue_url(known)
    return apps.Parts(
        keys=store.keys,
        replies=store.replies,
        secret=_secret(known),
        log=log.error,
        metrics=running.metrics.render,
        checks=health.Asked(running.work, hall, running.recording, running.seats).checks,
        limits=Limits(body=known.serve.max_bytes, per_key=known.serve.rate),
        redis_url=redis if redis.startswith(("redis", "unix")) else "",
        origins=known.serve.origins,
        dev=running.dev,
        shelf=shelf,
        observe=running.metrics.request,
        layers=(Traced,) if running.recording else (),
        version=VERSION,
    )


@contextlib.asynccontextmanager
async def _gauges(running: Running, hall: Opened) -> AsyncIterator[None]:
    gauges = health.Gauges()
    gauges.begin(running.work, hall, running.metrics, running.seats)
    if (recording := running.recording) is not None:
        running.metrics.watch_spans(lambda: recording.dropped)
    try:
        yield
    finally:
        await gauges.end()


async def _until_told(app: Any, listener: socket.socket, hall: Opened, known: Settings) -> None:
    drain_s = known.serve.drain_s
    config = wire.config(app, drain_s=drain_s)
    server = Server(config)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    serving = asyncio.create_task(server.serve([listener]))
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    log.info(
        "server.listening",
        url=f"http://{shown}:{port}",
        playground=f"http://{shown}:{port}/integrate/playground/",
    )
    waiting = asyncio.create_task(told.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    log.info("server.draining", within_s=drain_s)
    server.should_exit = True  # takes no more; answers what it has begun
    await asyncio.gather(hall.drain(), serving)
    await app.state.rate.close()


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise PortTaken(f"{error.strerror}.", place=f"{host}:{port}") from error
    with contextlib.closing(listener):
        yield listener


def _dev(known: Settings, work: Session) -> Caller | None:
    """Who asks without a key: this machine's user, while there is no key and only loopback listens."""
    if work.store.keys.exist():
        return None
    is_near = known.serve.host.startswith(LOOPBACK)
    if not is_near or not known.serve.is_open:
        raise KeysMissing("There is no key yet, and the server would not be open to this machine alone.")
    return Caller(MAIN, "local")


def _secret(known: Settings) -> bytes:
    """Signs browser sessions: the same for all processes on one store."""
    url = known.store.url.get_secret_value()
    if url.startswith("postgres"):
        return hashlib.sha256(f"autoweave sessions {url}".encode()).digest()
    path = blobs.private(known.home) / "sessions.key"
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()


def main(words: Sequence[str] | None = None) -> None:
    parser = Words(prog="autoweave serve", description="Serve the graphs over HTTP.")
    parser.add_argument("--host", help="address to listen on; beyond loopback only with keys")
    parser.add_argument("--port", type=int, help="0 is any free one")
    parser.add_argument("--workers", type=int, help="runs at a time in this process; 0: none")
    given = parser.parse_args(words)
    flags = {"serve.host": given.host, "serve.port": given.port, "serve.workers": given.workers}
    lines = logs.set_up()
    logging.getLogger("mcp").setLevel(logging.WARNING)  # it would say a line or two for each message
    try:
        known = settings.load(flags, environ=os.environ, folder=Path.cwd())
        for secret in means.secrets(known):
            telemetry.known_secret(secret)
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(serve(known, lines))
    except AppError as error:
        log.error("server.refused", code=error.code, why=error.message, place=error.place, fix=error.fix)
        sys.exit(1)
    finally:
        lines.close()


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop  # noqa: PLC0415  # Linux and macOS have it; elsewhere the plain loop would do

    return uvloop.new_event_loop()


if __name__ == "__main__":
    main()
