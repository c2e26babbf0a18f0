"""The evals' command: reads settings, plays the sets, prints reports. Nobody imports it."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import AppError
from core.switches import SWITCHES
from core.terminal import Terminal

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from evals.measured import Figures, Played

DONE, FAILED, INTERRUPTED, USAGE = 0, 1, 130, 64
HERE = Path(__file__).resolve().parent
SETS = ("integrate", "assistant", "catalog")
FORMS = ("table", "md", "junit", "html", "json")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def app() -> None:
    """Measure the assistant, integrate and the catalog over cases with known answers."""


@app.command("list")
@click.option("--set", "sets", multiple=True, type=click.Choice(SETS), help="Only these sets.")
def show(sets: tuple[str, ...]) -> int:
    """The cases and their tags."""
    from evals import running  # noqa: PLC0415  # --help needs none of it

    rows = running.listed(sets or SETS)
    Terminal.of("text").raw("".join(f"{name:40} {tags}\n" for name, tags in rows))
    return DONE


def _thresholds(_: click.Context, __: click.Parameter, given: Sequence[str]) -> dict[str, float]:
    made: dict[str, float] = {}
    for each in given:
        name, _sign, value = each.partition("=")
        try:
            made[name] = float(value)
        except ValueError as error:
            raise click.BadParameter(f"{each!r} is not figure=number, such as plain=0.95") from error
    return made


@app.command()
@click.option("--set", "sets", multiple=True, type=click.Choice(SETS), help="Only these sets.")
@click.option("-k", "only", default="", help="Only cases whose name holds this.")
@click.option("--tag", default="", help="Only cases with this tag, such as adversarial or fr.")
@click.option("--model", default="", help="A model of the gateway, such as gpt-4.1-mini. None: the planner.")
@click.option(
    "--recorded", type=click.Path(path_type=Path), help="Answer from the recordings in this folder."
)
@click.option("--record", type=click.Path(path_type=Path), help="Keep the model's answers in this folder.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1, 100), help="For pass^k.")
@click.option("--threshold", multiple=True, callback=_thresholds, help="figure=least, such as plain=0.95.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Compare with this stored run.")
@click.option("--save", type=click.Path(path_type=Path), help="Store this run to compare with later.")
@click.option("--report", "reports", multiple=True, type=click.Choice(FORMS[1:]), help="Write these, too.")
@click.option("--into", default=Path("build/evals"), type=click.Path(path_type=Path), show_default=True)
@click.option("--phoenix", metavar="URL", help="Put the run into Phoenix: each set a dataset.")
@click.option("-o", "--output", "form", type=click.Choice(FORMS), default="table", help="What is printed.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def run(**given: Any) -> int:
    """Play the cases and score them; exit 1 where a threshold is missed or a case is lost."""
    from evals import measured  # noqa: PLC0415  # --help needs none of it

    terminal = Terminal.of("text", quiet=given["quiet"])
    try:
        before = _before(given)
        found = _run(given, terminal)
        short = measured.short(found, {**measured.THRESHOLDS, **given["threshold"]})
        _report(given, found, before, short, terminal)
        if given["save"]:
            given["save"].write_bytes(measured.stored(found))
        if given["phoenix"]:
            _upload(found, given["phoenix"], terminal)
    except AppError as error:
        terminal.fail(error)
        return FAILED
    return FAILED if short or (before and measured.lost(found, before)) else DONE


def _before(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The stored run that was named; without a name ours, for it is the planner's."""
    from evals import measured  # noqa: PLC0415  # as above

    own = HERE / "baseline.json"
    if given["baseline"]:
        return measured.read(given["baseline"])
    return None if given["model"] or given["save"] or not own.is_file() else measured.read(own)


def _run(given: Mapping[str, Any], terminal: Terminal) -> Figures:
    from evals import running  # noqa: PLC0415  # as above

    model, price = _model(given["model"])
    label = f"recordings in {given['recorded']}" if given["recorded"] else given["model"] or "planner"
    wanted = running.Wanted(
        sets=given["sets"] or SETS,
        only=given["only"],
        tag=given["tag"],
        repeat=given["repeat"],
        label=label,
        price=price,
        recorded=given["recorded"],
        record=given["record"],
    )
    count = len(running.chosen(wanted))
    terminal.say(f"… {count} cases by {label}")

    def tell(played: Played) -> None:
        if not played.is_passed:
            terminal.say(f"  ✗ {played.case.id}: {', '.join(played.missed)}")

    with tempfile.TemporaryDirectory(prefix="autoweave-evals-") as home:
        return asyncio.run(running.run(wanted, Path(home), model, tell))


def _model(name: str) -> tuple[BaseChatModel, Any]:
    """The named model alone: were the planner behind it, its answers would pass for the model's."""
    from dataclasses import replace  # noqa: PLC0415  # as above

    from core import settings  # noqa: PLC0415  # as above
    from graphs import means, models  # noqa: PLC0415  # as above
    from graphs.assistant.planner import Planner  # noqa: PLC0415  # as above

    if not name:
        return Planner(), None
    wanted = means.wanted(settings.load({"llm.model": name}, environ=os.environ, folder=Path.cwd()))
    if wanted.primary is None:
        raise click.UsageError(
            f"There is no key and no address to ask {name} with. Set AUTOWEAVE_LLM_KEY, and AUTOWEAVE_LLM_URL"
            " for a server of your own; or leave out --model."
        )
    made = models.seated(replace(wanted, fallback=None))
    assert made.gateway is not None
    first = made.gateway.seats[0]
    return made.gateway.model_copy(update={"seats": (first,)}), first.price


def _report(
    given: Mapping[str, Any],
    found: Figures,
    before: dict[str, Any] | None,
    short: list[str],
    terminal: Terminal,
) -> None:
    from evals import reports  # noqa: PLC0415  # as above

    for form in given["reports"]:
        path = given["into"] / reports.FILES[form]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(reports.FORMS[form](found, before, short), encoding="utf-8")
        terminal.say(f"wrote {path}")
    terminal.raw(reports.FORMS[given["form"]](found, before, short))


def _upload(found: Figures, url: str, terminal: Terminal) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415  # as above

    from evals import phoenix  # noqa: PLC0415  # as above

    for name, experiment in phoenix.upload(found, url, datetime.now(UTC)).items():
        terminal.say(f"{name} is experiment {experiment} at {url}")


def main(words: Sequence[str] | None = None) -> None:
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
    try:
        code = app.main(
            None if words is None else list(words), prog_name="autoweave eval", standalone_mode=False
        )
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = USAGE
    sys.exit(code if isinstance(code, int) else DONE)


if __name__ == "__main__":
    main()
