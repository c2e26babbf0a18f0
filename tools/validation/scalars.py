"""What a plain YAML word means to Kubernetes' reader (go-yaml 2), and where other readers disagree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Surprise:
    message: str
    severity: str = "warning"


_WORDS: dict[str, Any] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
_YAML_1_1: dict[str, bool] = dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True)
_YAML_1_1 |= dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False)
_NOT_JSON = frozenset(
    sign + word for word in (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN") for sign in ("", "+", "-")
)
_INT = re.compile(r"[-+]?(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
_NUMBER_START = frozenset("0123456789+-.")


@lru_cache(4096)
def resolve(word: str) -> tuple[Any, Surprise | None]:
    """The value of an unquoted word, and a surprise where YAML readers would not agree."""
    if word in _WORDS:
        return _WORDS[word], None
    if word in _YAML_1_1:
        value = _YAML_1_1[word]
        return value, Surprise(f"The bare word `{word}` is read as {str(value).lower()}; quote it.")
    if word[0] not in _NUMBER_START:
        return word, None
    if word in _NOT_JSON:
        return None, Surprise(f"`{word}` cannot be written as JSON, the API server's language.", "error")
    return _number(word)


def _number(word: str) -> tuple[Any, Surprise | None]:
    plain = word.replace("_", "")
    if _INT.fullmatch(plain):
        value = _int(plain)
        if -(2**63) <= value < 2**64:
            return value, _int_surprise(word, plain, value)
    if _DATE.fullmatch(word):
        return word, Surprise(f"`{word}` is a date to some readers; quote it.", "note")
    if _FLOAT.fullmatch(plain):
        return _float(word, plain)
    if _SEXAGESIMAL.fullmatch(word):
        return word, Surprise(f"`{word}` is a base-60 number to YAML 1.1 readers; quote it.")
    return word, None


def _int(plain: str) -> int:
    sign = -1 if plain[0] == "-" else 1
    digits = plain.lstrip("+-").lower()
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _int_surprise(word: str, plain: str, value: int) -> Surprise | None:
    digits = plain.lstrip("+-")
    if "_" in word:
        return Surprise(f"`{word}` is the number {value} here and text to YAML 1.2 readers; quote it.")
    if len(digits) > 1 and digits[0] == "0" and digits[1] not in "xX":
        return Surprise(f"`{word}` is the number {value} here; other readers see another value.", "note")
    return None


def _float(word: str, plain: str) -> tuple[Any, Surprise | None]:
    value = float(plain)
    if value in (float("inf"), float("-inf")):
        return word, None
    surprise = None
    if "e" in plain.lower() or "_" in word or plain.lstrip("+-").isdigit():
        surprise = Surprise(f"`{word}` is the number {value:g} here and text to other readers; quote it.")
    return (int(value) if value.is_integer() and abs(value) < 1e15 else value), surprise
