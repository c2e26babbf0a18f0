"""What goes to a person's or a program's terminal: results to stdout, words to stderr."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TextIO

from core.errors import AppError

USAGE = 64  # sysexits.h: the command was used in a wrong way
Form = Literal["text", "json", "yaml"]


class Words(argparse.ArgumentParser):
    """The words of a root that is a process of its own; a wrong one ends it as every verb does."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"Error: {message}\n")


def wants_color(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """By no-color.org and bixense.com/clicolors: NO_COLOR wins, FORCE_COLOR next, then the terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM", "") != "dumb" and environ.get("CLICOLOR") != "0"


@dataclass(frozen=True)
class Terminal:
    """`quiet` keeps progress back; errors and results are always said."""

    form: Form = "text"
    quiet: bool = False
    color: bool = False

    @classmethod
    def of(cls, form: Form, *, quiet: bool = False) -> Terminal:
        return cls(form, quiet, form == "text" and wants_color(sys.stdout, os.environ))

    @property
    def width(self) -> int:
        """Columns, between 40 and 120."""
        return max(40, min(120, shutil.get_terminal_size((80, 24)).columns))

    def result(self, data: Any, text: str) -> None:
        """The command's answer in the form that was asked for."""
        if self.form == "json":
            text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        elif self.form == "yaml":
            import yaml  # noqa: PLC0415  # only this form needs it

            text = yaml.safe_dump(data, sort_keys=True, allow_unicode=True)
        self.raw(text)

    def raw(self, text: str) -> None:
        """Text that already has its form."""
        out = text if text.endswith("\n") else text + "\n"
        sys.stdout.buffer.write(out.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Progress and hints."""
        if not self.quiet:
            self._err(text)

    def fail(self, problem: AppError | Mapping[str, Any]) -> None:
        """An expected failure: what, where, the next step, and how to learn more."""
        facts = problem.to_dict() if isinstance(problem, AppError) else problem
        if self.form != "text":
            self.result({"problem": dict(facts)}, "")
        self._err(f"error {facts['code']}: {facts['message']}")
        if facts.get("place"):
            self._err(f"  at    {facts['place']}")
        for each in facts.get("facts", {}).get("problems", [])[1:10]:
            self._err(f"        {each['field']}: {each['message']}")
        if facts.get("fix"):
            self._err(f"  next  {facts['fix']}")
        self._err(f"  more  ./autoweave explain {facts['code']}")

    def _err(self, text: str) -> None:
        sys.stderr.buffer.write((_plain(text) + "\n").encode("utf-8", "backslashreplace"))
        sys.stderr.flush()


def _plain(text: str) -> str:
    """Control characters spelled out, so that a document's words cannot drive the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text.replace("\n", " "))
