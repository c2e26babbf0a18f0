"""Functions that misbehave, for a child to run. Not a test itself; nothing happens at import."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
from typing import Any

from core import errors


class Known(errors.Invalid):
    """An expected failure with a code of its own."""

    code = "AW198"


def echo(value: Any) -> Any:
    return value


def nothing() -> None:
    return None


def spin() -> None:
    while True:
        pass


def sleep(seconds: float) -> str:
    select.select([], [], [], seconds)
    return "slept"


def sleep_unwakeable() -> None:
    """Ignores every signal that can be ignored."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    while True:
        select.select([], [], [], 60)


def spin_unwakeable() -> None:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    spin()


def eat_memory() -> int:
    pieces = []
    while True:
        pieces.append(bytearray(16 << 20))


def recurse(value: int = 0) -> int:
    return recurse(value + 1) + 1


def print_much(megabytes: int) -> str:
    piece = b"x" * (1 << 20)
    for _ in range(megabytes):
        os.write(1, piece)
    return "printed"


def answer_much(megabytes: int) -> bytes:
    return b"x" * (megabytes << 20)


def print_some(text: str) -> str:
    print(text)
    print(text, file=sys.stderr)
    return "done"


def die(how: str) -> None:
    match how:
        case "exit":
            os._exit(0)
        case "abort":
            os.abort()
        case "segfault":
            ctypes.string_at(0)
        case "system_exit":
            sys.exit(3)


def fail(kind: str) -> None:
    match kind:
        case "value":
            raise ValueError("first line\nread /etc/secret/place.txt: bad value")
        case "known":
            raise Known("The title is missing.", place="/info/title", fix="Add it.", keys=["a"])


def forge(code: str) -> None:
    error = Known("forged")
    error.code = code  # type: ignore[misc]
    raise error


def garble(hexed: str) -> None:
    """Write bytes of our own to the answer channel, and leave."""
    os.write(3, bytes.fromhex(hexed))
    os._exit(0)


def cycle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def thing() -> object:
    return object()


def environment() -> dict[str, str]:
    return dict(os.environ)


def own_folder() -> str:
    with open("note", "w") as note:
        note.write("x")
    return os.getcwd()


def clutter(files: int) -> None:
    for at in range(files):
        os.close(os.open(f"f{at}", os.O_CREAT | os.O_WRONLY))
    select.select([], [], [], 60)


def fill(megabytes: int) -> None:
    for at in range(megabytes):
        with open(f"f{at}", "wb") as file:
            file.write(b"x" * (1 << 20))
    select.select([], [], [], 60)


def nest(depth: int) -> str:
    """A deep tree with a closed folder at its end; its top is the answer."""
    top = os.getcwd()
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    os.mkdir("closed", mode=0)
    return top


def read_file(path: str) -> str:
    with open(path) as file:
        return file.read()


def descriptors() -> list[int]:
    found = []
    for fd in range(256):
        with contextlib.suppress(OSError):
            os.fstat(fd)
            found.append(fd)
    return found


def fork_bomb() -> None:
    while True:
        with contextlib.suppress(OSError):
            os.fork()


def daemonise(seconds: float) -> str:
    """Leave the process group where that is allowed, and stay when the parent ends."""
    if os.fork():
        return "left one behind"
    with contextlib.suppress(OSError):
        os.setsid()
    if os.fork():
        os._exit(0)
    select.select([], [], [], seconds)
    os._exit(0)


def close_everything() -> None:
    os.closerange(0, 256)
    select.select([], [], [], 60)


def kill_parent(number: int) -> str:
    os.kill(os.getppid(), number)
    return "signalled"


def threads(count: int) -> int:
    import threading

    done: list[int] = []
    workers = [threading.Thread(target=done.append, args=(at,)) for at in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(done)


def loop_once() -> str:
    """An asyncio loop wants a socket pair."""
    import asyncio

    async def main() -> str:
        return "ran"

    return asyncio.run(main())


def shell(word: str) -> str:
    import subprocess

    return subprocess.check_output(["/bin/echo", word], text=True).strip()
