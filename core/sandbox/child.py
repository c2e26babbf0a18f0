"""What a forked child does: take the request, put up its walls, run the function, answer."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import sys
from dataclasses import replace
from typing import Any

from core import errors
from core.sandbox import confine, frames, native
from core.sandbox.terms import Limits

TALK = 3
_NO_MEMORY = frames.pack({"limit": "memory"})
_TOO_DEEP = frames.pack({"limit": "depth"})
_TOO_LONG = frames.pack({"limit": "output"})


def run(talk: int, noise: int, *, keeper: int, walls: confine.Walls) -> None:
    """Never returns. `keeper` is the zygote: a child does not outlive it. `walls` hold for all calls."""
    try:
        _settle(talk, noise)
        sock = socket.socket(fileno=TALK)
        request = frames.receive(sock)
        limits = Limits(**request["limits"])
        places = (*walls.read, *request["read"])
        _enter(request, keeper, replace(walls, limits=limits, read=places, write=request["write"]))
        sock.sendall(_answer(request, limits))
        _flush()
    except BaseException as error:  # noqa: BLE001 - nothing may return into the zygote's loop
        with contextlib.suppress(BaseException):
            os.write(2, f"sandbox child: {type(error).__name__}: {error}\n".encode())
        os._exit(70)
    os._exit(0)


def _settle(talk: int, noise: int) -> None:
    """Only our own descriptors, only default signals, our own process group."""
    os.setpgid(0, 0)
    os.dup2(noise, 1)
    os.dup2(noise, 2)
    # The zygote keeps 0 to 3 for /dev/null and its own socket, so nothing is overwritten early.
    os.dup2(talk, TALK, inheritable=False)
    os.closerange(TALK + 1, 65536)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _enter(request: dict[str, Any], keeper: int, walls: confine.Walls) -> None:
    sys.dont_write_bytecode = True
    # Not switched on again: a child is short-lived, its memory is bounded, and collecting costs a tenth.
    for folder in request["write"][:1]:
        os.chdir(folder)
        os.environ["HOME"] = os.environ["TMPDIR"] = folder
    if sys.platform == "linux":
        native.prctl(native.SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != keeper:
        os._exit(71)
    confine.enter(walls)


def _answer(request: dict[str, Any], limits: Limits) -> bytes:
    try:
        frame = frames.pack(_outcome(request))
    except MemoryError:
        return _NO_MEMORY
    except RecursionError:
        return _TOO_DEEP
    except (TypeError, ValueError) as error:
        return frames.pack({"unpackable": _words(error)})
    return frame if len(frame) <= limits.output_mb << 20 else _TOO_LONG


def _outcome(request: dict[str, Any]) -> dict[str, Any]:
    try:
        module, _, name = request["target"].partition(":")
        function = getattr(importlib.import_module(module), name)
        return {"value": function(*request["args"])}
    except errors.AppError as error:
        return {"error": error.to_dict()}
    except (MemoryError, RecursionError):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, the caller must hear of it
        return {"raised": [type(error).__name__, _words(error)]}


def _words(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    return lines[-1][:1000].encode("utf-8", "replace").decode()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
