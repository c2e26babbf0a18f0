"""One line an event, whatever is in it (A112); nobody waits for the reader (F59)."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import json
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core import logs, telemetry
from core.errors import Invalid

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
log = logs.named("tests.logs")


_numbers = itertools.count(500)


class Pipe:
    """Where the lines go; `lines` closes it and reads them."""

    def __init__(self) -> None:
        self._out, file = os.pipe()
        # A number that nobody had before: a writer that an earlier test left hanging must not find it.
        self.file = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, next(_numbers))
        os.close(file)
        self._opened: list[logs.Logs] = []

    def log(self, **options: Any) -> logs.Logs:
        opened = logs.set_up(**{"file": self.file, "form": "json", **options})
        self._opened.append(opened)
        return opened

    def text(self) -> str:
        self.close()
        os.close(self.file)
        self.file = -1
        with open(self._out, encoding="utf-8", newline="", closefd=False) as reader:
            return reader.read()

    def end(self) -> None:
        """Whatever the test left unread is thrown away."""
        if self.file >= 0:
            reader = threading.Thread(target=self.drain)
            reader.start()
            self.close()
            os.close(self.file)
            reader.join()
        os.close(self._out)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().split("\n")[:-1]]

    def read(self, size: int) -> bytes:
        return os.read(self._out, size)

    def drain(self) -> None:
        """Read until the other end is closed."""
        while self.read(1 << 16):
            pass

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    opened = Pipe()
    yield opened
    opened.end()


def test_an_event_is_one_line_with_its_facts(pipe: Pipe) -> None:
    pipe.log()

    log.info("run.claimed", run="r1", tries=2)

    (line,) = pipe.lines()
    assert line.pop("at").endswith("Z")
    assert line == {"level": "info", "event": "run.claimed", "logger": "tests.logs", "run": "r1", "tries": 2}


def test_what_a_run_says_carries_its_ids(pipe: Pipe) -> None:
    pipe.log()

    with logs.about(run="r1"), logs.about(thread="t1"), telemetry.within(TRACE, SPAN):
        log.info("a")
    log.info("b")

    first, second = pipe.lines()
    assert (first["run"], first["thread"], first["trace"], first["span"]) == ("r1", "t1", TRACE, SPAN)
    assert not {"run", "thread", "trace", "span"} & second.keys()


def test_each_task_carries_its_own_run(pipe: Pipe) -> None:
    pipe.log()

    async def work(run: str) -> None:
        with logs.about(run=run):
            await asyncio.sleep(0)
            log.info("a", own=run)

    async def both() -> None:
        await asyncio.gather(work("r1"), work("r2"))

    asyncio.run(both())

    assert all(line["run"] == line["own"] for line in pipe.lines())


@pytest.mark.parametrize(
    "odd",
    [
        "a\nlevel=error", "\x1b[2J", "%s %d %n", "\r", "\x00", "\u2028", "\x9b31m", "\ud800", "\u202e", "ⓔ",
        '"}\n{"event":"forged',
    ],
)  # fmt: skip
def test_no_text_forges_a_line(pipe: Pipe, odd: str) -> None:
    pipe.log()

    log.info(odd, note=odd, **{odd: 1})
    logging.getLogger("other").warning(odd)

    text = pipe.text()
    assert text.count("\n") == 2
    assert text.isascii()
    assert all(char.isprintable() for char in text.replace("\n", ""))
    assert json.loads(text.split("\n")[0])["note"] == odd


@pytest.mark.parametrize("odd", ["a\nlevel=error", "\x1b[2J", "\x9b31m", "\u202e", "\r"])
def test_no_text_drives_a_terminal(pipe: Pipe, odd: str) -> None:
    pipe.log(form="text")

    log.info("a", note=odd)

    text = pipe.text()
    assert text.count("\n") == 1
    assert all(char.isprintable() for char in text.replace("\n", ""))


def test_a_million_characters_are_cut(pipe: Pipe) -> None:
    pipe.log()

    log.info(
        "a", note="x" * 1_000_000, rows=["y" * 1_000_000] * 1000, **{f"f{n}": "z" * 5000 for n in range(1000)}
    )

    text = pipe.text()
    assert len(text) < 20_000
    assert json.loads(text)["event"] == "a"


def test_a_long_fact_says_that_it_was_cut(pipe: Pipe) -> None:
    pipe.log()

    log.info("a", note="x" * 5000)

    assert pipe.lines()[0]["note"] == "x" * logs.LONGEST + "…"


def test_secrets_are_masked(pipe: Pipe) -> None:
    telemetry.known_secret("c4nary-in-the-settings")
    pipe.log()

    log.info("a", password="c4nary-1", given={"token": "c4nary-2"}, note="x c4nary-in-the-settings y")
    logging.getLogger("uvicorn.access").info('%s "GET /x?api_key=c4nary-3"', "127.0.0.1")
    try:
        raise ValueError("password=c4nary-4")
    except ValueError as error:
        log.error("b", error=error)

    text = pipe.text()
    assert text.count("[hidden]") == 6
    assert "c4nary" not in text


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize("odd", [2**80, float("nan"), {1: {2: {3: {4: {5: {6: 7}}}}}}, {1, 2}, b"\xff", None])
def test_any_fact_can_be_written(pipe: Pipe, odd: Any) -> None:
    pipe.log()

    log.info("a", odd=odd)

    assert "odd" in pipe.lines()[0]


def test_a_fact_that_cannot_be_told_costs_its_line_alone(pipe: Pipe) -> None:
    pipe.log()

    log.info("a", odd=Odd())
    log.info("b")

    assert [line["event"] for line in pipe.lines()] == ["logs.unwritable", "b"]


def test_a_fact_does_not_take_the_place_of_the_event(pipe: Pipe) -> None:
    pipe.log()

    log.info("a", level="x", trace="y")

    (line,) = pipe.lines()
    assert (line["level"], line["level_"], line["trace"]) == ("info", "x", "y")


def test_an_unexpected_error_brings_its_traceback(pipe: Pipe) -> None:
    pipe.log()

    try:
        raise ValueError("no")
    except ValueError as error:
        log.error("job.failed", error=error)

    assert "test_logs.py" in pipe.lines()[0]["error"]


def test_an_expected_failure_is_told_by_its_code(pipe: Pipe) -> None:
    pipe.log()

    log.error("job.failed", error=Invalid("The spec is empty."))

    (line,) = pipe.lines()
    assert (line["code"], line["problem"]) == ("AW000", "The spec is empty.")
    assert "error" not in line


def test_other_peoples_records_take_the_same_way(pipe: Pipe) -> None:
    pipe.log()

    logging.getLogger("uvicorn.error").info("Started %s", "x")
    logging.getLogger("somebody").warning("%d", "not a number")

    assert [line["event"] for line in pipe.lines()] == ["Started x", "%d"]


def test_what_is_below_the_level_is_not_written(pipe: Pipe) -> None:
    pipe.log(level="warning")

    log.debug("a")
    log.info("b")
    log.warning("c")

    assert [line["event"] for line in pipe.lines()] == ["c"]


def test_a_person_reads_plain_lines(pipe: Pipe) -> None:
    pipe.log(form="text")

    log.info("run.claimed", run="r1", tries=2)

    assert pipe.text()[9:] == "info     run.claimed run=r1 tries=2\n"


def test_closing_gives_the_standard_library_back(pipe: Pipe) -> None:
    before = (logging.root.level, list(logging.root.handlers))
    opened = pipe.log()

    opened.close()
    opened.close()

    assert (logging.root.level, logging.root.handlers) == before


def test_a_reader_that_stops_costs_lines_and_nobody_waits(pipe: Pipe) -> None:
    opened = pipe.log(most=50)

    for number in range(2000):  # a pipe holds 64 kB, these are 400 kB
        log.info("a", number=number, note="x" * 100)

    assert opened.dropped > 1000


def test_lines_that_were_lost_are_told_once_somebody_reads(pipe: Pipe) -> None:
    opened = pipe.log(most=50)
    for number in range(2000):
        log.info("a", number=number, note="x" * 100)
    text, told = b"", [0]
    while told[-1] < 1000:
        text += pipe.read(1 << 16)
        log.info("again")
        told = [json.loads(line)["lines"] for line in text.split(b"\n")[:-1] if b"logs.dropped" in line] or [
            0
        ]

    assert told[-1] <= opened.dropped


def test_a_blocked_reader_does_not_hold_up_the_end(pipe: Pipe) -> None:
    opened = logs.Writer(pipe.file, most=50)
    for _ in range(200):
        opened.put(b"x" * 10_000)

    opened.close(within_s=0.2)

    assert opened.dropped >= 100


def test_a_pipe_that_does_not_block_loses_nothing(pipe: Pipe) -> None:
    os.set_blocking(pipe.file, False)
    opened = logs.Writer(pipe.file, most=1000)
    for _ in range(100):
        opened.put(b"x" * 9_999 + b"\n")

    text = b""
    while len(text) < 1_000_000:
        text += pipe.read(1 << 16)
    opened.close()

    assert text == (b"x" * 9_999 + b"\n") * 100
    assert opened.dropped == 0


def test_a_reader_that_is_gone_is_counted(pipe: Pipe) -> None:
    out, file = os.pipe()
    os.close(out)
    opened = logs.Writer(file)

    opened.put(b"x\n")
    opened.close()

    assert opened.dropped == 1
    os.close(file)
