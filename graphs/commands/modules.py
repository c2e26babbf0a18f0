"""The verbs about a module: integrate, plan, apply, diff, validate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from core.errors import Invalid
from core.terminal import Terminal
from graphs.commands import opening
from graphs.commands.opening import CHANGES, DONE
from graphs.commands.words import about_checks, about_module, form, path


class FileUnwritable(Invalid):
    """A file that was named for the result cannot be written."""

    code = "AW904"
    fix = "Name a file in a folder that this user may write."


@click.command()
@click.argument("spec")
@about_module
@about_checks
@click.option("--yes", is_flag=True, help="Apply the plan without asking.")
@click.option("--dry-run", is_flag=True, help="Show the plan, write nothing.")
@click.option("--full", is_flag=True, help="Show long diffs too.")
@form
def integrate(
    spec: str, *, yes: bool, dry_run: bool, full: bool, form: Any, quiet: bool, **given: Any
) -> int:
    """Turn SPEC (file, folder, - or https URL) into a committed, deployable module."""
    from graphs.integrate import console  # noqa: PLC0415  # --help needs none of it

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session(given, terminal) as (work, request):
        asked = request(spec)
        if dry_run:
            return console.planned(work, work.dry(asked), terminal, full=full)
        ask = None if not yes and not sys.stdin.isatty() else _ask
        return console.integrated(work, asked, terminal, ask=ask if not yes else _say_yes, full=full)


@click.command()
@click.argument("spec")
@about_module
@about_checks
@click.option("--out", type=path, help="Write the plan file for `apply`.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@click.option("--full", is_flag=True, help="Show long diffs too.")
@form
def plan(
    spec: str, *, out: Path | None, detailed_exitcode: bool, full: bool, form: Any, quiet: bool, **given: Any
) -> int:
    """Show what integrating SPEC would change; with --out, keep it for `apply`."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session(given, terminal) as (work, request):
        state = work.dry(request(spec))
        code = console.planned(work, state, terminal, full=full)
        if code == DONE and out is not None:
            _write(out, work.plan_bytes(state))
            terminal.say(f"Plan written. Next: ./autoweave apply {out}")
        has_changes = code == DONE and not state["change"]["is_empty"]
        return CHANGES if detailed_exitcode and has_changes else code


@click.command()
@click.argument("plan_file", type=path)
@click.option("--yes", is_flag=True, help="Apply without asking.")
@click.option(
    "--git-remote", metavar="PATH", help="The repository the plan was made for, if not the default."
)
@form
def apply(plan_file: Path, yes: bool, git_remote: str | None, form: Any, quiet: bool) -> int:
    """Do exactly what PLAN_FILE says; refuse it if a byte of it or its base moved."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({"git_remote": git_remote}, terminal) as (work, _):
        ask = _say_yes if yes else _ask if sys.stdin.isatty() else None
        return console.applied(work, plan_file, terminal, ask=ask)


@click.command()
@click.argument("spec")
@about_module
@about_checks
@click.option("--full", is_flag=True, help="Show long diffs too.")
@form
def diff(spec: str, full: bool, form: Any, quiet: bool, **given: Any) -> int:
    """Show the differences between SPEC's module and the repository; exit 1 when there are any."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session(given, terminal) as (work, request):
        return console.differing(work, work.dry(request(spec)), terminal, full=full)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=path)
@click.option("--format", "report", type=click.Choice(["text", "json", "junit", "sarif"]), default="text")
@click.option("--kubernetes", metavar="VERSION", help="Kubernetes version to check against.")
@click.option(
    "--engine", "engines", multiple=True, help="builtin, kubeconform, conftest, helm, kustomize, kubectl."
)
@click.option("--policy", type=path, help="Folder of Rego policies instead of the product's own.")
@click.option("--waivers", type=path, help="YAML list of waivers.")
@click.option("--kubeconfig", type=path, help="The cluster that `--engine kubectl` asks.")
@click.option("--ignore-missing-schemas", is_flag=True, help="Skip kinds that no schema is known for.")
@click.option("--fail-on-warn", is_flag=True, help="A warning fails too.")
@click.option("--authority", is_flag=True, help="Put an OpenAPI document to openapi-spec-validator as well.")
@click.option("--sandbox", metavar="LEVEL", help="confined; `process` lowers it openly.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def validate(paths: tuple[Path, ...], report: Any, quiet: bool, **given: Any) -> int:
    """Check manifests (files or folders), or an OpenAPI document, and account for every check."""
    from graphs import checking  # noqa: PLC0415  # as above

    terminal = Terminal.of("text" if report == "text" else "json", quiet=quiet)
    with opening.session(given, terminal) as (work, _):
        return checking.validated(work, paths, terminal, report=report, given=given)


def _ask() -> bool:
    click.echo("Apply this plan? Only `yes` is a yes: ", err=True, nl=False)
    return sys.stdin.readline().strip() == "yes"


def _say_yes() -> bool:
    return True


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FileUnwritable(f"The file cannot be written: {error.strerror}.", place=str(path)) from error


VERBS: tuple[click.Command, ...] = (integrate, plan, apply, diff, validate)
