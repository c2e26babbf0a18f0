"""kill -9 a real server at random moments of an integration over HTTP, and count what is lost or doubled.

    python -m bench.kills [TRIALS=500] [SEED=1] [LANES=2]       one server on SQLite, started again
    python -m bench.kills TRIALS SEED LANES postgres            two servers on one PostgreSQL

Each trial asks for a module, approves its plan and waits for its commit, as a client of the Agent
Server would; meanwhile the server is killed once. Whatever was acknowledged has to end as exactly
one success with exactly one commit, and every effect in the journal has its receipt.
"""

from __future__ import annotations

import contextlib
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from bench import outside
from tests import postgres, processes

T = TypeVar("T")
_STEPS = 50  # a trial that is answered so often without an end is stuck


@dataclass
class Lane:
    """The servers of one store, and a client that goes to whichever of them answers."""

    nursery: processes.Nursery
    client: processes.Client
    homes: list[Path]
    env: dict[str, str]
    servers: list[processes.Server] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    killed: dict[str, int] = field(default_factory=dict)
    slowest_s: float = 0.0
    phase: str = "before"

    def begin(self) -> None:
        self.servers = [self.nursery.serve(home, env=self.env) for home in self.homes]

    def trial(self, name: str, moment_s: float) -> None:
        start = time.monotonic()
        timer = threading.Timer(moment_s, self._strike)
        timer.start()
        try:
            if fault := self._integrated(name):
                self.faults.append(f"{name}, killed after {moment_s:.3f} s: {fault}")
                print(f"FAULT {self.faults[-1]}", flush=True)
        finally:
            timer.cancel()
            timer.join()
        self.phase = "before"
        self.slowest_s = max(self.slowest_s, time.monotonic() - start)

    def mend(self) -> None:
        for place, server in enumerate(self.servers):
            if server.is_over():
                server.kill()
                self.servers[place] = self.nursery.serve(self.homes[place], env=self.env)

    def _strike(self) -> None:
        self.killed[self.phase] = self.killed.get(self.phase, 0) + 1
        with contextlib.suppress(OSError):  # it ended by itself meanwhile, or is being started again
            self.servers[0].signal(9)

    def _integrated(self, name: str) -> str:
        thread = f"thread-{name}"
        self.phase = "asking"
        run = self._answered(lambda url: self.client.ask(url, thread, name))
        self.phase = "planning"
        for _ in range(_STEPS):
            status = self._answered(lambda url: self.client.settled(url, thread))
            if status != "interrupted":
                break
            self.phase = "approving"
            self._answered(lambda url: self.client.approve(url, thread))
            self.phase = "publishing"
        found = self._answered(lambda url: self.client.run(url, thread, run))
        self.phase = "after"
        return "" if found == "success" else f"the run is {found}"

    def _answered(self, question: Callable[[str], T]) -> T:
        """By the first server that does; a dead one is started again when all are."""
        for _ in range(_STEPS):
            for server in self.servers:
                if not server.is_over():
                    with contextlib.suppress(httpx.TransportError):
                        return question(server.url)
            if all(server.is_over(1.0) for server in self.servers):
                self.mend()
        raise AssertionError("no server answers")


@contextlib.contextmanager
def lane(place: Path, *, shared: bool) -> Iterator[Lane]:
    place.mkdir()
    with contextlib.ExitStack() as stack:
        remote = place / "remote.git"
        env = {"AUTOWEAVE_GIT_REMOTE": str(remote), "AUTOWEAVE_STORE_LEASE_S": "10"}
        homes = [place / "home"]
        if shared:
            found = postgres.binaries()
            if found is None:
                sys.exit("no PostgreSQL on this machine")
            env["AUTOWEAVE_STORE_URL"] = stack.enter_context(postgres.running(found)).url()
            homes = [place / "one", place / "two"]
        nursery = stack.enter_context(processes.nursery(place))
        yield Lane(nursery, stack.enter_context(processes.client()), homes, env)


def run(place: Path, number: int, trials: int, seed: int, *, shared: bool) -> Lane:
    """One lane from its start to what is found outside at its end."""
    rng = random.Random(f"{seed}-{number}")
    with lane(place, shared=shared) as found:
        found.begin()
        found.trial("warm-up", 1e6)
        start = time.monotonic()
        found.trial("measured", 1e6)
        whole_s = time.monotonic() - start
        names = [f"loaves-{number}-{count}" for count in range(trials)]
        for count, name in enumerate(names, 1):
            found.trial(name, rng.uniform(0, whole_s))
            found.mend()
            if count % 25 == 0:
                print(f"lane {number}: {count} of {trials}, {len(found.faults)} faults", flush=True)
        url = found.env.get("AUTOWEAVE_STORE_URL", f"sqlite:///{found.homes[0]}/store.db")
        wanted = {"warm-up", "measured", *names}
        found.faults += outside.faults(Path(found.env["AUTOWEAVE_GIT_REMOTE"]), url, wanted)
    return found


def main(trials: int = 500, seed: int = 1, lanes: int = 2, store: str = "sqlite") -> int:
    shared = store == "postgres"
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(lanes) as pool:
        shares = [trials // lanes + (number < trials % lanes) for number in range(lanes)]
        runs = [
            pool.submit(run, Path(place) / str(number), number, share, seed, shared=shared)
            for number, share in enumerate(shares)
        ]
        done = [each.result() for each in runs]
    killed: dict[str, int] = {}
    for each in done:
        for phase, count in each.killed.items():
            killed[phase] = killed.get(phase, 0) + count
    faults = [fault for each in done for fault in each.faults]
    print(f"{trials} trials in {time.monotonic() - start:.0f} s; killed while {killed}")
    print(f"slowest trial {max(each.slowest_s for each in done):.1f} s")
    print(f"{len(faults)} lost or doubled (goal 0)", *faults, sep="\n")
    return len(faults)


if __name__ == "__main__":
    words: list[Any] = [int(word) if word.isdigit() else word for word in sys.argv[1:]]
    sys.exit(bool(main(*words)))
