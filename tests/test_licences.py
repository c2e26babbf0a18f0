"""The table of licences speaks of what is locked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def rows() -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs" / "licences.md").read_text()
    found = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", text, re.MULTILINE)
    return {name: (version, said) for name, version, said in found if name not in {"package", "---"}}


def locked() -> set[tuple[str, str]]:
    """Some packages are locked twice, for an older and a newer Python."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {(each["name"], each["version"]) for each in packages if "version" in each}


def test_every_row_is_the_locked_version() -> None:
    table = {(name, version) for name, (version, _) in rows().items()}

    assert len(table) > 50
    assert table <= locked()


def test_every_direct_dependency_has_a_row_with_a_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    named = [*project["project"]["dependencies"]]
    named += [each for each in project["dependency-groups"]["dev"] if isinstance(each, str)]
    direct = {re.split(r"[\[=<>]", each)[0].lower() for each in named}

    table = rows()

    assert direct <= table.keys()
    assert not [name for name, (_, said) in table.items() if said == "not stated"]
