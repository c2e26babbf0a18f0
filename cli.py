"""The command line: reads settings, opens what is needed, calls the graphs. Nobody imports it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import AppError, Invalid
from core.terminal import Terminal
from core.version import VERSION

if TYPE_CHECKING:
    from graphs.integrate.request import Request
    from graphs.integrate.session import Session

    Requester = Callable[[str], Request]

ROOT = Path(__file__).resolve().parent
DONE, FAILED, CHANGES, USAGE, INTERRUPTED = 0, 1, 2, 64, 130


class FileUnwritable(Invalid):
    """A file that was named for the result cannot be written."""

    code = "AW904"
    fix = "Name a file in a folder that this user may write."


def options(*decorators: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Several click options as one decorator, in the order they are listed."""

    def apply(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


_path = click.Path(path_type=Path)
form = options(
    click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(["text", "json", "yaml"]),
        default="text",
        help="Form of the result on stdout.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress on stderr."),
)
about_module = options(
    click.option("--root", type=_path, help="Folder SPEC may refer into, if not its own."),
    click.option(
        "-f", "--descriptor", type=_path, help="Module descriptor; autoweave.yaml beside the spec is found."
    ),
    click.option("--name", help="Name of the module."),
    click.option("--version", help="Version of the module."),
    click.option("--image", help="Container image with a fixed tag or digest."),
    click.option("--tenant", help="Whom the module belongs to."),
    click.option("--replicas", type=click.IntRange(0, 1000), help="How many pods."),
    click.option("--port", "ports", multiple=True, metavar="NAME=PORT", help="May be repeated."),
    click.option("--env", multiple=True, metavar="NAME=VALUE", help="May be repeated."),
    click.option("--request", multiple=True, metavar="cpu=…|memory=…", help="Resource request."),
    click.option("--limit", multiple=True, metavar="cpu=…|memory=…", help="Resource limit."),
    click.option("--owner", help="Owner in the software catalog."),
    click.option("--layout", type=click.Choice(["kustomize", "helm"]), help="Form of the manifests."),
    click.option(
        "--argocd", type=click.Choice(["application", "applicationset", "none"]), help="Argo CD objects."
    ),
    click.option("--git-remote", metavar="URL|PATH", help="Where to publish."),
    click.option("--branch", help="Branch to publish on."),
)
about_checks = options(
    click.option("--strict", is_flag=True, help="Fail if the models lose anything of the spec."),
    click.option("--kubernetes", metavar="VERSION", help="Kubernetes version to check against."),
    click.option(
        "--engine", "engines", multiple=True, help="builtin, kubeconform, conftest, helm, kustomize, kubectl."
    ),
    click.option("--waivers", type=_path, help="YAML list of waivers."),
    click.option("--sandbox", metavar="LEVEL", help="confined; `process` lowers it openly."),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, "-V", "--version", prog_name="autoweave")
def app() -> None:
    """Turn a description of software into software that runs, is reviewed and can be traced."""


@app.command()
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
    with session(given, terminal) as (work, request):
        asked = request(spec)
        if dry_run:
            return console.planned(work, work.dry(asked), terminal, full=full)
        ask = None if not yes and not sys.stdin.isatty() else _ask
        return console.integrated(work, asked, terminal, ask=ask if not yes else _say_yes, full=full)


@app.command()
@click.argument("spec")
@about_module
@about_checks
@click.option("--out", type=_path, help="Write the plan file for `apply`.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@click.option("--full", is_flag=True, help="Show long diffs too.")
@form
def plan(
    spec: str, *, out: Path | None, detailed_exitcode: bool, full: bool, form: Any, quiet: bool, **given: Any
) -> int:
    """Show what integrating SPEC would change; with --out, keep it for `apply`."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with session(given, terminal) as (work, request):
        state = work.dry(request(spec))
        code = console.planned(work, state, terminal, full=full)
        if code == DONE and out is not None:
            _write(out, work.plan_bytes(state))
            terminal.say(f"Plan written. Next: ./autoweave apply {out}")
        has_changes = code == DONE and not state["change"]["is_empty"]
        return CHANGES if detailed_exitcode and has_changes else code


@app.command()
@click.argument("plan_file", type=_path)
@click.option("--yes", is_flag=True, help="Apply without asking.")
@click.option(
    "--git-remote", metavar="PATH", help="The repository the plan was made for, if not the default."
)
@form
def apply(plan_file: Path, yes: bool, git_remote: str | None, form: Any, quiet: bool) -> int:
    """Do exactly what PLAN_FILE says; refuse it if a byte of it or its base moved."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with session({"git_remote": git_remote}, terminal) as (work, _):
        ask = _say_yes if yes else _ask if sys.stdin.isatty() else None
        return console.applied(work, plan_file, terminal, ask=ask)


@app.command()
@click.argument("spec")
@about_module
@about_checks
@click.option("--full", is_flag=True, help="Show long diffs too.")
@form
def diff(spec: str, full: bool, form: Any, quiet: bool, **given: Any) -> int:
    """Show the differences between SPEC's module and the repository; exit 1 when there are any."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with session(given, terminal) as (work, request):
        return console.differing(work, work.dry(request(spec)), terminal, full=full)


@app.command()
@click.argument("paths", nargs=-1, required=True, type=_path)
@click.option("--format", "report", type=click.Choice(["text", "json", "junit", "sarif"]), default="text")
@click.option("--kubernetes", metavar="VERSION", help="Kubernetes version to check against.")
@click.option(
    "--engine", "engines", multiple=True, help="builtin, kubeconform, conftest, helm, kustomize, kubectl."
)
@click.option("--policy", type=_path, help="Folder of Rego policies instead of the product's own.")
@click.option("--waivers", type=_path, help="YAML list of waivers.")
@click.option("--kubeconfig", type=_path, help="The cluster that `--engine kubectl` asks.")
@click.option("--ignore-missing-schemas", is_flag=True, help="Skip kinds that no schema is known for.")
@click.option("--fail-on-warn", is_flag=True, help="A warning fails too.")
@click.option("--authority", is_flag=True, help="Put an OpenAPI document to openapi-spec-validator as well.")
@click.option("--sandbox", metavar="LEVEL", help="confined; `process` lowers it openly.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def validate(paths: tuple[Path, ...], report: Any, quiet: bool, **given: Any) -> int:
    """Check manifests (files or folders), or an OpenAPI document, and account for every check."""
    from graphs import checking  # noqa: PLC0415  # as above

    terminal = Terminal.of("text" if report == "text" else "json", quiet=quiet)
    with session(given, terminal) as (work, _):
        return checking.validated(work, paths, terminal, report=report, given=given)


@app.command()
@form
def doctor(form: Any, quiet: bool) -> int:
    """Say what this machine gives: sandbox, git, store, engines, versions."""
    from graphs import checking  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with session({}, terminal) as (work, _):
        return checking.examined(work, terminal)


@app.command()
@click.argument("rule", required=False)
def explain(rule: str | None) -> int:
    """Say what a code (AW…) means, why it is a rule, and what to do; without one, list them all."""
    from graphs import checking  # noqa: PLC0415  # as above

    return checking.explained(rule, ROOT / "docs" / "rules", Terminal.of("text"))


@app.group()
def graph() -> None:
    """The graphs AutoWeave runs."""


@graph.command("draw")
@click.argument("name", type=click.Choice(["integrate"]), default="integrate")
def draw(name: str) -> int:  # noqa: ARG001  # one graph so far; the name is checked by click
    """Print the graph as a Mermaid picture, drawn from the code."""
    _switch()
    from graphs.integrate import graph as integrate_graph  # noqa: PLC0415  # LangGraph: 1.9 CPU s

    Terminal.of("text").result({}, integrate_graph.build().get_graph().draw_mermaid())
    return DONE


@app.group()
def runs() -> None:
    """Runs in the store: what is under way, what ended how."""


@runs.command("list")
@click.option("--tenant", default="main", show_default=True)
@form
def list_runs(tenant: str, form: Any, quiet: bool) -> int:
    """The tenant's newest runs."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with session({}, terminal) as (work, _):
        return console.listed(work, tenant, terminal)


@runs.command("resume")
@form
def resume_runs(form: Any, quiet: bool) -> int:
    """Go on with every run whose worker died. Plans that wait for a person keep waiting."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with session({}, terminal) as (work, _):
        return console.resumed(work, terminal)


@app.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script; use it as: eval "$(./autoweave completion bash)"."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415  # only this command needs it

    found = get_completion_class(shell)
    assert found is not None
    Terminal.of("text").result({}, found(app, {}, "autoweave", "_AUTOWEAVE_COMPLETE").source())
    return DONE


@contextlib.contextmanager
def session(given: Mapping[str, Any], terminal: Terminal) -> Iterator[tuple[Session, Requester]]:
    """The opened session, and how to make a request from a spec's name.

    An expected failure inside it is shown in the form that was asked for, and ends the command.
    """
    _switch()
    from core import settings  # noqa: PLC0415  # --help needs none of it
    from graphs import means  # noqa: PLC0415  # as above
    from graphs.integrate import asking  # noqa: PLC0415  # as above
    from graphs.integrate import session as sessions  # noqa: PLC0415  # as above

    try:
        known = settings.load(_flags(given), environ=os.environ, folder=Path.cwd())
        with sessions.opened(means.of(known), terminal.say) as work:

            def request(spec: str) -> Request:
                work.reads = asking.folders(spec, given.get("root"))
                version = known.kubernetes.version
                get = means.fetcher(known)
                return asking.request(spec, given, work.child, kubernetes=version, fetch=get)

            yield work, request
    except AppError as error:
        terminal.fail(error)
        raise click.exceptions.Exit(FAILED) from error


def _flags(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are settings, too; a path as remote replaces the default repository."""
    from graphs.integrate import asking  # noqa: PLC0415  # as above

    remote = given.get("git_remote")
    own = str(Path(remote).absolute()) if remote and not asking.is_address(remote) else None
    return {"sandbox.level": given.get("sandbox"), "git.remote": own}


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


def _switch() -> None:
    from core.switches import SWITCHES  # noqa: PLC0415  # as above

    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)


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
