"""The verbs about this machine and what happened on it: doctor, explain, graph, runs."""

from __future__ import annotations

import importlib
from typing import Any

import click

from core.terminal import Terminal
from graphs.commands import opening
from graphs.commands.opening import DONE
from graphs.commands.words import form


@click.command()
@form
def doctor(form: Any, quiet: bool) -> int:
    """Say what this machine gives: sandbox, git, store, engines, server, keys, queue, telemetry."""
    from graphs import doctor as examining  # noqa: PLC0415  # --help needs none of it

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({}, terminal) as (work, _):
        return examining.examined(work, opening.around(), terminal)


@click.command()
@click.argument("rule", required=False)
def explain(rule: str | None) -> int:
    """Say what a code (AW…) means, why it is a rule, and what to do; without one, list them all."""
    from graphs import checking  # noqa: PLC0415  # as above

    return checking.explained(rule, opening.ROOT / "docs" / "rules", Terminal.of("text"))


@click.group()
def graph() -> None:
    """The graphs AutoWeave runs."""


@graph.command("draw")
@click.argument("name", type=click.Choice(["integrate", "catalog"]), default="integrate")
def draw(name: str) -> int:
    """Print the graph as a Mermaid picture, drawn from the code."""
    opening.switch()
    made: Any = importlib.import_module(f"graphs.{name}.graph").build()  # LangGraph: 1.9 CPU s
    Terminal.of("text").result({}, made.get_graph().draw_mermaid())
    return DONE


@click.group()
def runs() -> None:
    """Runs in the store: what is under way, what ended how."""


@runs.command("list")
@click.option("--tenant", default="main", show_default=True)
@form
def list_runs(tenant: str, form: Any, quiet: bool) -> int:
    """The tenant's newest runs."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({}, terminal) as (work, _):
        return console.listed(work, tenant, terminal)


@runs.command("resume")
@form
def resume_runs(form: Any, quiet: bool) -> int:
    """Go on with every run whose worker died. Plans that wait for a person keep waiting."""
    from graphs.integrate import console  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({}, terminal) as (work, _):
        return console.resumed(work, terminal)


VERBS: tuple[click.Command, ...] = (doctor, explain, graph, runs)
