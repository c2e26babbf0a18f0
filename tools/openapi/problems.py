"""The refusals that more than one step of the ingest raises."""

from __future__ import annotations

from core.errors import Invalid, TooLarge


class Unreadable(Invalid):
    """The bytes are not the text of a document."""

    code = "AW101"
    fix = "Save the file as UTF-8."


class TooBig(TooLarge):
    """A file, or all files together, are over the size limit."""

    code = "AW102"
    fix = "Split the document, or leave out large examples."


class TooDeep(TooLarge):
    """The document nests deeper than any tool behind us can follow."""

    code = "AW103"
    fix = "Give inner schemas a name under components and refer to them."


class SyntaxBroken(Invalid):
    """The text is neither JSON nor YAML."""

    code = "AW105"
    fix = "Mend the text at the place named."


class DuplicateKey(Invalid):
    """One mapping holds the same key twice: readers disagree which one counts."""

    code = "AW106"
    fix = "Keep one of the two entries."


class NumberRefused(Invalid):
    """A number that JSON cannot carry."""

    code = "AW108"
    fix = "Write a finite number, or put it in quotes."


class TextRefused(Invalid):
    """A text holds a character that no file, log or database can carry safely."""

    code = "AW109"
    fix = "Remove the character, or write it as visible text."


class RefRefused(Invalid):
    """A reference that leaves the document's own files."""

    code = "AW113"
    fix = (
        "Copy what it points to into the document or its folder, and refer to it by `#/…` or a relative path."
    )
