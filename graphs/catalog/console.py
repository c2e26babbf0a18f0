"""The catalog's answers in a terminal: one line for each module, input and output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from core.terminal import Terminal
from graphs.catalog.opening import CatalogUnclear
from graphs.catalog.shelf import Copy, Shelf
from tools import catalog

DONE, FAILED = 0, 1


def searched(shelf: Shelf, terminal: Terminal, words: str, kind: str) -> int:
    """A search that finds nothing fails, so that a script notices; an empty catalog does not."""
    copy = shelf.copy()
    found = catalog.search(copy.index, words, kind=kind, limit=catalog.MODULES)
    data = {"modules": [each.to_dict() for each in found], "total": len(found), "catalog": copy.to_dict()}
    rows = [(each.path, each.latest, each.description) for each in found]
    terminal.result(data, table(rows) or "No module fits.")
    _age(terminal, copy)
    return DONE if found or not (words or kind) else FAILED


def checked(
    shelf: Shelf,
    terminal: Terminal,
    path: str,
    version: str,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> int:
    def question(index: catalog.Index) -> catalog.Hit:
        hit = catalog.check(index, path, version)
        if inputs or outputs:
            described = catalog.metadata(index, hit.path, hit.version)
            catalog.fits(described, inputs=_typed(inputs) if inputs else None, outputs=_typed(outputs))
        return hit

    hit, copy = shelf.ask(question)
    text = f"{hit.path} {hit.version} exists{', and is the latest' if hit.is_latest else ''}."
    terminal.result({"module": hit.to_dict(), "catalog": copy.to_dict()}, text)
    _age(terminal, copy)
    return DONE


def shown(shelf: Shelf, terminal: Terminal, path: str, version: str) -> int:
    found, copy = shelf.ask(lambda index: catalog.metadata(index, path, version))
    module = copy.index.modules[found.path]
    lines = [found.title, module.description, f"versions: {', '.join(module.versions)}"]
    lines += ["", "inputs", table(_row(each) for each in found.inputs)] if found.inputs else []
    lines += ["", "outputs", table(_row(each) for each in found.outputs)] if found.outputs else []
    terminal.result({"module": found.to_dict(), "catalog": copy.to_dict()}, "\n".join(lines))
    _age(terminal, copy)
    return DONE


def compared(shelf: Shelf, terminal: Terminal, local: catalog.Local, version: str) -> int:
    """Differences are an answer, no failure."""
    found, copy = shelf.ask(lambda index: catalog.compare(index, local, version))
    rows = [(each.file, each.type, _lines(each)) for each in found.differences]
    parts = [_verdict(found), table(rows), "\n".join(f"- {_plain(each)}" for each in found.reasons)]
    data = {"comparison": found.to_dict(), "catalog": copy.to_dict()}
    terminal.result(data, "\n\n".join(part for part in parts if part))
    _age(terminal, copy)
    return DONE


def published(
    shelf: Shelf,
    terminal: Terminal,
    local: catalog.Local,
    description: str,
    *,
    ask: Callable[[], bool] | None,
) -> int:
    """Without `ask` only what would be sent is shown. What is asked about is exactly what is sent."""
    from graphs.catalog import publish  # noqa: PLC0415  # reading needs no git

    copy = shelf.reread()
    if copy.problem:
        raise copy.problem
    proposal = publish.proposed(copy.index, local, description)
    told = f"{proposal.title}\nbranch {proposal.branch}\n\n{proposal.body}"
    if ask is None:
        terminal.result({"proposal": proposal.to_dict()}, told)
        return DONE
    source = copy.index.source
    hub = source.origin if isinstance(source, catalog.Kept) else source
    if not isinstance(hub, catalog.GitHub):
        raise CatalogUnclear("A pull request needs a catalog on GitHub.", fix="Name it with --factory FILE.")
    for line in told.splitlines():
        terminal.say(line)
    if not ask():
        terminal.say("Nothing was sent.")
        return FAILED
    receipt = publish.publish(hub, proposal)
    if isinstance(source, catalog.Kept):
        source.forget()
    terminal.result(
        {"pr": receipt.to_dict()}, f"Pull request {receipt.pull.number} {receipt.status}: {receipt.pull.url}"
    )
    return DONE


def table(rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest word; the words are a stranger's, so control signs are spelled out."""
    plain = [[_plain(word) for word in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*plain, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        for row in plain
    )


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _row(field: catalog.Field) -> tuple[str, ...]:
    return f"  {field.name}", field.type, "required" if field.is_required else "", field.description


def _lines(difference: catalog.Difference) -> str:
    if difference.additions is None:
        return "binary"
    return f"+{difference.additions} -{difference.deletions}"


def _verdict(found: catalog.Comparison) -> str:
    if found.status == "new":
        return f"{found.path} {found.local_version} is new."
    if found.status == "same":
        return f"{found.path} is the same as {found.factory_version}."
    return (
        f"{found.path} {found.local_version} differs from {found.factory_version}:"
        f" a {found.suggested_bump} change, {found.suggested_version} is next."
    )


def _typed(given: Sequence[str]) -> dict[str, Any]:
    """`name=type`, or `name` alone: any type fits then."""
    return {name: kind for name, _, kind in (each.partition("=") for each in given)}


def _age(terminal: Terminal, copy: Copy) -> None:
    if copy.problem:
        terminal.say(f"The catalog cannot be read now; this is from {round(copy.age_s)} s ago.")
