"""The verbs about serving: serve, worker, mcp, phoenix, keys."""

from __future__ import annotations

from typing import Any

import click

from core.terminal import Terminal
from graphs.commands import opening
from graphs.commands.words import form


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def serve(words: tuple[str, ...]) -> None:
    """Serve the graphs over HTTP: playgrounds, Agent Server, MCP, OpenAI-compatible. -h: its options."""
    opening.become("server", words)


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def worker(words: tuple[str, ...]) -> None:
    """Work on the runs that servers on the same store admit. -h: its options."""
    opening.become("graphs.worker", words)


@click.command()
@click.option("--tenant", default="main", show_default=True, help="On whose behalf.")
def mcp(tenant: str) -> int:
    """Offer the tools over the Model Context Protocol on stdin and stdout."""
    from graphs.front import stdio  # noqa: PLC0415  # --help needs none of it

    with opening.session({}, Terminal.of("text", quiet=True)) as (work, _):
        return stdio.served(work, tenant, docs=opening.ROOT / "docs")


@click.command()
@click.option("--port", default=6006, show_default=True, type=click.IntRange(1, 65_535))
def phoenix(port: int) -> int:
    """Start the real Phoenix on this machine, in an environment of its own, until interrupted."""
    from core.telemetry import phoenix as own  # noqa: PLC0415  # as above

    terminal = Terminal.of("text")
    with opening.session({}, terminal) as (work, _):
        terminal.say("Setting up Phoenix; the first time takes a minute.")
        started = own.start(work.means.home / "phoenix", port, environment=own.installed(opening.ROOT))
        try:
            started.wait()
            terminal.say(f"Phoenix is at {started.url}. Send traces there with:")
            terminal.result({}, f"export AUTOWEAVE_TELEMETRY_ENDPOINT={started.url}")
            return int(started.process.wait() != 0)
        finally:
            started.stop()


@click.group()
def keys() -> None:
    """API keys: each stands for one tenant."""


@keys.command("add")
@click.option("--tenant", default="main", show_default=True, help="Whom the key stands for.")
@click.option("--name", default="", help="What it is for, to know it by.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long it is valid; for ever if left out.")
@form
def add_key(tenant: str, name: str, days: int | None, form: Any, quiet: bool) -> int:
    """Make a key and print it: it is shown this once."""
    from graphs.front import keyring  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({}, terminal) as (work, _):
        return keyring.added(work.store, terminal, tenant=tenant, name=name, days=days)


@keys.command("list")
@click.option("--tenant", help="Only this tenant's.")
@form
def list_keys(tenant: str | None, form: Any, quiet: bool) -> int:
    """Every key with its state; never its text, which nobody keeps."""
    from graphs.front import keyring  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({}, terminal) as (work, _):
        return keyring.listed(work.store, terminal, tenant=tenant)


@keys.command("revoke")
@click.argument("key_id")
@form
def revoke_key(key_id: str, form: Any, quiet: bool) -> int:
    """End a key: within two seconds it opens nothing."""
    from graphs.front import keyring  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({}, terminal) as (work, _):
        return keyring.revoked(work.store, terminal, key_id)


@keys.command("rotate")
@click.argument("key_id")
@click.option("--hours", default=24, show_default=True, help="How long the old key stays valid.")
@form
def rotate_key(key_id: str, hours: int, form: Any, quiet: bool) -> int:
    """Make a key like KEY_ID's, and let the old one run out."""
    from graphs.front import keyring  # noqa: PLC0415  # as above

    terminal = Terminal.of(form, quiet=quiet)
    with opening.session({}, terminal) as (work, _):
        return keyring.rotated(work.store, terminal, key_id, hours=hours)


VERBS: tuple[click.Command, ...] = (serve, worker, mcp, phoenix, keys)
