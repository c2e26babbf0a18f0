"""Bytes to text: UTF-8 with or without mark, UTF-16 with one. Nothing is guessed."""

from __future__ import annotations

import codecs

from .problems import Unreadable


def decoded(data: bytes, name: str) -> str:
    """The text without its byte order mark."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _checked(_utf16(data, name), name)
    body = data[3:] if data.startswith(codecs.BOM_UTF8) else data
    try:
        return _checked(body.decode(), name)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            f"Byte {error.start} (0x{body[error.start]:02x}) is not UTF-8.",
            place=f"{name}:{line}",
            offset=error.start,
        ) from error


def _utf16(data: bytes, name: str) -> str:
    if data.startswith(codecs.BOM_UTF32_LE):
        raise Unreadable("The file is UTF-32.", place=name)
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise Unreadable(f"Byte {error.start} is not UTF-16.", place=name, offset=error.start) from error


def _checked(text: str, name: str) -> str:
    at = text.find("\0")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise Unreadable(f"Character {at} is NUL: this is not a text.", place=f"{name}:{line}", offset=at)
    return text
