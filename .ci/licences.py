"""Write docs/licences.md from the metadata of what `make setup` installs: `python .ci/licences.py`."""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "licences.md"
HEAD = """# Licences of what we use

Made by `python .ci/licences.py` from the packages' own metadata; a test compares. These are the packages
that `make setup` installs, the development tools among them. See [exceptions](adr_exceptions.md).

| package | version | licence |
| --- | --- | --- |
"""


def licence(found: Distribution) -> str:
    """The SPDX expression, else the classifiers, else the first line of the free text."""
    meta = found.metadata
    if expression := meta.get("License-Expression"):
        return expression
    classifiers = meta.get_all("Classifier") or []
    named = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License :: ")]
    named = [each for each in named if each != "OSI Approved"]
    text = (meta.get("License") or "").strip().partition("\n")[0]
    return ", ".join(named) or text[:60] or "not stated"


def page() -> str:
    rows = {
        re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(): (found.version, licence(found))
        for found in distributions()
    }
    return HEAD + "".join(
        f"| {name} | {version} | {text} |\n" for name, (version, text) in sorted(rows.items())
    )


if __name__ == "__main__":
    sys.stdout.write(
        f"{PAGE.name}: {'unchanged' if PAGE.exists() and PAGE.read_text() == page() else 'written'}\n"
    )
    PAGE.write_text(page())
