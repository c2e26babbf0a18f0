"""LangServe's two playgrounds, served from its wheel; nothing of LangServe is imported for them.

Its own code would paste the schemas into a script unescaped: a field's description could end the script.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from starlette.responses import Response

from core.errors import NotFound, Unsupported

Kind = Literal["playground", "chat_playground"]
_TYPES = {".html": "text/html", ".js": "application/javascript", ".css": "text/css", ".ico": "image/x-icon"}
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_SEAMS = re.compile(r"____LANGSERVE_([A-Z_]+)")


class PlaygroundMissing(Unsupported):
    """The installed langserve brings no built playground."""

    code = "AW964"
    fix = "Install AutoWeave's locked dependencies: uv sync --group server"


class PageUnknown(NotFound):
    """A playground has no such file."""

    code = "AW961"
    fix = "Open the playground itself: /{graph}/playground/"


def page(kind: Kind, base: str, *, given: Any, result: Any) -> Response:
    """The page for one graph: its schemas stand in it, so that the form needs no further request."""
    seams = {
        "BASE_URL": html.escape(base.lstrip("/"), quote=True),
        "CONFIG_SCHEMA": _in_script({"type": "object", "properties": {}}),
        "INPUT_SCHEMA": _in_script(form(given)),
        "OUTPUT_SCHEMA": _in_script(result),
        "FEEDBACK_ENABLED": '"false"',
        "PUBLIC_TRACE_LINK_ENABLED": '"false"',
    }
    text = _SEAMS.sub(lambda seam: seams[seam.group(1)], _files(kind)["index.html"].read_text())
    headers = {"Content-Security-Policy": _policy(kind, text), "Cache-Control": "no-store"}
    return Response(text, media_type="text/html", headers=headers)


def form(schema: Any) -> Any:
    """The schema as the form can show it: it takes the last of several types, which is often null."""
    if isinstance(schema, list):
        return [form(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    types = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    own = {name: _part(name, each) for name, each in schema.items() if name != "anyOf"}
    if len(types) == 1:
        own = {**form(types[0]), **own}
    elif types:
        own["anyOf"] = form(types)
    if own.get("default", ...) is None:
        del own["default"]
    return own


def _part(name: str, value: Any) -> Any:
    if name in ("properties", "$defs"):  # their keys are names, not words of a schema
        return {key: form(each) for key, each in value.items()}
    return form(value)


def asset(kind: Kind, name: str) -> Response:
    found = _files(kind).get(name)
    if found is None or found.suffix not in _TYPES or found.suffix == ".html":
        raise PageUnknown("The playground has no such file.")
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(found.read_bytes(), media_type=_TYPES[found.suffix], headers=headers)


@cache
def _files(kind: Kind) -> dict[str, Path]:
    """The built files by their path; a name that is not listed here is never opened."""
    spec = find_spec("langserve")
    roots = [Path(place) / kind / "dist" for place in (spec and spec.submodule_search_locations) or ()]
    found = {
        file.relative_to(root).as_posix(): file
        for root in roots
        for file in root.rglob("*")
        if file.is_file()
    }
    if "index.html" not in found:
        raise PlaygroundMissing("LangServe's playground is not installed.")
    return found


def _in_script(value: Any) -> str:
    return json.dumps(value).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _policy(kind: Kind, text: str) -> str:
    """The page's own inline script by its digest; the form compiles its schema, so it must evaluate."""
    digests = [
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in _SCRIPT.findall(text)
    ]
    scripts = " ".join(f"'sha256-{each}'" for each in digests)
    evaluates = " 'unsafe-eval'" if kind == "playground" else ""
    return (
        f"default-src 'self'; script-src 'self' {scripts}{evaluates}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
