"""Keeps secrets out of spans and logs: by the name they stand under, and by their value once known.

A value is found in every form it is likely to travel in: as it is, JSON- and URL-escaped, base64 at each
of three offsets. What a name or a value does not give away is not found: this is the last net, not the first.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

HIDDEN = "[hidden]"
SHORTEST = 6
"""Values of fewer characters are not looked for: they would be found in every second word."""

# Lower case, no `_` and `-`: what a name holds if its value is a secret.
_WORDS = (
    "apikey", "accesskey", "privatekey", "secret", "passwd", "password", "passphrase", "pwd", "credential",
    "authorization", "cookie", "sessionkey", "signingkey", "encryptionkey", "connectionstring",
)  # fmt: skip
# `token` alone would hide too much: models count their `tokens`.
_LAST = re.compile(r"(?:token|(?:^|[^a-z])dsn)$")
_STRIPPED = str.maketrans("", "", "_-. ")

_NAME = (
    r"[\w.-]*(?:api[_-]?key|access[_-]?key|private[_-]?key|secret|passw(?:or)?d|passphrase|pwd|credential"
    r"|authorization|cookie|token(?!s)|signing[_-]?key|encryption[_-]?key|connection[_-]?string|(?<![a-z])dsn)[\w.-]*"
)
# A text inside quotes that may be escaped themselves; its end may have been cut off.
_QUOTE = r"""(?<!\\)(\\*["'])"""
_INSIDE = r"(?:(?!\{0})(?:\\.|.))*(?:\{0}|\Z)"
_TEXT = (
    # As JSON writes it, quoted or not.
    (rf"{_QUOTE}({_NAME})\1(\s*:\s*)(\\*[\"']){_INSIDE.format(4)}", rf"\1\2\1\3\4{HIDDEN}\4"),
    (rf"{_QUOTE}({_NAME})\1(\s*:\s*)(?!null|true|false)[^\s\"'\\,{{}}\[\]]+", rf"\1\2\1\3\1{HIDDEN}\1"),
    # {"name": "DB_PASSWORD", "value": "x"}, as Kubernetes writes it
    (
        rf"{_QUOTE}(name|key)\1(\s*:\s*)\1({_NAME})\1(\s*,\s*)\1value\1(\s*:\s*)\1{_INSIDE.format(1)}",
        rf"\1\2\1\3\1\4\1\5\1value\1\6\1{HIDDEN}\1",
    ),
    # password=x, Authorization: Bearer x
    (rf"(?<![\w.-])({_NAME})(\s*[=:]\s*)(?:(?:bearer|basic)\s+)?[^\s\"'&,;]+", rf"\1\2{HIDDEN}"),
    (r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", rf"\1 {HIDDEN}"),
    # Credentials that show by their own form.
    (
        r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}\b|gh[pousr]_\w{30,255}|github_pat_\w{30,255}|glpat-[\w-]{20,255}"
        r"|xox[abprs]-[\w-]{10,255}|sk-[\w-]{20,255}|AIza[\w-]{35}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+)"
        r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)",
        HIDDEN,
    ),
    # https://user:x@host
    (r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]*://)[^/\s@\"']*@", rf"\1{HIDDEN}@"),
)
_PATTERNS = tuple((re.compile(found, re.IGNORECASE | re.DOTALL), instead) for found, instead in _TEXT)
# Looked for first, in lower case: most texts hold none of these, and five expressions cost more.
_HINTS = (
    "key", "secret", "passw", "passphrase", "pwd", "credential", "authorization", "cookie", "token", "bearer",
    "basic ", "connection", "dsn", "://",
    "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "sk-", "aiza",
    "eyj",
)  # fmt: skip

_known: dict[str, None] = {}


def known_secret(value: str) -> None:
    """Hide this value from now on, wherever it turns up. For roots, which read the settings."""
    for part in {value.strip(), *(line.strip() for line in value.splitlines())}:
        if len(part) >= SHORTEST:
            _known.update(dict.fromkeys(_forms(part)))
    for form in sorted(_known, key=len, reverse=True):  # the longest first: one may hold another
        _known[form] = _known.pop(form)


def is_secret(name: str) -> bool:
    """Whether what stands under this name is hidden whatever it is."""
    return _named(name[:200])


def is_clean(text: str) -> bool:
    """Whether nothing in the text needs a closer look: most do not, and looking closely is slow."""
    low = text.lower()
    return not any(hint in low for hint in _HINTS) and not any(form in text for form in _known)


@functools.lru_cache(2048)
def _named(name: str) -> bool:
    plain = name.lower()
    squeezed = plain.translate(_STRIPPED)
    return any(word in squeezed for word in _WORDS) or _LAST.search(plain) is not None


def masked(name: str, value: Any) -> Any:
    """The value as it may leave: plain data keeps its shape, anything else becomes its text."""
    if name and is_secret(name) and value not in (None, "", True, False):
        return HIDDEN
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [masked("", each) for each in value]
    return text(str(value))


def text(value: str) -> str:
    """The text without any known secret and without what stands behind a telling name."""
    for form in _known:
        if form in value:
            value = value.replace(form, HIDDEN)
    low = value.lower()
    if not any(hint in low for hint in _HINTS):
        return value
    whole = _document(value)
    if whole is not None:
        return whole
    for pattern, instead in _PATTERNS:
        value = pattern.sub(instead, value)
    return value


def _document(value: str) -> str | None:
    """JSON is masked as what it says, which no expression can; a text that was cut off is none."""
    if value[:1] not in ("{", "["):
        return None
    try:
        return orjson.dumps(masked("", orjson.loads(value))).decode()
    except (ValueError, TypeError, RecursionError):
        return None


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    done = {text(str(key)): masked(str(key), each) for key, each in value.items()}
    named = value.get("name") or value.get("key")
    if isinstance(named, str) and is_secret(named) and value.get("value") not in (None, ""):
        done["value"] = HIDDEN
    return done


def _forms(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogatepass")
    forms = {value}
    for is_ascii in (True, False):
        once = json.dumps(value, ensure_ascii=is_ascii)[1:-1]
        forms |= {once, json.dumps(once, ensure_ascii=is_ascii)[1:-1]}  # JSON within JSON
    for quoted in (quote(raw), quote(raw, safe=""), quote_plus(raw)):
        forms |= {quoted, re.sub("%..", lambda hit: hit.group().lower(), quoted)}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms |= {_within_base64(encode, raw, offset) for offset in range(3)}
    return {form for form in forms if len(form) >= SHORTEST}


def _within_base64(encode: Any, raw: bytes, offset: int) -> str:
    """The characters that `raw` alone decides when `offset` bytes (modulo 3) stand before it."""
    whole = encode(b"\0" * offset + raw).decode().rstrip("=")
    first = (0, 2, 3)[offset]
    last = (offset + len(raw)) * 8 // 6
    return str(whole[first:last])
