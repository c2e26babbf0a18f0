"""Python source text from plain values. Everything that comes from a document goes through here."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from .names import Register

_WORDS = re.compile(r"\W+")
_ODD = re.compile(
    r"[^\n\x20-\x7e\xa1-\u02ff\u0370-\u1fff\u2010-\u2027\u2030-\u205e\u3000-\ud7ff\uf900-\ufaff]"
)


def literal(value: Any) -> str:
    """A value as a Python literal; `repr` escapes whatever could be read as something else."""
    return repr(value)


def docstring(text: str, indent: str) -> list[str]:
    """The lines of a docstring that ends where it should, whatever the text holds."""
    text = unicodedata.normalize("NFC", "\n".join(text.splitlines())).strip()
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    text = _ODD.sub(lambda odd: _escape(odd[0]), text)
    lines = [f"{indent}{line.rstrip()}".rstrip() for line in text.split("\n")]
    lines[0] = f'{indent}"""{lines[0].strip()}'
    if len(lines) == 1 and not lines[0].endswith(('"', "\\")):
        return [lines[0] + '"""']
    return [*lines, f'{indent}"""']


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def members(values: list[str]) -> list[tuple[str, str]]:
    """Names for the members of a string enum: `in-stock` is IN_STOCK."""
    register = Register()
    return [(register.take(_member(value)), value) for value in values]


def _member(value: str) -> str:
    name = _WORDS.sub("_", unicodedata.normalize("NFKC", value)).strip("_").upper()[:60]
    name = unicodedata.normalize("NFKC", name)
    if name and not name.isidentifier():
        name = f"VALUE_{name}"
    return name if name.isidentifier() else "VALUE"


def field(name: str, annotation: str, arguments: list[str], default: str | None) -> str:
    """One line of a class body, or several where one would be too long."""
    if not arguments:
        return f"    {name}: {annotation}" + (f" = {default}" if default is not None else "")
    given = ([default] if default is not None else []) + arguments
    line = f"    {name}: {annotation} = Field({', '.join(given)})"
    if len(line) <= 100:
        return line
    inner = "".join(f"        {argument},\n" for argument in given)
    return f"    {name}: {annotation} = Field(\n{inner}    )"
