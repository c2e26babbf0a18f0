"""Real servers and workers, each a process that a test may kill, and a client that speaks to them.

    with processes.nursery() as nursery:
        server = nursery.serve(home)
        server.kill()

The nursery is a process that has imported everything; it forks one server for each order, so that a
start costs its own work only. `python -m tests.processes` is that process.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
_nap = threading.Event()
SPEC = """\
openapi: 3.1.0
info: {title: %s, version: 1.0.0}
security: []
paths:
  /loaves:
    get:
      operationId: listLoaves
      summary: All loaves
      responses:
        '200':
          description: The loaves
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Loaves'}
components:
  schemas:
    Loaves: {type: array, items: {$ref: '#/components/schemas/Loaf'}}
    Loaf: {type: object, required: [name], properties: {name: {type: string}, grams: {type: integer}}}
"""


def until(is_so: Callable[[], Any], *, within_s: float = 60.0, every_s: float = 0.02) -> Any:
    """Another process is looked at again and again: nothing here could wake us."""
    end = time.monotonic() + within_s
    while not (found := is_so()):
        assert time.monotonic() < end, "it did not come about"
        _nap.wait(every_s)
    return found


class Process:
    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log
        try:
            self._handle = os.pidfd_open(pid)
        except ProcessLookupError:
            raise AssertionError(log.read_text()) from None

    def signal(self, number: int) -> None:
        signal.pidfd_send_signal(self._handle, number)

    def is_over(self, within_s: float = 0.0) -> bool:
        return bool(select.select([self._handle], [], [], within_s)[0])

    def kill(self) -> None:
        """SIGKILL, and its end; once."""
        if self._handle >= 0:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            assert self.is_over(30)
            os.close(self._handle)
            self._handle = -1


class Server(Process):
    url: str


@dataclass
class Client:
    """The few calls of the Agent Server that an integration takes, over any of the servers."""

    http: httpx.Client

    def ask(self, url: str, thread: str, name: str) -> str:
        """The run's id once it is acknowledged, also if an earlier try was and nobody heard of it."""
        http = self.http
        http.post(f"{url}/threads", json={"thread_id": thread, "if_exists": "do_nothing"}).raise_for_status()
        module = {"spec": SPEC % name, "name": name, "image": f"registry.example.com/{name}:1.0.0"}
        body = {"assistant_id": "integrate", "input": module}
        answer = http.post(f"{url}/threads/{thread}/runs", json=body)
        if answer.status_code == 409:  # it is under way: the first try was heard
            return str(http.get(f"{url}/threads/{thread}/runs").raise_for_status().json()[0]["run_id"])
        return str(answer.raise_for_status().json()["run_id"])

    def status(self, url: str, thread: str) -> str:
        return str(self.http.get(f"{url}/threads/{thread}").raise_for_status().json()["status"])

    def approve(self, url: str, thread: str) -> bool:
        """False where nothing waits for an answer (any more)."""
        body = {
            "assistant_id": "integrate",
            "command": {"resume": {"decisions": [{"type": "approve"}]}},
        }
        answer = self.http.post(f"{url}/threads/{thread}/runs", json=body)
        if answer.status_code == 409:
            return False
        answer.raise_for_status()
        return True

    def run(self, url: str, thread: str, run: str) -> str:
        """`success`, `error` or `interrupted`. A slow server says `running` of a run that has ended, too."""

        def look() -> str:
            answer = self.http.get(f"{url}/threads/{thread}/runs/{run}").raise_for_status()
            return str(answer.json()["status"])

        return str(until(lambda: (status := look()) not in ("pending", "running") and status))

    def settled(self, url: str, thread: str, *, within_s: float = 60.0) -> str:
        """`interrupted`, `idle` or `error`: when nothing more happens by itself."""
        return str(
            until(
                lambda: (status := self.status(url, thread)) != "busy" and status,
                within_s=within_s,
            )
        )


class Nursery:
    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._born: list[Process] = []

    def serve(self, home: Path, *, env: Mapping[str, str] | None = None, wait: bool = True) -> Server:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        pid, log = self._fork("serve", ["--port", str(port)], home, env or {})
        server = Server(pid, log)
        self._born.append(server)
        server.url = f"http://127.0.0.1:{port}"
        if wait:
            until(lambda: _answers(server))
        return server

    def work(self, home: Path, *, env: Mapping[str, str] | None = None) -> Process:
        worker = Process(*self._fork("work", [], home, env or {}))
        self._born.append(worker)
        until(lambda: _says(worker, "worker.working"))
        return worker

    def end(self) -> None:
        for process in self._born:
            process.kill()

    def _fork(self, what: str, words: list[str], home: Path, env: Mapping[str, str]) -> tuple[int, Path]:
        log = self._folder / f"{what}-{len(self._born)}.log"
        log.touch()
        order = {"what": what, "words": words, "env": {"AUTOWEAVE_HOME": str(home), **env}, "log": str(log)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline()), log


@contextlib.contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.processes"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        found = Nursery(process, folder)
        try:
            yield found
        finally:
            found.end()


@contextlib.contextmanager
def client() -> Iterator[Client]:
    with httpx.Client(timeout=30, trust_env=False) as http:
        yield Client(http)


def _answers(server: Server) -> bool:
    assert not server.is_over(), f"it ended by itself: {server.log.read_text()}"
    try:
        return httpx.get(f"{server.url}/health", trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


def _says(process: Process, event: str) -> bool:
    text = process.log.read_text()
    assert not process.is_over(), text
    return f'"{event}"' in text


def _main() -> None:
    from core.switches import SWITCHES

    os.environ.update(SWITCHES)
    import langgraph.checkpoint.sqlite  # noqa: F401  # what a start would import, once for all

    import server
    from graphs import worker
    from graphs.integrate import graph, served, session  # noqa: F401  # as above

    with contextlib.suppress(ImportError):
        import bullmq  # type: ignore[import-untyped]  # noqa: F401  # as above
        import psycopg_pool  # noqa: F401  # as above
    from core.store import sql  # noqa: F401  # as above

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children here
    mains = {"serve": server.main, "work": worker.main}
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order, mains[order["what"]])
        print(pid, flush=True)


def _become(order: dict[str, Any], main: Callable[[list[str]], None]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: none outlives the nursery
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for handle, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(handle, place)
    os.environ.update(order["env"])
    code = 1
    try:
        main(order["words"])
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001  # told in the log, where whoever waits for the server looks
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _main()
