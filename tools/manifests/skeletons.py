"""The skeletons in `templates/` and how they are filled: on objects, never on text.

A scalar that is exactly `$word` is a placeholder. Its value takes its place as an object; a
placeholder that is filled with None takes its key with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import Bug

FOLDER = Path(__file__).resolve().parents[2] / "templates"
PARTS = ("argocd", "backstage", "helm", "k8s")

Texts = Mapping[str, str]


@cache
def templates() -> dict[str, str]:
    """Every template we use, by its path under `templates/`. Read once per process."""
    files = (path for part in PARTS for path in (FOLDER / part).rglob("*") if path.is_file())
    return {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in sorted(files)}


def digest(texts: Texts) -> str:
    """One digest over names and contents."""
    total = hashlib.sha256()
    for path, text in sorted(texts.items()):
        total.update(f"{path}\0{len(text)}\0{text}\0".encode())
    return f"sha256:{total.hexdigest()}"


def fill(texts: Texts, path: str, **values: Any) -> dict[str, Any]:
    """The skeleton at `path` with its placeholders replaced. Unused values do no harm."""
    if path not in texts:
        raise Bug(f"The template {path} is missing.", place=f"templates/{path}")
    filled = _filled(_parsed(texts[path]), values, path)
    assert isinstance(filled, dict)
    return filled


@cache
def _parsed(text: str) -> Any:
    import yaml  # noqa: PLC0415  # only rendering needs it

    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # a safe loader


_PLACEHOLDER = re.compile(r"\$([a-z_]+)")


def _filled(node: Any, values: Mapping[str, Any], path: str) -> Any:
    if isinstance(node, dict):
        pairs = ((key, _filled(value, values, path)) for key, value in node.items())
        return {key: value for key, value in pairs if value is not None}
    if isinstance(node, list):
        items = (_filled(item, values, path) for item in node)
        return [item for item in items if item is not None]
    match = _PLACEHOLDER.fullmatch(node) if isinstance(node, str) else None
    if not match:
        return node
    if match[1] not in values:
        raise Bug(f"The placeholder {node} of the template has no value.", place=f"templates/{path}")
    return values[match[1]]
