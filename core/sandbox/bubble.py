"""The command that puts a zygote into bubblewrap's namespaces: no network, no other process,
and only the readable trees exist at all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

_PLACES = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap")
_SYSTEM = (
    "/usr",
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/alternatives",
)


def find() -> str:
    """Where bubblewrap is installed; empty where it is not. Never looked for on PATH."""
    return next((place for place in _PLACES if os.access(place, os.X_OK)), "")


def wrap(line: Sequence[str], *, read: Sequence[str], write: Sequence[str]) -> list[str]:
    """`line` inside. Two usual options are missing on purpose: `--new-session`, because the
    spawn has made a session without a terminal already and the one process group lets us kill
    all of it; `--die-with-parent`, because it fires when the starting *thread* ends.
    """
    binds: list[str] = []
    for path in (*_SYSTEM, *read):
        known = path in _SYSTEM and os.path.islink(path)  # noqa: PTH114 - text in, text out
        binds += ["--symlink", os.readlink(path), path] if known else ["--ro-bind-try", path, path]  # noqa: PTH115
    for path in write:
        binds += ["--bind", path, path]
    rights = ["--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    return [find(), *rights, *binds, "--proc", "/proc", "--dev", "/dev", "--chdir", "/", "--", *line]
