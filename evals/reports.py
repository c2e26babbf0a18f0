"""A run's figures as a table, Markdown, JUnit, HTML in one file, or JSON."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from evals.measured import Figures, Played, delta, is_share, lost

Before = Mapping[str, Any] | None


def table(found: Figures, before: Before, short: Sequence[str]) -> str:
    lines = [f"{len(found.played)} cases, {found.repeat} each, by {found.model}, in {found.took_s:.0f} s", ""]
    lines += [f"{name:20} {shown:>8} {change}" for name, shown, change in _rows(found, before)]
    lines += ["", *(f"missed  {each.case.id}: {', '.join(each.missed)}" for each in _missed(found))]
    lines += _verdict(found, before, short)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def markdown(found: Figures, before: Before, short: Sequence[str]) -> str:
    lines = [
        "## Evals",
        "",
        f"{len(found.played)} cases by `{found.model}`.",
        "",
        "| figure | value | change |",
    ]
    lines += ["| --- | ---: | ---: |"]
    lines += [f"| {name} | {shown} | {change} |" for name, shown, change in _rows(found, before)]
    lines += ["", *(f"* `{each.case.id}` missed {', '.join(each.missed)}" for each in _missed(found))]
    lines += ["", *(f"**{line}**  " for line in _verdict(found, before, short))]
    return "\n".join(lines) + "\n"


def junit(found: Figures, before: Before, short: Sequence[str]) -> str:  # noqa: ARG001  # every report's form
    suites = ET.Element("testsuites", name="evals", time=f"{found.took_s:.3f}")
    groups: dict[str, list[Played]] = {}
    for each in found.played:
        groups.setdefault(each.case.group, []).append(each)
    for name, played in groups.items():
        failures = sum(not each.is_passed for each in played)
        suite = ET.SubElement(
            suites, "testsuite", name=name, tests=str(len(played)), failures=str(failures), errors="0"
        )
        for each in played:
            took = sum(trial.latency_s for trial in each.trials)
            case = ET.SubElement(
                suite, "testcase", name=each.case.id, classname=f"evals.{name}", time=f"{took:.3f}"
            )
            if not each.is_passed:
                told = ET.SubElement(case, "failure", message=f"missed: {', '.join(each.missed)}")
                told.text = _plain(_why(each))
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def page(found: Figures, before: Before, short: Sequence[str]) -> str:
    """One file that needs nothing else: its charts are SVG, and there is no script in it."""
    rows = "".join(
        f"<tr><td>{_e(name)}<td class=n>{shown}<td class=n>{change}<td>{_bar(name, found)}"
        for name, shown, change in _rows(found, before)
    )
    cases = "".join(_case(each) for each in found.played)
    verdict = "".join(f"<p class=bad>{_e(line)}" for line in _verdict(found, before, short))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>AutoWeave evals</title>"
        f"<style>{_STYLE}</style>"
        f"<h1>Evals</h1><p>{len(found.played)} cases, {found.repeat} each, by {_e(found.model)}, "
        f"in {found.took_s:.0f} s.{verdict}<table><tr><th>figure<th>value<th>change<th>{rows}</table>"
        f"<h2>Cases</h2>{cases}</html>\n"
    )


def data(found: Figures, before: Before, short: Sequence[str]) -> str:
    made = {
        **found.to_dict(),
        "passed": sorted(found.passed),
        "lost": lost(found, before) if before else [],
        "below": list(short),
    }
    return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


FORMS: Mapping[str, Callable[[Figures, Before, Sequence[str]], str]] = {
    "table": table, "md": markdown, "junit": junit, "html": page, "json": data,
}  # fmt: skip
FILES = {"md": "evals.md", "junit": "evals.xml", "html": "evals.html", "json": "evals.json"}
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;"
    "background:#fff}table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left}"
    ".n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#a11}details{margin:.2rem 0}"
    "pre{white-space:pre-wrap;background:#f4f4f4;padding:.6rem}"
)


def _rows(found: Figures, before: Before) -> list[tuple[str, str, str]]:
    made = []
    for name, value in found.values.items():
        change = delta(name, found, before)
        shown = f"{value:.1%}" if is_share(name) else f"{value:.2f}".removesuffix(".00")
        made.append((name, shown, _signed(name, change)))
    if found.cost_usd is not None:
        made.append(("cost USD", f"{found.cost_usd:.4f}", ""))
    return made


def _signed(name: str, change: float | None) -> str:
    if not change or abs(change) < 0.00005:
        return ""
    return f"{change:+.1%}" if is_share(name) else f"{change:+.2f}"


def _missed(found: Figures) -> list[Played]:
    return [each for each in found.played if not each.is_passed]


def _verdict(found: Figures, before: Before, short: Sequence[str]) -> list[str]:
    gone = [
        f"{name} passed in the baseline and does not now" for name in (lost(found, before) if before else ())
    ]
    return [*(f"below: {line}" for line in short), *gone]


def _why(each: Played) -> str:
    last = each.trials[-1]
    want = each.case.expected.model_dump(mode="json", exclude_defaults=True)
    had = {
        "state": last.state,
        "problem": dict(last.problem),
        "calls": last.calls,
        "commits": len(last.commits),
    }
    return f"expected {_json(want)}\nhad {_json(had)}\nreply {last.reply[:600]}\n"


def _case(each: Played) -> str:
    mark = "✓" if each.is_passed else "✗"
    told = f"<pre>{_e(_json([dict(one) for one in each.scores]))}\n{_e(_why(each))}</pre>"
    opened = "" if each.is_passed else " open"
    head = f"{mark} {_e(each.case.id)} {_e(' '.join(each.missed))}"
    return f"<details{opened}><summary>{head}</summary>{told}</details>"


def _bar(name: str, found: Figures) -> str:
    if not is_share(name):
        return ""
    wide = round(found.values[name] * 200)
    return (
        "<svg width=200 height=10 role=img><rect width=200 height=10 fill=#eee />"
        f"<rect width={wide} height=10 fill=#4a7 /></svg>"
    )


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()


def _plain(text: str) -> str:
    """XML has no control characters."""
    return "".join(each if each.isprintable() or each in "\n\t" else "?" for each in text)


def _e(text: str) -> str:
    return html.escape(text)
