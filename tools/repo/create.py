"""Make the default remote: a bare repository that keeps its history whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from core.errors import Conflict
from tools.repo import refs
from tools.repo.command import Git
from tools.repo.remote import is_bare

_SETTINGS = """[receive]
\tfsckObjects = true
\tdenyNonFastForwards = true
\tdenyDeletes = true
[transfer]
\tfsckObjects = true
[core]
\tfsync = all
"""


class CreateRefused(Conflict):
    """Something else is already where the repository should be made."""

    code = "AW529"
    fix = "Name another folder, or move what is there."


def create(path: Path, branch: str = "main") -> Path:
    """The repository's full path. One that is already there is left as it is."""
    path = Path(path).absolute()
    if is_bare(path):
        return path
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise CreateRefused("The folder is not empty and not a bare repository.", place=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        _init(fresh, refs.branch(branch))
        fresh.rename(path)
    except OSError as error:
        if not is_bare(path):
            raise CreateRefused(
                f"The repository cannot be made: {error.strerror}.", place=str(path)
            ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return path


def _init(path: Path, branch: str) -> None:
    # Without a template no sample or foreign hook comes along.
    answer = Git().run(
        "init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", "--", str(path)
    )
    if not answer.ok:
        raise CreateRefused(f"git init failed: {answer.error}", place=str(path))
    with (path / "config").open("a", encoding="utf-8") as config:
        config.write(_SETTINGS)
