"""The verbs about the catalog: list, search, check, show, compare, publish."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import AppError
from core.terminal import Terminal
from graphs.commands.opening import FAILED
from graphs.commands.words import form, options, path

if TYPE_CHECKING:
    from graphs.catalog.shelf import Shelf

about_catalog = options(
    click.option("--source", type=path, metavar="FOLDER", help="Folder with a catalog.json in it."),
    click.option(
        "--factory",
        type=path,
        metavar="FILE",
        help="A factory.yaml with the `repository` of a catalog on GitHub.",
    ),
    click.option("--api-host", metavar="NAME", help="May be sent GITHUB_TOKEN, beside api.github.com."),
    click.option("--no-cache", is_flag=True, help="Use no copy of a distant catalog, and make none."),
    form,
)


@click.group()
def catalog() -> None:
    """The infrastructure modules that are published: which, in which version, with which interface."""


@catalog.command("list")
@click.option("--kind", default="", help="A part of the path: provider, category or name.")
@about_catalog
def list_modules(kind: str, **given: Any) -> int:
    """All modules, each with its latest version."""
    return _searched("", kind, given)


@catalog.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--kind", default="", help="A part of the path: provider, category or name.")
@about_catalog
def search(words: tuple[str, ...], kind: str, **given: Any) -> int:
    """Modules that have every one of WORDS in path or description; exit 1 when there is none."""
    return _searched(" ".join(words), kind, given)


@catalog.command()
@click.argument("module")
@click.argument("version", default="")
@click.option("--in", "inputs", multiple=True, metavar="NAME[=TYPE]", help="An input; may be repeated.")
@click.option("--out", "outputs", multiple=True, metavar="NAME[=TYPE]", help="An output; may be repeated.")
@about_catalog
def check(module: str, version: str, inputs: Any, outputs: Any, **given: Any) -> int:
    """Whether MODULE exists, in VERSION or its latest, with these inputs and outputs."""
    from graphs.catalog import console  # noqa: PLC0415  # --help needs none of it

    with _opened(given) as (shelf, terminal):
        return console.checked(shelf, terminal, module, version, inputs=inputs, outputs=outputs)


@catalog.command()
@click.argument("module")
@click.argument("version", default="")
@about_catalog
def show(module: str, version: str, **given: Any) -> int:
    """The inputs and outputs of MODULE, in VERSION or its latest; with -o json its whole metadata."""
    from graphs.catalog import console  # noqa: PLC0415  # as above

    with _opened(given) as (shelf, terminal):
        return console.shown(shelf, terminal, module, version)


@catalog.command()
@click.argument("folder", type=path)
@click.option("--as", "module", default="", metavar="PATH", help="Where it is published, if not as it says.")
@click.option("--against", default="", metavar="VERSION", help="A published version, if not the latest.")
@about_catalog
def compare(folder: Path, module: str, against: str, **given: Any) -> int:
    """FOLDER beside the published module: which files differ, and which version that calls for."""
    from graphs.catalog import console  # noqa: PLC0415  # as above
    from tools import catalog as reader  # noqa: PLC0415  # as above

    with _opened(given) as (shelf, terminal):
        return console.compared(shelf, terminal, reader.opened(folder, module), against)


@catalog.command()
@click.argument("folder", type=path)
@click.option("--as", "module", default="", metavar="PATH", help="Where it is published, if not as it says.")
@click.option("--description", default="", help="What is new, for who reviews it.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, send nothing.")
@click.option("--yes", is_flag=True, help="Send it without asking.")
@about_catalog
def publish(  # the words of one command
    folder: Path, module: str, *, description: str, dry_run: bool, yes: bool, **given: Any
) -> int:
    """Propose FOLDER's version of a module to a catalog on GitHub: one commit, one pull request."""
    from graphs.catalog import console  # noqa: PLC0415  # as above
    from tools import catalog as reader  # noqa: PLC0415  # as above

    ask = None if dry_run else _say_yes if yes else _ask
    with _opened(given) as (shelf, terminal):
        return console.published(shelf, terminal, reader.opened(folder, module), description, ask=ask)


def _ask() -> bool:
    click.echo("Send this? Only `yes` is a yes: ", err=True, nl=False)
    return sys.stdin.readline().strip() == "yes"


def _say_yes() -> bool:
    return True


def _searched(words: str, kind: str, given: dict[str, Any]) -> int:
    from graphs.catalog import console  # noqa: PLC0415  # as above

    with _opened(given) as (shelf, terminal):
        return console.searched(shelf, terminal, words, kind)


@contextlib.contextmanager
def _opened(given: dict[str, Any]) -> Iterator[tuple[Shelf, Terminal]]:
    """The catalog that is asked. An expected failure is shown in the form asked for, and ends the command."""
    from graphs.catalog import opening  # noqa: PLC0415  # as above

    terminal = Terminal.of(given["form"], quiet=given["quiet"])
    try:
        where = opening.Where(
            given["source"], given["factory"], given["api_host"] or "", is_kept=not given["no_cache"]
        )
        yield opening.shelf(where, os.environ, terminal.say), terminal
    except AppError as error:
        terminal.fail(error)
        raise click.exceptions.Exit(FAILED) from error


VERBS: tuple[click.Command, ...] = (catalog,)
