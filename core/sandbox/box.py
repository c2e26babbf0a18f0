"""The sandbox a caller holds: one zygote behind it, restarted when it died, calls from any thread."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from core.sandbox import call as calls
from core.sandbox import frames, scratch, start
from core.sandbox.failures import CallRefused, StartFailed
from core.sandbox.terms import Level, Limits, Outcome, Report

CODE = ("core", "tools", "graphs", "prompts", "templates")
_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_TRIES = 3


class Sandbox:
    """`with Sandbox(preload=["tools.codegen"]) as box: box.call("tools.codegen:generate", spec)`.

    `preload` names modules, and as `module:function` what is called once before any call: the
    caches it fills are in every child. A child may read the interpreter, the packages `code` under
    `root`, `read`, and what its call names; it may write its own folder under `scratch_root`,
    which is removed after the call.
    """

    def __init__(
        self,
        preload: Sequence[str] = (),
        *,
        level: Level = Level.CONFINED,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        read: Sequence[Path] = (),
        root: Path = start.PROJECT,
        code: Sequence[str] = CODE,
        scratch_root: Path = Path("/tmp"),  # noqa: S108 - folders of our own making inside
        report: Report | None = None,
    ) -> None:
        self.level = level
        self.limits = limits
        self._plan = start.Plan(root, code, preload, level, read, scratch_root)
        self._report = report
        self._zygote: start.Zygote | None = None
        self._lock = threading.Lock()
        self._open = False

    def __enter__(self) -> Self:
        """Starts the zygote, so that a missing level is refused before any work."""
        if self._report and self._report.level < self.level:
            raise start.refuse(self.level, self._report)
        self._zygote = start.launch(self._plan)
        self._open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """No process is left, calls under way included."""
        with self._lock:
            self._open = False
            if self._zygote:
                start.end(self._zygote)
                self._zygote = None

    @property
    def report(self) -> Report | None:
        """What the machine gives, as the zygote found by trying; None before the start."""
        return self._zygote.report if self._zygote else self._report

    @property
    def pid(self) -> int:
        """The zygote's process id, 0 where none runs."""
        return self._zygote.pid if self._zygote else 0

    def call(
        self,
        target: str,
        *args: Any,
        limits: Limits | None = None,
        read: Sequence[Path] = (),
    ) -> Outcome:
        """Run `module:function(*args)` in a child of its own. Plain data in, plain data out."""
        if not _TARGET.fullmatch(target):
            raise CallRefused(f"`{target}` is not `module:function`.")
        limits = limits or self.limits
        begun = time.monotonic()
        talk = self._converse(self._request(target, args, limits, read), limits)
        return calls.judge(talk, self.level, time.monotonic() - begun)

    def _request(
        self, target: str, args: Sequence[Any], limits: Limits, read: Sequence[Path]
    ) -> dict[str, Any]:
        places = [os.path.realpath(path) for path in read]
        if self.level is Level.ISOLATED and not all(self._exists_inside(place) for place in places):
            raise CallRefused("At level `isolated`, what calls read must be inside the sandbox's own `read`.")
        return {"target": target, "args": list(args), "limits": asdict(limits), "read": places}

    def _exists_inside(self, place: str) -> bool:
        roots = map(os.path.realpath, self._plan.read)
        return any(place == root or place.startswith(root.rstrip("/") + "/") for root in roots)

    def _converse(self, request: dict[str, Any], limits: Limits) -> calls.Conversation:
        """Again with a new zygote if the old one was dead before it took the call."""
        for _ in range(_TRIES):
            zygote = self._alive()
            talk = _attempt(zygote, request, limits)
            if talk is None or talk.ended is None:
                self._drop(zygote)
            if talk and (talk.started or talk.stopped):
                return talk
        raise StartFailed("The sandbox's process does not take calls.")

    def _alive(self) -> start.Zygote:
        with self._lock:
            if not self._open:
                raise CallRefused("The sandbox is closed.")
            if self._zygote is None:
                self._zygote = start.launch(self._plan)
            return self._zygote

    def _drop(self, zygote: start.Zygote) -> None:
        """It died, or did not end what it was told to end: its children die with it."""
        with self._lock:
            if self._zygote is zygote:
                self._zygote = None
                start.end(zygote, patience_s=0.0)


def _attempt(zygote: start.Zygote, request: dict[str, Any], limits: Limits) -> calls.Conversation | None:
    """The call's conversation when it is over; None where the zygote has gone."""
    try:
        folder = scratch.make(zygote.folder)
    except FileNotFoundError:
        return None
    try:
        frame = frames.pack({**request, "write": [folder]})
        with contextlib.ExitStack() as ends:
            if talk := _hand_over(zygote, ends, limits, folder):
                talk.hold(frame)
            return talk
    except TypeError as error:
        raise CallRefused(f"The arguments of `{request['target']}` are not plain data: {error}") from error
    finally:
        scratch.remove(folder)


def _hand_over(
    zygote: start.Zygote, ends: contextlib.ExitStack, limits: Limits, folder: str
) -> calls.Conversation | None:
    """A conversation whose other ends the zygote has; None where it is not there to take them."""
    (talk, their_talk), (watch, their_watch) = socket.socketpair(), socket.socketpair()
    noise, their_noise = os.pipe()
    os.set_blocking(noise, False)
    ends.callback(talk.close)
    ends.callback(watch.close)
    ends.callback(os.close, noise)
    try:
        # One message: threads that call at once do not mix.
        socket.send_fds(zygote.control, [b"C"], [their_talk.fileno(), their_noise, their_watch.fileno()])
    except OSError:
        return None
    finally:
        their_talk.close()
        their_watch.close()
        os.close(their_noise)
    return calls.Conversation(limits, folder, talk, noise, watch)
