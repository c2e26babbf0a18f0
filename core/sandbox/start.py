"""Start a zygote: a fresh interpreter with a clean environment and no descriptor of ours."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from core.sandbox import bubble, frames, scratch
from core.sandbox.failures import SandboxUnavailable, StartFailed
from core.sandbox.terms import Level, Report

PROJECT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}
_MAIN = "import sys; sys.path[:0] = sys.argv[1:]; from core.sandbox.zygote import main; main()"
_START_S = 60.0
_NO_BUBBLE = "bubblewrap (`bwrap`) is not installed"
_DEAD_BUBBLE = "bubblewrap does not start here (no user namespaces, as in most containers)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a zygote is to be: `code` are packages under `root` that a child may read."""

    root: Path
    code: Sequence[str]
    preload: Sequence[str]
    level: Level
    read: Sequence[Path] = ()
    scratch_root: Path = Path("/tmp")  # noqa: S108 - folders of our own making inside


@dataclass(frozen=True, slots=True)
class Zygote:
    """A running one. `folder` holds its calls' private folders and goes with it."""

    pid: int
    control: socket.socket
    report: Report
    folder: str


def launch(plan: Plan) -> Zygote:
    """A ready zygote; SandboxUnavailable where this machine cannot give the level."""
    if plan.level is Level.ISOLATED and not bubble.find():
        raise refuse(plan.level, Report(Level.CONFINED, (_NO_BUBBLE,), 0, sys.platform))
    ours, theirs = socket.socketpair()
    folder = ""
    try:
        folder = scratch.make(os.path.realpath(plan.scratch_root))
        pid = _spawn(plan, folder, theirs)
    except OSError as error:
        ours.close()
        scratch.remove(folder)
        raise StartFailed(f"The sandbox's process could not be started: {error.strerror}") from error
    finally:
        theirs.close()
    try:
        return Zygote(pid, ours, _greet(plan, folder, ours), folder)
    except BaseException:
        _end(pid, ours, 2.0)
        scratch.remove(folder)
        raise


def end(zygote: Zygote, *, patience_s: float = 2.0) -> None:
    """Let it go: it kills its children when the socket closes. Killed itself if it does not."""
    _end(zygote.pid, zygote.control, patience_s)
    scratch.remove(zygote.folder)


def _end(pid: int, control: socket.socket, patience_s: float) -> None:
    control.close()
    deadline = time.monotonic() + patience_s
    with contextlib.suppress(ChildProcessError):
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > deadline:
                break
            time.sleep(0.001)
        # Before it is reaped: until then its number is its own. bubblewrap leaves a process
        # behind it for a moment.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@cache
def probe() -> Report:
    """The best level of this machine, found by trying it in a child, once per process."""
    reasons: tuple[str, ...] = ()
    for level in (Level.ISOLATED, Level.CONFINED):
        try:
            zygote = launch(Plan(PROJECT, (), (), level))
        except SandboxUnavailable as error:
            reasons = (*error.facts["reasons"], *(reasons if level is Level.CONFINED else ()))
            continue
        end(zygote)
        return replace(zygote.report, reasons=reasons)
    return Report(Level.PROCESS, tuple(dict.fromkeys(reasons)), 0, sys.platform)


def refuse(wanted: Level, report: Report) -> SandboxUnavailable:
    why = "; ".join(report.reasons) or f"it gives {report.level.flag}"
    return SandboxUnavailable(
        f"This machine cannot give the sandbox level `{wanted.flag}`: {why}.",
        wanted=wanted.flag,
        available=report.level.flag,
        reasons=list(report.reasons),
        abi=report.landlock_abi,
    )


def _spawn(plan: Plan, folder: str, theirs: socket.socket) -> int:
    # -I -S: no user site, no PYTHON* variables, no .pth code; the search path is ours, as it is.
    line = [os.path.realpath(sys.executable), "-I", "-S", "-c", _MAIN, *_path(plan)]
    if plan.level is Level.ISOLATED:
        line = bubble.wrap(line, read=_readable(plan), write=[folder])
    actions: list[Any] = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)]
    actions += [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    return os.posix_spawn(
        line[0], line, _ENVIRONMENT, file_actions=actions, setsid=True, setsigdef=_SIGNALS, setsigmask=()
    )


def _path(plan: Plan) -> list[str]:
    """Our own code first: an installed package named `core` must not win."""
    places = (str(PROJECT), str(plan.root), *sys.path)
    return list(dict.fromkeys(os.path.realpath(place) for place in places if place.startswith("/")))


_SIGNALS = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP)


def _greet(plan: Plan, folder: str, control: socket.socket) -> Report:
    control.settimeout(_START_S)
    try:
        control.sendall(frames.pack({**_config(plan), "folder": folder}))
        ready = frames.receive(control)
    except (OSError, EOFError) as error:
        if plan.level is Level.ISOLATED:
            raise refuse(plan.level, Report(Level.CONFINED, (_DEAD_BUBBLE,), 0, sys.platform)) from error
        raise StartFailed("The sandbox's process ended while it started.") from error
    reasons, abi = tuple(ready["reasons"]), ready["abi"]
    best = Level.PROCESS if reasons else max(Level.CONFINED, plan.level)
    report = Report(best, reasons, abi, sys.platform)
    if ready.get("failed") == "level":
        raise refuse(plan.level, report)
    if "failed" in ready:
        raise StartFailed(f"The sandbox could not load its modules: {ready['failed']}")
    return report


def _config(plan: Plan) -> dict[str, Any]:
    return {
        "code": [name for name in plan.code if (plan.root / name / "__init__.py").exists()],
        "preload": list(plan.preload),
        "level": int(plan.level),
        "read": _readable(plan),
    }


def _readable(plan: Plan) -> list[str]:
    """The interpreter, its packages, our own code: never the whole project, which holds `.git`,
    the store and what users keep there."""
    root = str(plan.root)
    installed = [
        entry for entry in sys.path if entry.startswith("/") and not root.startswith(entry.rstrip("/"))
    ]
    ours = [str(PROJECT / "core"), *(str(plan.root / name) for name in plan.code)]
    places = (sys.prefix, sys.base_prefix, sys.exec_prefix, *installed, *ours, *map(str, plan.read))
    return list(dict.fromkeys(os.path.realpath(place) for place in places))
