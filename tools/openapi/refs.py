"""What a `$ref` names: a place in this file, a place in another file below the root, or a refusal."""

from __future__ import annotations

import posixpath
import re
from typing import Any, Final
from urllib.parse import unquote

from .problems import RefRefused

_SCHEME: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.\-]*:")


def target(ref: str, name: str, place: str) -> tuple[str, str]:
    """File and JSON pointer that `ref`, standing in the file `name` at `place`, leads to.

    The address part is judged after percent-decoding: `%2e%2e/` is `../`. No file is touched.
    """
    address, _, fragment = ref.partition("#")
    if not address:
        return name, fragment
    plain = unquote(address)
    reason = _reason(address, plain)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), plain))
    if not reason and path.split("/", 1)[0] == "..":
        reason = "leaves the document's folder"
    if reason:
        raise RefRefused(f"The reference {ref[:200]!r} {reason}.", place=f"{name}#{place}")
    return path, fragment


def _reason(address: str, plain: str) -> str:
    if _SCHEME.match(plain) or plain.lstrip().startswith("//"):
        return "names a remote address, and nothing is ever fetched"
    if plain.startswith(("/", "~")):
        return "names an absolute path"
    if "\\" in plain or any(ord(char) < 32 or ord(char) == 127 for char in plain):
        return "is no relative path"
    if "?" in address:
        return "has a query, which no file has"
    return ""


def found(value: Any, fragment: str) -> tuple[bool, Any]:
    """Whether the pointer leads anywhere in the value, and to what."""
    if fragment in ("", "/"):
        return True, value
    if not fragment.startswith("/"):
        return False, None
    for key in segments(fragment):
        if value.__class__ is dict:
            if key not in value:
                return False, None
            value = value[key]
        elif value.__class__ is list:
            if not key.isdecimal() or int(key) >= len(value):
                return False, None
            value = value[int(key)]
        else:
            return False, None
    return True, value


def segments(fragment: str) -> list[str]:
    """The keys of a pointer, decoded once as a URL and once as a pointer."""
    text = unquote(fragment) if "%" in fragment else fragment
    keys = text.split("/")[1:]
    if "~" in text:
        keys = [key.replace("~1", "/").replace("~0", "~") for key in keys]
    return keys
