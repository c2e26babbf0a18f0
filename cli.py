"""The command line: its verbs together, and how it ends. Nobody imports it."""

from __future__ import annotations

import os
import sys

import click

from core.errors import AppError
from core.terminal import Terminal
from core.version import VERSION
from graphs.commands import catalog, chat, evals, machine, modules, serving
from graphs.commands.opening import DONE, FAILED, INTERRUPTED, USAGE


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, "-V", "--version", prog_name="autoweave")
def app() -> None:
    """Turn a description of software into software that runs, is reviewed and can be traced."""


for _verb in (*modules.VERBS, *catalog.VERBS, *chat.VERBS, *serving.VERBS, *evals.VERBS, *machine.VERBS):
    app.add_command(_verb)


@app.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script; use it as: eval "$(./autoweave completion bash)"."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # only this command needs it

    found = get_completion_class(shell)
    assert found is not None
    Terminal.of("text").result({}, found(app, {}, "autoweave", "_AUTOWEAVE_COMPLETE").source())
    return DONE


def main() -> None:
    """Run the command and end the process with its exit code."""
    try:
        code = app.main(prog_name="autoweave", standalone_mode=False)
    except click.exceptions.Abort:
        code = INTERRUPTED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = USAGE
    except AppError as error:
        Terminal.of("text").fail(error)
        code = FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    sys.exit(code if isinstance(code, int) else DONE)
