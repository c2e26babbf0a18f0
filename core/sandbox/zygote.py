"""The process that children are forked from. It preloads modules, stays single-threaded, and
only forks, kills and reaps; it never reads what a call is about.

The caller sends three descriptors for each call: `talk` and `noise` go to the child, `watch`
stays here. The child's end is reported on `watch`; `watch` shut by the caller means kill.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import Any

from core.sandbox import child, confine, frames, landlock, native, scratch, seccomp
from core.sandbox.terms import Level, Limits

CONTROL = 3


def main() -> None:
    """Entry of the fresh interpreter: its configuration is the first frame on descriptor 3."""
    os.closerange(CONTROL + 1, 65536)
    control = socket.socket(fileno=CONTROL)
    os.set_inheritable(CONTROL, False)
    if sys.platform == "linux":
        # Until we watch the socket; cleared later, because it fires when the *thread* that
        # started us ends.
        native.prctl(native.SET_PDEATHSIG, int(signal.SIGKILL))
    gc.disable()
    config = frames.receive(control)
    ready = _prepare(config)
    control.sendall(frames.pack(ready))
    if "failed" not in ready:
        level, abi = Level(config["level"]), ready["abi"]
        if level >= Level.CONFINED:
            seccomp.assemble(os.uname().machine, processes=False, signals=False)
        walls = confine.Walls(level, Limits(), config["read"], (), abi, confine.reserved())
        _Keeper(control, walls, config["folder"]).serve()


def _prepare(config: dict[str, Any]) -> dict[str, Any]:
    abi = landlock.abi() if sys.platform == "linux" else 0
    reasons = missing(abi)
    if config["level"] > Level.PROCESS and reasons:
        return {"failed": "level", "abi": abi, "reasons": reasons}
    try:
        for name in (*config["code"], *config["preload"]):
            module, _, function = name.partition(":")
            loaded = importlib.import_module(module)
            if function:
                getattr(loaded, function)()
    except Exception as error:  # noqa: BLE001 - an import may raise anything; the caller is told
        return {"failed": f"{type(error).__name__}: {error}", "abi": abi, "reasons": reasons}
    # What is loaded now is never collected, so a child's collections do not copy its pages.
    gc.freeze()
    if sys.platform == "linux":
        native.prctl(native.SET_PDEATHSIG, 0)
        native.prctl(native.SET_CHILD_SUBREAPER, 1)
    return {"abi": abi, "reasons": reasons}


def missing(abi: int) -> list[str]:
    """What keeps this machine from CONFINED, found by really confining a child."""
    if sys.platform != "linux":
        return [f"{sys.platform} has neither Landlock nor seccomp"]
    reasons = [] if abi else ["the kernel has no Landlock (Linux 5.13 or newer, switched on)"]
    if not seccomp.known():
        return [*reasons, f"no seccomp table for {os.uname().machine}"]
    native.load()
    if not reasons and (status := _trial(abi)):
        reasons = [_TRIAL.get(status, "confining a child failed")]
    return reasons


_TRIAL = {1: "Landlock or seccomp is refused here", 2: "Landlock does not hold", 3: "seccomp does not hold"}


def _trial(abi: int) -> int:
    """0 if a child loses a file it could read, and its sockets."""
    if not (pid := os.fork()):
        try:
            confine.enter(confine.Walls(Level.CONFINED, Limits(), (), (), abi))
            os._exit(2 if _opens("/") else 3 if _socket() else 0)
        except BaseException:  # noqa: BLE001 - the exit status is the answer
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _opens(path: str) -> bool:
    try:
        os.listdir(path)  # noqa: PTH208 - one call, no object
    except OSError:
        return False
    return True


def _socket() -> bool:
    try:
        socket.socket(socket.AF_UNIX)
    except OSError:
        return False
    return True


@dataclass
class _Keeper:
    """Forks, kills and reaps. `calls` maps a child's pid to its `watch` descriptor."""

    control: socket.socket
    walls: confine.Walls
    folder: str
    calls: dict[int, int] = field(default_factory=dict)

    def serve(self) -> None:
        wake, poke = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(poke, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(poke, warn_on_full_buffer=False)
        self.poll = select.poll()
        self.poll.register(CONTROL, select.POLLIN)
        self.poll.register(wake, select.POLLIN)
        while True:
            for fd, _ in self.poll.poll():
                if fd == CONTROL:
                    self._admit()
                elif fd == wake:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake, 4096)
                    self._reap()
                else:
                    self._kill(fd)

    def _admit(self) -> None:
        try:
            letter, fds, _, _ = socket.recv_fds(self.control, 1, 3)
        except OSError:
            letter, fds = b"", []
        if not letter:
            self._leave()
        talk, noise, watch = fds
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if not pid:
            child.run(talk, noise, keeper=parent, walls=self.walls)
        os.close(talk)
        os.close(noise)
        if pid < 0:
            os.close(watch)
            return
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self.calls[pid] = watch
        self.poll.register(watch, select.POLLIN)
        _tell(watch, frames.STARTED, pid)

    def _kill(self, watch: int) -> None:
        self.poll.unregister(watch)
        for pid, fd in self.calls.items():
            if fd == watch:
                _kill_group(pid)

    def _reap(self) -> None:
        while True:
            try:
                dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if dead is None:
                return
            if dead.si_pid in self.calls:
                self._end(dead.si_pid)
            else:
                os.waitpid(dead.si_pid, 0)

    def _end(self, pid: int) -> None:
        """The whole group goes before the caller hears of it: nothing is left behind."""
        _kill_group(pid)
        _, status, usage = os.wait4(pid, 0)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-pid, 0)
        watch = self.calls.pop(pid)
        if self.walls.level == Level.PROCESS:
            self._sweep()
        with contextlib.suppress(KeyError):
            self.poll.unregister(watch)
        _tell(watch, frames.ENDED, status, usage)
        os.close(watch)

    def _sweep(self) -> None:
        """Kill what left its group by setsid: without walls it can, and then becomes ours."""
        while strays := [pid for pid in _children() if pid not in self.calls]:
            for pid in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for pid in strays:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _leave(self) -> None:
        """The caller has gone: so do we all."""
        for pid in list(self.calls):
            _kill_group(pid)
        for pid in list(self.calls):
            self._end(pid)
        # A caller that was killed could not remove it.
        scratch.remove(self.folder)
        os._exit(0)


def _children() -> list[int]:
    own = os.getpid()
    try:
        with open(f"/proc/self/task/{own}/children", encoding="ascii") as lines:  # noqa: PTH123 - light
            return [int(word) for word in lines.read().split()]
    except OSError:
        return []


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _tell(watch: int, letter: bytes, number: int, usage: resource.struct_rusage | None = None) -> None:
    user, system, peak = (usage.ru_utime, usage.ru_stime, usage.ru_maxrss) if usage else (0.0, 0.0, 0)
    with contextlib.suppress(OSError):
        os.write(watch, frames.REPORT.pack(letter, number, user, system, peak))
