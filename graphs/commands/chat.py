"""The verb about talking: chat."""

from __future__ import annotations

import sys
from typing import Any

import click

from core.terminal import Terminal
from graphs.commands import opening
from graphs.commands.opening import DONE, FAILED


@click.command()
@click.option("--thread", help="The conversation to go on with; a new one if left out.")
@click.option("--tenant", default="main", show_default=True, help="On whose behalf.")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: an object a turn.",
)
@click.option("-q", "--quiet", is_flag=True, help="No prompts on stderr.")
def chat(thread: str | None, tenant: str, form: Any, quiet: bool) -> int:
    """Talk: integrate an API, ask the catalog. A line is a turn; a fenced block is one, too."""
    from core.http.front import Caller  # noqa: PLC0415  # --help needs none of it
    from graphs.assistant import console  # noqa: PLC0415  # as above
    from graphs.assistant.talk import Talk  # noqa: PLC0415  # as above
    from graphs.offered import Offered  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({}, terminal) as (work, _):
        kind = Offered.of(work, files=console.file).assistant
        talk = Talk(kind, Caller(tenant, work.actor), **({"thread": thread} if thread else {}))
        is_well = console.talked(talk, sys.stdin, terminal, is_person=sys.stdin.isatty())
        return DONE if is_well else FAILED


VERBS: tuple[click.Command, ...] = (chat,)
