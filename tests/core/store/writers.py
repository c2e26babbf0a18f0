"""A program the crash tests run: many writers on one store, some killed in mid-write.

    writers.py race URL COUNT          COUNT processes admit one key at once; prints their run ids
    writers.py claim URL COUNT         COUNT processes claim at once; prints the winners' names
    writers.py kill URL TRIALS SEED    TRIALS writers killed with SIGKILL; prints the acknowledged keys
    writers.py group URL TRIALS SEED   the same with admissions in groups, each with its thread

The library is loaded once and the writers are forked, so thirty trials take seconds.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future

from core import store
from core.store import sql  # before the forks
from core.store.admissions import Admissions


def fork(work: Callable[[int], None]) -> tuple[int, int]:
    """The child's pid and the end to read what it writes."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(out)
        code = 1
        try:
            work(into)
            code = 0
        finally:
            os._exit(code)
    os.close(into)
    return pid, out


def together(url: str, count: int, work: Callable[[sql.Store, int, int], None]) -> None:
    """All children open the store first and start when the last is ready."""
    ready_out, ready_in = os.pipe()
    go_out, go_in = os.pipe()

    def child(number: int) -> Callable[[int], None]:
        def run(into: int) -> None:
            os.close(go_in)
            with store.open(url, busy_s=30) as db:
                os.write(ready_in, b".")
                os.read(go_out, 1)
                work(db, number, into)

        return run

    children = [fork(child(number)) for number in range(count)]
    for _ in children:
        os.read(ready_out, 1)
    os.close(go_in)
    for pid, out in children:
        with os.fdopen(out) as said:
            print(said.read().strip())
        assert os.waitpid(pid, 0)[1] == 0


def admit(db: sql.Store, _number: int, into: int) -> None:
    os.write(into, db.runs.admit("acme", graph="integrate", key="one", input={"n": 1}).id.encode())


def claim(db: sql.Store, number: int, into: int) -> None:
    if db.runs.claim_next(worker=f"w{number}", lease_s=60):
        os.write(into, f"w{number}".encode())


def write_on(url: str, trial: int, into: int) -> None:
    """Admit, and say so only after; then work on the run, until killed."""
    with store.open(url, busy_s=30) as db:
        for number in range(10_000):
            key = f"{trial}-{number}"
            run = db.runs.admit("acme", graph="integrate", key=key, input={"pad": "x" * 3000})
            os.write(into, f"{key}\n".encode())
            held = db.runs.claim("acme", run.id, worker="w", lease_s=60)
            db.effects.record(db.effects.intend(held, "push", key=key, detail={}), {"sha": key})
            db.runs.finish(held, result={"n": number})


def write_groups(url: str, trial: int, into: int) -> None:
    """Twenty admissions on their way at any time; each is said when its future resolves."""
    room = threading.Semaphore(20)

    def say(future: Future[store.Run]) -> None:
        os.write(into, f"{future.result().key}\n".encode())
        room.release()

    with store.open(url, busy_s=30) as db:
        admissions = Admissions(db)
        for number in range(10_000):
            room.acquire()
            key = f"{trial}-{number}"
            future = admissions.admit("acme", graph="integrate", key=key, input={"n": number}, thread=key)
            future.add_done_callback(say)


def kill(url: str, trials: int, seed: int, work: Callable[[str, int, int], None]) -> None:
    dice = random.Random(seed)
    for trial in range(trials):
        pid, out = fork(lambda into, trial=trial: work(url, trial, into))
        said = bytearray()
        for _ in range(dice.randrange(1, 6)):
            said += os.read(out, 4096)
        select.select([], [], [], dice.random() * 0.02)  # a random moment within the next writes
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while piece := os.read(out, 4096):
            said += piece
        os.close(out)
        print(said.decode().rpartition("\n")[0])


if __name__ == "__main__":
    verb, where, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if verb == "race":
        together(where, number, admit)
    elif verb == "claim":
        together(where, number, claim)
    else:
        kill(where, number, int(sys.argv[4]), write_groups if verb == "group" else write_on)
