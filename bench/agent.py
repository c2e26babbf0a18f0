"""`POST /runs/wait` of one five-step graph: our whole server, Aegra on PostgreSQL, `langgraph dev`.

One client, one run, ours and a peer in turn, each answer read and checked. The peers live in
environments of their own under build/, fetched by uv: Aegra 0.11 asks for Python 3.12 (`--python`).
Prints requests a second at concurrency 1 and 16, and the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
GRAPH = ROOT / "bench" / "agent_graph.py"
STUDIO = ROOT / "build" / "studio"
AEGRA = ROOT / "build" / "aegra"
AEGRA_VERSION = "0.11.0"
GOAL = 15.0
BODY = json.dumps({"assistant_id": "five", "input": {"text": "x", "seen": []}}).encode()
QUIET = {"LANGSMITH_TRACING": "false", "LANGGRAPH_CLI_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}


def ours(port: int) -> None:
    """The application with all its layers over the real front, on this machine's own key."""
    import uvicorn  # noqa: PLC0415  # only the process that serves loads it

    async def run() -> None:
        async with _application() as app:
            config = uvicorn.Config(
                app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off", ws="none"
            )
            await uvicorn.Server(config).serve()

    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(run())


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop  # noqa: PLC0415  # as above

    return uvloop.new_event_loop()


@contextlib.asynccontextmanager
async def _application() -> AsyncIterator[Any]:
    from bench.agent_graph import graph  # noqa: PLC0415  # as above
    from core import store  # noqa: PLC0415  # as above
    from core.http.app import Parts, create_app  # noqa: PLC0415  # as above
    from core.http.front import Caller, Offer  # noqa: PLC0415  # as above
    from core.http.limits import Limits  # noqa: PLC0415  # as above
    from core.metrics import Metrics  # noqa: PLC0415  # as above
    from graphs.front import health  # noqa: PLC0415  # as above
    from graphs.front.opened import Bounds, opened  # noqa: PLC0415  # as above

    five = Offer("five", "Five steps.", _form(), _form(), graph, is_durable=False)
    metrics = Metrics()
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        kept = store.open(f"sqlite:///{home}/store.db")
        stack.callback(kept.close)
        ended = health.counted(metrics)
        async with opened(kept, {}, Bounds(slots=0), ended=ended, extra={"five": five}) as hall:
            yield create_app(
                hall.front,
                Parts(
                    keys=kept.keys,
                    replies=kept.replies,
                    secret=b"s" * 32,
                    log=lambda event, **facts: print(event, facts, file=sys.stderr),
                    metrics=metrics.render,
                    observe=metrics.request,
                    limits=Limits(per_key=10_000_000),
                    dev=Caller("main", "local"),
                ),
            )


def _form() -> Any:
    from pydantic import BaseModel  # noqa: PLC0415  # as above

    class Form(BaseModel):
        text: str
        seen: list[str]

    return Form


@contextlib.contextmanager
def served(command: list[str], port: int, *, cwd: Path, env: dict[str, str], path: str) -> Iterator[None]:
    """The process, once it answers at `path`; ended with all it started."""
    log = Path(tempfile.mkstemp(prefix="aw-bench-", suffix=".log")[1])
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **QUIET, **env},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            _until_up(process, port, path, log)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    log.unlink()


def _until_up(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise SystemExit(f"{path} never answered; the end of {log}:\n{log.read_text(errors='replace')[-2000:]}")


async def asked(port: int, clients: int, seconds: float) -> float:
    """Requests a second that so many clients got, each on a connection of its own."""
    head = f"POST /runs/wait HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    begin = time.perf_counter()

    async def client() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while time.perf_counter() - begin < seconds:
            writer.write(request)
            answer = json.loads(await _answer(reader))
            assert len(answer["seen"]) == 5, answer
            count += 1
        writer.close()
        return count

    counts = await asyncio.gather(*(client() for _ in range(clients)))
    return sum(counts) / (time.perf_counter() - begin)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise SystemExit(head.decode() + (await reader.read(2000)).decode(errors="replace"))
    if b"content-length:" in head:
        return await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


def measured(mine: int, theirs: int, seconds: float, rounds: int) -> dict[int, tuple[float, float]]:
    """Ours and the peer's, in turn: what else the machine does falls on both. By concurrency, medians."""
    for port in (mine, theirs):
        asyncio.run(asked(port, 1, 1.5))  # the first requests of a server pay for its imports
    found: dict[int, list[tuple[float, float]]] = {1: [], 16: []}
    for _ in range(rounds):
        for clients, pairs in found.items():
            pair = [asyncio.run(asked(port, clients, seconds)) for port in (mine, theirs)]
            pairs.append((pair[0], pair[1]))
    return {clients: _middle(pairs) for clients, pairs in found.items()}


def _middle(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The round whose ratio is the median one."""
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]


@contextlib.contextmanager
def our_server() -> Iterator[int]:
    port = _free()
    command = [sys.executable, "-m", "bench.agent", "--serve", str(port)]
    with served(command, port, cwd=ROOT, env={}, path="/health"):
        yield port


@contextlib.contextmanager
def aegra(python: str) -> Iterator[int]:
    from tests.postgres import binaries, running  # noqa: PLC0415  # only this peer needs PostgreSQL

    _environment(AEGRA, python, f"aegra-api=={AEGRA_VERSION}")
    found = binaries()
    if found is None:
        raise SystemExit("Aegra needs PostgreSQL, and there is none on this machine.")
    port = _free()
    with running(found) as postgres, _configured("aegra.json") as folder:
        env = {"DATABASE_URL": postgres.url(), "AEGRA_CONFIG": "aegra.json", "LOG_LEVEL": "WARNING"}
        command = [
            str(AEGRA / "bin" / "uvicorn"),
            "aegra_api.main:app",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        with served([*command, "--no-access-log"], port, cwd=folder, env=env, path="/health"):
            yield port


@contextlib.contextmanager
def langgraph_dev(_: str) -> Iterator[int]:
    if not (STUDIO / "bin" / "langgraph").exists():
        subprocess.run(
            [_uv(), "sync", "--locked", "--no-default-groups", "--group", "studio", "--group", "server",
             "--group", "postgres"],
            cwd=ROOT, env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(STUDIO)}, check=True,
        )  # fmt: skip
    port = _free()
    with _configured("langgraph.json") as folder:
        command = [
            str(STUDIO / "bin" / "langgraph"),
            "dev",
            "--no-browser",
            "--no-reload",
            "--port",
            str(port),
        ]
        env = {"PATH": f"{STUDIO / 'bin'}:{os.environ['PATH']}", "LOG_LEVEL": "WARNING"}
        with served(command, port, cwd=folder, env=env, path="/ok"):
            yield port


@contextlib.contextmanager
def _configured(name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(GRAPH, Path(folder) / "five.py")
        words = {"dependencies": ["."], "graphs": {"five": "./five.py:graph"}}
        (Path(folder) / name).write_text(json.dumps(words))
        yield Path(folder)


def _environment(folder: Path, python: str, *packages: str) -> None:
    if (folder / "bin" / "python").exists():
        return
    subprocess.run([_uv(), "venv", "--quiet", "--python", python, str(folder)], check=True)
    subprocess.run(
        [_uv(), "pip", "install", "--quiet", *packages],
        env={**os.environ, "VIRTUAL_ENV": str(folder)},
        check=True,
    )


def _uv() -> str:
    return shutil.which("uv") or str(ROOT / "build" / "uv" / "bin" / "uv")


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compared(names: list[str], python: str, seconds: float, rounds: int) -> bool:
    peers: dict[str, Callable[[str], contextlib.AbstractContextManager[int]]] = {
        "aegra": aegra,
        "langgraph dev": langgraph_dev,
    }
    is_met = True
    for name in names:
        with our_server() as mine, peers[name](python) as theirs:
            found = measured(mine, theirs, seconds, rounds)
        for clients, (own, other) in found.items():
            figures = f"ours {own:7.1f} r/s   {name} {other:6.1f} r/s   {own / other:5.1f} times"
            print(f"c={clients:<3} {figures}", flush=True)
            is_met &= name != "aegra" or own / other >= GOAL
    return is_met


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    given.add_argument("--peers", nargs="*", default=["aegra", "langgraph dev"])
    given.add_argument("--python", default="3.12", help="for Aegra: a version, or an interpreter's path")
    given.add_argument("--seconds", type=float, default=5.0)
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--serve", type=int, help="serve ours on this port, and nothing else")
    words = given.parse_args()
    if words.serve:
        ours(words.serve)
        return 0
    return 0 if compared(words.peers, words.python, words.seconds, words.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
