"""Names people type: what they probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None when none is near (difflib's ratio under 0.6)."""
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistake needs it

    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), None)
