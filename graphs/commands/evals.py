"""The verb about measuring: eval."""

from __future__ import annotations

import click

from graphs.commands import opening


@click.command(name="eval", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def evaluate(words: tuple[str, ...]) -> None:
    """Measure the assistant, integrate and the catalog over known cases. run, list; -h: their options."""
    opening.become("evals.__main__", words)


VERBS: tuple[click.Command, ...] = (evaluate,)
