"""The conversation in a terminal or a pipe: words as they come, the plan with its diff, a typed answer."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from core.errors import AppError
from graphs.assistant.talk import Talk, Turn
from graphs.integrate import asking

if TYPE_CHECKING:
    from core.terminal import Terminal

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")


def talked(talk: Talk, lines: TextIO, terminal: Terminal, *, is_person: bool) -> bool:
    """Every line a turn, until there are no more; whether all of them went well."""
    return Console(talk, terminal, is_person).run(lines)


@dataclass
class Console:
    talk: Talk
    terminal: Terminal
    is_person: bool
    turn: Turn | None = None
    heard: str = ""

    def run(self, lines: TextIO) -> bool:
        self.terminal.say(f"Thread {self.talk.thread} (go on later with --thread). End with Ctrl-D.")
        is_well = True
        self.turn = self.talk.left(_ignored)
        if self.turn is not None:
            self._show(self.turn)
        for text in messages(lines, self._prompt):
            self.turn = self._said(text)
            self._show(self.turn)
            is_well = is_well and self.turn.problem is None
        if self.turn is not None and self.turn.question:
            self.terminal.say(f"The plan still waits: ./autoweave chat --thread {self.talk.thread}")
        return is_well

    def _said(self, text: str) -> Turn:
        self.heard = ""
        try:
            return self.talk.said(text, self._hear)
        except AppError as error:
            return Turn("", "", error.to_dict())

    def _hear(self, piece: str) -> None:
        self.heard += piece
        if self.terminal.form == "text":
            _write(sys.stdout, piece)

    def _show(self, turn: Turn) -> None:
        if self.terminal.form != "text":
            _write(sys.stdout, json.dumps(turn.to_dict(self.talk.thread), ensure_ascii=False) + "\n")
            return
        is_heard = bool(turn.problem) or self.heard.endswith(turn.reply)
        if self.heard or not is_heard:
            _write(sys.stdout, "\n" if is_heard else f"{turn.reply}\n")
        if turn.problem:
            self.terminal.fail(turn.problem)
        if turn.question:
            _write(sys.stdout, f"\n{turn.question}\n\nType approve, or reject: why.\n")

    def _prompt(self) -> None:
        if self.is_person and not self.terminal.quiet:
            _write(sys.stderr, "answer> " if self.turn is not None and self.turn.question else "you> ")


def messages(lines: TextIO, prompt: Callable[[], None]) -> Iterator[str]:
    """A line each, or all of a fenced block that a line opens."""
    prompt()
    for line in lines:
        text, fence = line, _FENCE.match(line)
        while fence is not None and (more := lines.readline()):
            text += more
            if more.strip().startswith(fence[1]):
                break
        if text.strip():
            yield text.strip()
        prompt()


def file(name: str) -> str | None:
    """A file that a message names. What looks like a path must be one; a bare name may be anything."""
    path = Path(name).expanduser()
    if "/" not in name and not path.is_file():
        return None
    return asking.text(path)


def _ignored(piece: str) -> None:
    """What is left of an earlier turn is shown whole."""


def _write(stream: TextIO, text: str) -> None:
    """Control characters are spelled out: a model's words do not drive the terminal."""
    shown = "".join(each if each.isprintable() or each in "\n\t" else ascii(each)[1:-1] for each in text)
    stream.buffer.write(shown.encode("utf-8", "backslashreplace"))
    stream.flush()
