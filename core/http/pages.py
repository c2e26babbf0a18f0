"""The few pages that are ours: plain HTML, nothing from elsewhere, no script."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code{background:#8882;padding:.1em .3em}table{border-collapse:collapse;width:100%}
td{border-top:1px solid #8884;padding:.3rem .5rem;vertical-align:top}
:root{color-scheme:light dark}
"""


def page(title: str, body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)} · AutoWeave</title><link rel=stylesheet href=/docs/style.css>"
        f"<h1>{html.escape(title)}</h1>{body}"
    )


def operations(document: Mapping[str, Any]) -> str:
    """Every operation of an OpenAPI document, by tag."""
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(_row(method, path, operation))
    tables = "".join(
        f"<h2>{html.escape(tag)}</h2><table>{''.join(rows)}</table>" for tag, rows in groups.items()
    )
    return page("API", f"<p>The whole contract: <a href=/openapi.json>/openapi.json</a></p>{tables}")


def _row(method: str, path: str, operation: Mapping[str, Any]) -> str:
    summary = html.escape(operation.get("summary", ""))
    return f"<tr><td><code>{method.upper()} {html.escape(path)}</code></td><td>{summary}</td></tr>"
