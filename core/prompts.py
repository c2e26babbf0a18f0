"""Prompts as data: a Markdown file by its name, known by the digest of its bytes.

A place in a prompt is written `$tenant`; a prompt is never filled with what nobody gave.
"""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from pathlib import Path

from core.errors import Bug


@dataclass(frozen=True, slots=True)
class Prompt:
    """`digest` is of the file, not of what was filled in: it says which version of it was used."""

    name: str
    text: str
    digest: str

    def fill(self, **places: str) -> str:
        try:
            return string.Template(self.text).substitute(places)
        except (KeyError, ValueError) as error:
            raise Bug(f"The prompt {self.name} has a place that nothing fills: {error}.") from error


def load(folder: Path, name: str) -> Prompt:
    """`load(root, "assistant/system")` is the file assistant/system.md below the root."""
    try:
        content = (folder / f"{name}.md").read_bytes()
    except OSError as error:
        raise Bug(f"There is no prompt {name}: {error.strerror}.") from error
    return Prompt(name, content.decode(), hashlib.sha256(content).hexdigest())
