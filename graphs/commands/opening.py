"""What each verb opens first: the settings, a session, an answer in the form that was asked for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import AppError
from core.terminal import Terminal

if TYPE_CHECKING:
    from graphs.doctor import Around
    from graphs.integrate.request import Request
    from graphs.integrate.session import Session

    Requester = Callable[[str], Request]

ROOT = Path(__file__).resolve().parents[2]
DONE, FAILED, CHANGES, USAGE, INTERRUPTED = 0, 1, 2, 64, 130


@contextlib.contextmanager
def session(given: Mapping[str, Any], terminal: Terminal) -> Iterator[tuple[Session, Requester]]:
    """The opened session, and how to make a request from a spec's name.

    An expected failure inside it is shown in the form that was asked for, and ends the command.
    """
    switch()
    from core import settings  # noqa: PLC0415  # --help needs none of it
    from graphs import means  # noqa: PLC0415  # as above
    from graphs.integrate import asking  # noqa: PLC0415  # as above
    from graphs.integrate import session as sessions  # noqa: PLC0415  # as above

    try:
        known = settings.load(_flags(given), environ=os.environ, folder=Path.cwd())
        traced = _traced(terminal) if given.get("trace") else contextlib.nullcontext()
        with traced, sessions.opened(means.of(known), terminal.say) as work:

            def request(spec: str) -> Request:
                work.reads = asking.folders(spec, given.get("root"))
                version = known.kubernetes.version
                get = work.means.fetch
                return asking.request(spec, given, work.child, kubernetes=version, fetch=get)

            yield work, request
    except AppError as error:
        terminal.fail(error)
        raise click.exceptions.Exit(FAILED) from error


@contextlib.contextmanager
def _traced(terminal: Terminal) -> Iterator[None]:
    """Keeps the spans of one command in memory, and prints them at its end, however it ends."""
    from core import telemetry  # noqa: PLC0415  # OpenTelemetry: 0.1 CPU s, and only with --trace
    from core.telemetry.tree import tree  # noqa: PLC0415  # as above

    recording = telemetry.set_up(keep=500)
    try:
        with telemetry.span("autoweave"):
            yield
    finally:
        for line in tree(recording.spans()).splitlines():
            terminal.say(line)
        recording.close()


def around() -> Around:
    """What a server started here would use."""
    from core import settings  # noqa: PLC0415  # as above
    from graphs import doctor, means  # noqa: PLC0415  # as above

    known = settings.load({}, environ=os.environ, folder=Path.cwd())
    return doctor.Around(
        host=known.serve.host,
        port=known.serve.port,
        queue_url=means.queue_url(known),
        endpoint=known.telemetry.endpoint or "",
    )


def _flags(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are settings, too; a path as remote replaces the default repository."""
    from graphs.integrate import asking  # noqa: PLC0415  # as above

    remote = given.get("git_remote")
    own = str(Path(remote).absolute()) if remote and not asking.is_address(remote) else None
    return {"sandbox.level": given.get("sandbox"), "git.remote": own}


def become(root: str, words: tuple[str, ...]) -> None:
    """Put another root in this process's place: signals and exit codes are then its own."""
    sys.stderr.flush()
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); import importlib; "
    call = f"importlib.import_module({root!r}).main(sys.argv[1:])"
    os.execv(sys.executable, [sys.executable, "-I", "-X", "utf8", "-c", start + call, str(ROOT), *words])  # noqa: S606  # no shell is wanted


def switch() -> None:
    from core.switches import SWITCHES  # noqa: PLC0415  # as above

    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
