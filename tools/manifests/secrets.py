"""Does a literal look like a secret? By the variable's name, or by the shape of the value."""

from __future__ import annotations

import re

_WORDS = frozenset(
    {"PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "SECRET", "TOKEN", "CREDENTIAL", "CREDENTIALS"}
)
_KEYS = ("API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "SIGNING_KEY", "ENCRYPTION_KEY", "MASTER_KEY")
# What such a name may end in and then tells about the secret instead of being one.
_ABOUT = frozenset({
    "ALGORITHM", "AUDIENCE", "COUNT", "DIR", "ENABLED", "EXPIRY", "FILE", "HEADER", "ISSUER", "LENGTH",
    "LIMIT", "MAX", "MIN", "MINUTES", "MS", "NAME", "PATH", "SECONDS", "TTL",
})  # fmt: skip

# Every repetition is bounded: a value may be long and made to be slow.
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[0-9A-Za-z]{30}|\bgithub_pat_[0-9A-Za-z_]{30}|\bglpat-[0-9A-Za-z_-]{20}"
    r"|\bxox[abprs]-[0-9A-Za-z-]{10}|\bsk-[0-9A-Za-z_-]{20}|\bAIza[0-9A-Za-z_-]{35}"
    r"|\beyJ[0-9A-Za-z_-]{10,300}\.eyJ[0-9A-Za-z_-]{10,1000}\.[0-9A-Za-z_-]{10}"
    r"|\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]{0,100}:[^\s/@]{1,200}@"
)


def named(name: str) -> bool:
    """A variable of this name holds a secret: `DB_PASSWORD`, `apiKey`, `GITHUB_TOKEN`; not `TOKEN_TTL`."""
    words = re.findall("[A-Z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()) or [""]
    if words[-1] in _ABOUT:
        return False
    joined = "_".join(words)
    is_key = words[-1] == "KEY" and "PUBLIC" not in words
    return is_key or any(word in _WORDS for word in words) or any(joined.endswith(key) for key in _KEYS)


def shaped(value: str) -> bool:
    """The value itself is a known kind of credential, or a URL with a password."""
    return bool(_SHAPES.search(value))
