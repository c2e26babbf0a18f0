"""Events and their facts, one JSON line each (or one plain line on a terminal), to stderr.

Everything goes through the standard library's logging, so other people's records take the same way:
masked, escaped, cut. Writing never makes anybody wait: a reader that stops reading costs lines, which
are counted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import queue
import select
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Literal

from core import telemetry
from core.errors import AppError
from core.telemetry import mask

Form = Literal["json", "text"]
LONGEST = 2048
"""Characters of one fact that are written."""
_SLACK = 1024  # kept until the mask has run, so that a secret is not cut in two by the limit
_MOST = 40  # facts of one line, and items of one fact
_DEEP = 4
_LINE = 16_384
_UNTOLD = frozenset({"at", "level", "event", "logger", "trace", "span", "error"})  # on a terminal
_KEPT = ("at", "level", "event", "trace", "span", "run")
_NOTHING: Mapping[str, Any] = {}
_about: ContextVar[Mapping[str, Any]] = ContextVar("autoweave_log_facts", default=_NOTHING)


class Log:
    """`log.info("run.claimed", run=run.id)`: the event first, then facts; no sentences."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **facts: Any) -> None:
        self._say(logging.DEBUG, event, facts)

    def info(self, event: str, /, **facts: Any) -> None:
        self._say(logging.INFO, event, facts)

    def warning(self, event: str, /, **facts: Any) -> None:
        self._say(logging.WARNING, event, facts)

    def error(self, event: str, /, *, error: BaseException | None = None, **facts: Any) -> None:
        """With `error`, its traceback; an expected failure is told by its code instead."""
        if isinstance(error, AppError):
            facts = {**facts, "code": error.code, "problem": error.message}
            error = None
        self._say(logging.ERROR, event, facts, error)

    def _say(
        self, level: int, event: str, facts: Mapping[str, Any], error: BaseException | None = None
    ) -> None:
        if self._logger.isEnabledFor(level):
            found = (type(error), error, error.__traceback__) if error is not None else None
            self._logger.log(level, "%s", event, exc_info=found, extra={"facts": facts})


def named(name: str) -> Log:
    """`log = logs.named(__name__)`, at module level."""
    return Log(name)


@contextlib.contextmanager
def about(**facts: Any) -> Iterator[None]:
    """Facts of every line within, such as `run`; async code and its tasks keep their own."""
    before = _about.get()
    _about.set({**before, **facts})
    try:
        yield
    finally:
        _about.set(before)


class Writer:
    """Takes lines without waiting, writes them from a thread of its own, drops and counts the rest."""

    def __init__(self, file: int, *, most: int = 2048) -> None:
        self._file = file
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=most)
        self._lock = threading.Lock()
        self.dropped = 0
        self._thread = threading.Thread(target=self._write, name="logs", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            with self._lock:
                self.dropped += 1

    def close(self, within_s: float = 2.0) -> None:
        """Write what is waiting, if the reader takes it within that time."""
        until = time.monotonic() + within_s
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=within_s)
        self._thread.join(max(0.0, until - time.monotonic()))

    def _write(self) -> None:
        told = 0
        while (line := self._lines.get()) is not None:
            if self.dropped > told:
                told = self.dropped
                line = b'{"event": "logs.dropped", "level": "warning", "lines": %d}\n' % told + line
            try:
                self._all(line)
            except OSError:  # the reader is gone
                with self._lock:
                    self.dropped += 1

    def _all(self, line: bytes) -> None:
        while line:
            try:
                line = line[os.write(self._file, line) :]
            except BlockingIOError:  # somebody made the pipe non-blocking, and it is full
                waiting = select.poll()
                waiting.register(self._file, select.POLLOUT)
                waiting.poll()


class Logs(logging.Handler):
    """Writes every record of this process until it is closed."""

    def __init__(self, writer: Writer, form: Form) -> None:
        super().__init__()
        self._writer = writer
        self._line = _as_json if form == "json" else _as_text
        self._before = (logging.root.level, list(logging.root.handlers))

    @property
    def dropped(self) -> int:
        return self._writer.dropped

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self._line(_facts(record))
        except Exception:  # noqa: BLE001  # facts are anybody's objects; a line must not cost a request
            line = _as_json({"event": "logs.unwritable", "level": "error", "logger": record.name})
        self._writer.put(line.encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Write what is waiting, for two seconds at most, and give the standard library back."""
        if self in logging.root.handlers:
            logging.root.setLevel(self._before[0])
            logging.root.handlers[:] = self._before[1]
            self._writer.close()
        super().close()


def set_up(*, level: str = "info", file: int = 2, form: Form | None = None, most: int = 2048) -> Logs:
    """Log from now on. Unless a form is given, it is text on a terminal and JSON elsewhere."""
    logs = Logs(Writer(file, most=most), form or ("text" if os.isatty(file) else "json"))
    logging.root.handlers[:] = [logs]
    logging.root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):  # they have handlers and levels of their own
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.setLevel(logging.NOTSET)
        theirs.propagate = True
    return logs


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """The line as plain data: short, masked, in the order a reader wants."""
    line: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
        "level": record.levelname.lower(),
        "event": _shown("", _message(record)),
        "logger": _shown("", record.name),
    }
    trace = telemetry.current()
    if trace is not None:
        line |= {"trace": trace[0], "span": trace[1]}
    given = {**_about.get(), **getattr(record, "facts", _NOTHING)}
    for name, value in list(given.items())[:_MOST]:
        line[f"{name}_" if name in line else name] = _shown(name, value)
    if record.exc_info:
        line["error"] = _shown("", "".join(traceback.format_exception(*record.exc_info))[-LONGEST:])
    return line


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  # somebody's arguments do not fit their format
        return str(record.msg)


def _shown(name: str, value: Any) -> Any:
    hidden = mask.masked(name, _bounded(value, 0))
    return _cut(hidden)


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    return value


def _bounded(value: Any, depth: int) -> Any:
    """Plain data of bounded size, whatever it was."""
    if isinstance(value, str):
        return value[: LONGEST + _SLACK]
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth < _DEEP and isinstance(value, Mapping):
        return {str(key): _bounded(each, depth + 1) for key, each in list(value.items())[:_MOST]}
    if depth < _DEEP and isinstance(value, list | tuple | set | frozenset):
        return [_bounded(each, depth + 1) for each in list(value)[:_MOST]]
    return type(value).__name__ if isinstance(value, int) else str(value)[: LONGEST + _SLACK]


def _as_json(line: Mapping[str, Any]) -> str:
    """ASCII alone: no newline, no escape sequence, no separator that only some readers know."""
    text = json.dumps(line)
    if len(text) > _LINE:
        kept = {name: value for name, value in line.items() if name in _KEPT}
        text = json.dumps({**kept, "event": str(line["event"])[:200], "cut": len(text)})
    return text + "\n"


def _as_text(line: Mapping[str, Any]) -> str:
    facts = {name: value for name, value in line.items() if name not in _UNTOLD}
    told = " ".join(f"{name}={value}" for name, value in facts.items())
    first = f"{line['at'][11:19]} {line['level']:<8} {line['event']} {told}".rstrip()
    below = [f"    {each}" for each in str(line.get("error", "")).splitlines()]
    return "".join(f"{_printable(each)[:_LINE]}\n" for each in (first, *below))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
