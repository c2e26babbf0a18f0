"""The one rule for paths inside a repository: plain names below the prefixes a module owns.

Refuses by allow-list of characters, not by a list of known tricks; the few names that git,
Windows or macOS read in their own way are refused on top.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from core.errors import Invalid

SEGMENT_BYTES = 240
PATH_BYTES = 4096

_FORBIDDEN = frozenset('<>:"|?*\\~')
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_SHOWN = 80


class PathRefused(Invalid):
    """A path that could leave its place, or that two systems read differently."""

    code = "AW501"
    fix = "Use plain relative paths such as apps/<module>/base/deployment.yaml."


class PathsCollide(Invalid):
    """Two paths that are one file on another system."""

    code = "AW502"
    fix = "Rename one of the two files."


def check(path: str, within: Sequence[str] | None = None) -> str:
    """The path itself, when it is plain and, where `within` is given, at or below one of these."""
    reason = _path_fault(path)
    if not reason and within is not None and not any(is_under(path, prefix) for prefix in within):
        reason = "it is outside the paths this module owns"
    if reason:
        raise PathRefused(f"Path {_shown(path)} is refused: {reason}.", place=_shown(path))
    return path


def check_all(paths: Iterable[str], within: Sequence[str] | None = None) -> tuple[str, ...]:
    """The paths, sorted, when each is plain and no two are one file on another system."""
    ordered = tuple(sorted(check(path, within) for path in paths))
    seen: dict[str, str] = {}
    for path in ordered:
        other = seen.setdefault(folded(path), path)
        if other is not path:
            raise PathsCollide(f"{_shown(other)} and {_shown(path)} are one file where case does not count.")
    _refuse_nesting(ordered, seen)
    return ordered


def is_under(path: str, prefix: str) -> bool:
    """Whether the path is the prefix itself or lies in that folder; segments are compared whole."""
    prefix = prefix.rstrip("/")
    return bool(prefix) and (path == prefix or path.startswith(prefix + "/"))


def folded(path: str) -> str:
    """One spelling for all paths that are one file where case and Unicode form do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())


def parents(path: str) -> tuple[str, ...]:
    """`a/b/c` gives `a`, `a/b`."""
    parts = path.split("/")
    return tuple("/".join(parts[:count]) for count in range(1, len(parts)))


def _path_fault(path: str) -> str:
    if not path:
        return "it is empty"
    try:
        size = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        return "it holds half a character"
    if size > PATH_BYTES:
        return f"it is longer than {PATH_BYTES} bytes"
    if unicodedata.normalize("NFC", path) != path:
        return "it is not in Unicode's composed form (NFC)"
    return next((fault for part in path.split("/") if (fault := _segment_fault(part))), "")


def _segment_fault(part: str) -> str:
    if part in {"", ".", ".."}:
        return "it has an empty, `.` or `..` part"
    if len(part.encode("utf-8")) > SEGMENT_BYTES:
        return f"a part is longer than {SEGMENT_BYTES} bytes"
    if any(char in _FORBIDDEN or unicodedata.category(char) in _CATEGORIES for char in part):
        return "it holds a control or reserved character"
    return _name_fault(part)


def _name_fault(part: str) -> str:
    if part[0] in " -" or part[-1] in " .":
        return "a part begins with a space or dash, or ends with a space or dot"
    # Folding first: file systems that ignore case and width find .git under many spellings.
    name = unicodedata.normalize("NFKC", part).casefold()
    if name.startswith(".git"):
        return "names that begin with .git belong to git and its hosts"
    if _DEVICES.fullmatch(part):
        return "Windows reserves this name"
    return ""


def _refuse_nesting(ordered: Sequence[str], files: dict[str, str]) -> None:
    for path in ordered:
        for parent in parents(path):
            if other := files.get(folded(parent)):
                raise PathsCollide(f"{_shown(other)} cannot be a file and the folder of {_shown(path)}.")
    folders: dict[str, str] = {}
    for path in ordered:
        for parent in parents(path):
            other = folders.setdefault(folded(parent), parent)
            if other != parent:
                raise PathsCollide(f"Folders {_shown(other)} and {_shown(parent)} differ only in case.")


def _shown(path: str) -> str:
    """Safe to print: no control characters, no server secrets beyond the path itself, bounded."""
    text = ascii(path[:_SHOWN])[1:-1]
    return f"{text}…" if len(path) > _SHOWN else text
