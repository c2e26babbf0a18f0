"""A document to text: the same document, the same bytes."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

_YAML_BYTES: Final = 300_000
_STARTS: Final = frozenset("0123456789+-.")


def written(document: dict[str, Any]) -> str:
    """YAML, or JSON (which is YAML too) where that would be large, or too deep for a YAML writer."""
    text = as_json(document)
    if len(text) > _YAML_BYTES:
        return text
    try:
        return _as_yaml(document)
    except RecursionError:
        return text


def as_json(document: dict[str, Any]) -> str:
    try:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    except TypeError:  # orjson stops at 254 levels
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _as_yaml(document: dict[str, Any]) -> str:
    import yaml  # noqa: PLC0415  # only a document of several files is written anew

    class Writer(yaml.CSafeDumper):
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    def text(writer: yaml.CSafeDumper, value: str) -> Any:
        # Readers of different YAML versions disagree on what starts like a number.
        style = "'" if value[:1] in _STARTS else None
        return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Writer.add_representer(str, text)
    made: str = yaml.dump(
        document, Dumper=Writer, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )
    return made
