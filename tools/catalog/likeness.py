"""What a word that is not known was probably meant to be, and how to show it without being fooled."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from core import names

_SHOWN: Final = 80
_LONGEST: Final = 200
# Letters of other scripts that look like these Latin ones, after Unicode's list of confusables.
_LOOKALIKES: Final = str.maketrans(
    "аеорсухіјѕԁһӏԛԝԍьгпткмвн" "ανορτυικγε" "ɑɡı",
    "aeopcyxijsdhlqwgbrntkmbh" "avoptuikye" "agi",
)  # fmt: skip


def near(word: str, known: Iterable[str]) -> str:
    """What it looks like to an eye first, then what it is most like letter by letter; or nothing."""
    if len(word) > _LONGEST:
        return ""
    listed = list(known)
    plain = folded(word)
    return plain if plain in listed else names.closest(plain, listed) or ""


def folded(word: str) -> str:
    """Without spaces and invisible signs, in small letters, each lookalike as its Latin letter."""
    composed = unicodedata.normalize("NFKC", word).casefold().translate(_LOOKALIKES)
    bare = "".join(char for char in unicodedata.normalize("NFD", composed) if not unicodedata.combining(char))
    return "".join(char for char in bare if unicodedata.category(char)[0] not in "CZ").strip("/")


def meant(word: str) -> str:
    return f"Did you mean `{word}`?" if word else ""


def shown(word: str) -> str:
    """With every sign that is not plain ASCII written out, so that a lookalike is seen."""
    return ascii(word[:_SHOWN]) + ("…" if len(word) > _SHOWN else "")
