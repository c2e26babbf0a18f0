"""Findings and refusals in the reader's terms: the file they wrote, the place and the line in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from core.errors import AppError
from core.findings import Finding

from . import places
from .files import Opened

# Above this size lines are looked up for refusals only: reading the text again costs as much as
# reading it the first time. Findings keep their pointer.
_LINES_BYTES = 256 * 1024
_BEFORE_UPGRADE = (
    ("/components/schemas/", "/definitions/"),
    ("/components/responses/", "/responses/"),
    ("/components/parameters/", "/parameters/"),
    ("/components/securitySchemes/", "/securityDefinitions/"),
)


@dataclass(frozen=True, slots=True)
class Places:
    """From the bundled document back to the files it was made of."""

    opened: Opened
    origins: dict[str, tuple[str, str]]
    entry: str

    def of(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings with the file and the pointer in that file."""
        return [
            replace(each, file=file, place=place)
            for each in findings
            for file, place in (self._origin(each),)
        ]

    def with_lines(self, findings: list[Finding]) -> list[Finding]:
        wanted: dict[str, list[str]] = {}
        for each in findings:
            if not each.line and len(self.opened.texts.get(each.file, "")) <= _LINES_BYTES:
                wanted.setdefault(each.file, []).append(each.place)
        found = {
            file: places.lines(self.opened.texts[file], pointers)
            for file, pointers in wanted.items()
            if file in self.opened.texts
        }
        return [
            each if each.line else replace(each, line=found.get(each.file, {}).get(each.place, 0))
            for each in findings
        ]

    def _origin(self, finding: Finding) -> tuple[str, str]:
        place = finding.place
        head = place
        while head and self.origins:
            if head in self.origins:
                file, fragment = self.origins[head]
                return file, fragment.rstrip("/") + place[len(head) :]
            head = head.rpartition("/")[0]
        value = self.opened.values.get(self.entry)
        if isinstance(value, dict) and "swagger" in value:
            for after, before in _BEFORE_UPGRADE:
                if place.startswith(after):
                    return self.entry, before + place[len(after) :]
        return self.entry, place


@contextmanager
def placed(opened: Opened) -> Iterator[None]:
    """Turn `file#/pointer` of a refusal into `file:line`, and keep the pointer as a fact."""
    try:
        yield
    except AppError as error:
        file, mark, pointer = error.place.partition("#")
        file = file or opened.source.entry
        if mark and file in opened.texts:
            line = places.lines(opened.texts[file], [pointer])[pointer]
            error.place = f"{file}:{line}" if line else file
            error.facts["pointer"] = pointer
        raise
