"""One call seen from the caller: hand over, keep the deadline, judge what came back.

Nothing the child sends is believed before it is checked.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from core import errors
from core.sandbox import failures, frames, scratch
from core.sandbox.terms import Level, Limits, Outcome

_GRACE_S = 0.4
_TICK_S = 0.1
_TAIL = 16_384
_PATH = re.compile(r"(?<![\w.~])/[^\s'\":,;()]+")


@dataclass
class Conversation:
    """The caller's three ends, and what has arrived on them."""

    limits: Limits
    folder: str
    talk: socket.socket
    noise: int
    watch: socket.socket
    frame: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    printed: int = 0
    started: bool = False
    ended: tuple[int, float, int] | None = None  # wait status, CPU seconds, peak kB
    stopped: errors.AppError | None = None
    pid: int = 0

    def hold(self, request: bytes) -> None:
        """Until the child has ended, by itself or because we stopped it."""
        begun = time.monotonic()
        self.deadline = begun + self.limits.wall_s
        self.talk.settimeout(max(0.01, self.limits.wall_s))
        # A child that died early does not read; its end is reported all the same.
        with contextlib.suppress(OSError):
            self.talk.sendall(request)
        self.talk.setblocking(False)
        self._listen()

    def _listen(self) -> None:
        poll = select.poll()
        takers = {self.talk.fileno(): self._take, self.noise: self._hear, self.watch.fileno(): self._see}
        for fd in takers:
            poll.register(fd, select.POLLIN)
        measured = time.monotonic()
        while True:
            now = time.monotonic()
            if now >= self.deadline and not self._expire():
                return
            for fd, _ in poll.poll(max(1, min(_TICK_S, self.deadline - now) * 1000)):
                if not takers[fd]():
                    poll.unregister(fd)
                    if fd == self.watch.fileno():
                        self._drain(takers)
                        return
            if now - measured >= _TICK_S:
                measured = now
                self._measure()

    def _expire(self) -> bool:
        """False once killing was of no use either."""
        if self.stopped:
            return False
        wall = f"{self.limits.wall_s:g} s"
        self.stop(failures.DeadlinePassed(f"No answer within {wall}: stopped.", wall_s=self.limits.wall_s))
        return True

    def stop(self, error: errors.AppError) -> None:
        """Have the child killed; the first reason counts."""
        if not self.stopped:
            self.stopped = error
            self.deadline = time.monotonic() + _GRACE_S
            with contextlib.suppress(OSError):
                self.watch.shutdown(socket.SHUT_WR)

    def _take(self) -> bool:
        try:
            piece = self.talk.recv(1 << 18)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if len(self.frame) + len(piece) > (self.limits.output_mb << 20) + 4096:
            self.stop(_too_long(self.limits))
        elif not self.stopped:
            self.frame += piece
        return bool(piece)

    def _hear(self) -> bool:
        try:
            piece = os.read(self.noise, 1 << 16)
        except BlockingIOError:
            return True
        self.tail = (self.tail + piece)[-_TAIL:]
        self.printed += len(piece)
        if self.printed > self.limits.output_mb << 20:
            self.stop(_too_long(self.limits))
        return bool(piece)

    def _see(self) -> bool:
        try:
            data = self.watch.recv(frames.REPORT.size)
        except OSError:
            return False
        if len(data) < frames.REPORT.size:
            return False
        letter, number, user, system, peak = frames.REPORT.unpack(data)
        self.started = True
        if letter != frames.ENDED:
            self.pid = number
            return True
        self.ended = (number, user + system, peak)
        return False

    def _measure(self) -> None:
        if not self.stopped and scratch.over(self.folder, self.limits):
            self.stop(
                failures.ScratchFull("The child filled its private folder.", file_mb=self.limits.file_mb)
            )

    def _drain(self, takers: dict[int, Any]) -> None:
        """All writers are dead: what is in the pipes is all there will be."""
        for fd, take in takers.items():
            while fd != self.watch.fileno() and not self.stopped and _ready(fd):
                if not take():
                    break


def _ready(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def judge(talk: Conversation, level: Level, wall_s: float) -> Outcome:
    """The value, or the one error that says what happened."""
    printed = talk.tail.decode("utf-8", "replace")
    try:
        value = _value(talk)
    except errors.AppError as error:
        raise failures.with_printed(error, printed) from None
    assert talk.ended is not None
    _, cpu_s, peak = talk.ended
    return Outcome(value, level, cpu_s, wall_s, peak / 1024, printed)


def _value(talk: Conversation) -> Any:
    if talk.stopped:
        raise talk.stopped
    if talk.ended is None:
        raise failures.ChildDied("The sandbox's process ended while the call ran.")
    size = frames.HEADER.unpack(talk.frame[: frames.HEADER.size])[0] if len(talk.frame) >= 8 else -1
    if size < 0 or len(talk.frame) < size + 8:
        raise _death(talk)
    try:
        answer = frames.unpack(memoryview(talk.frame)[8 : size + 8].tobytes())
    except ValueError as error:
        raise failures.AnswerRefused("The child's answer is not MessagePack.") from error
    if len(talk.frame) > size + 8 or not isinstance(answer, dict) or len(answer) != 1:
        raise failures.AnswerRefused("The child's answer is not one frame of the agreed form.")
    if "value" in answer:
        return answer["value"]
    raise _failure(answer, talk.limits)


def _failure(answer: dict[Any, Any], limits: Limits) -> errors.AppError:
    match answer:
        case {"error": payload} if error := failures.revived(payload):
            return error
        case {"raised": [str(kind), str(line)]}:
            return failures.ChildFailed(f"{kind[:100]}: {_PATH.sub('…', line[:1000])}", exception=kind[:100])
        case {"unpackable": str(line)}:
            return failures.AnswerRefused(f"The function's value is not plain data: {line[:200]}")
        case {"limit": "memory"}:
            return _no_memory(limits)
        case {"limit": "depth"}:
            return failures.TooDeep("The input is nested deeper than the function can follow.")
        case {"limit": "output"}:
            return _too_long(limits)
    return failures.AnswerRefused("The child's answer is not of the agreed form.")


def _death(talk: Conversation) -> errors.AppError:
    """Why it ended without an answer, from its wait status and what it used."""
    assert talk.ended is not None
    status, cpu_s, _ = talk.ended
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu_s >= talk.limits.cpu_s):
        return failures.OutOfTime(f"Stopped after {cpu_s:.0f} s of processor time.", cpu_s=talk.limits.cpu_s)
    if number == signal.SIGKILL or _NO_MEMORY.search(talk.tail):
        return _no_memory(talk.limits)
    if number:
        return failures.ChildDied(f"The child died of {signal.Signals(number).name}.", signal=number)
    return failures.ChildDied(f"The child ended without an answer (exit {os.WEXITSTATUS(status)}).")


# What Rust, C++ and Python say as they give up.
_NO_MEMORY = re.compile(rb"memory allocation of \d+ bytes failed|std::bad_alloc|MemoryError")


def _no_memory(limits: Limits) -> failures.OutOfMemory:
    return failures.OutOfMemory(
        f"More than {limits.memory_mb} MB of memory wanted.", memory_mb=limits.memory_mb
    )


def _too_long(limits: Limits) -> failures.OutputTooLarge:
    return failures.OutputTooLarge(f"More than {limits.output_mb} MB of output.", output_mb=limits.output_mb)
