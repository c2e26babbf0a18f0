"""Load a descriptor's YAML (or JSON) text strictly: one mapping, no duplicate key, no alias."""

from __future__ import annotations

import json
from typing import Any

from core.errors import Invalid, TooLarge

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20


class DescriptorUnreadable(Invalid):
    code = "AW301"
    fix = "Write one YAML or JSON mapping without repeated keys, anchors or tags."


class TextTooLarge(TooLarge):
    code = "AW310"
    fix = "A descriptor is a page of text; large data belongs into a volume, a Secret or a ConfigMap."


def load(text: str, file: str = "autoweave.yaml") -> dict[str, Any]:
    """The mapping in `text`; an empty text is an empty mapping."""
    if len(text) > MAX_BYTES:
        raise TextTooLarge(f"The text has {len(text)} characters; at most {MAX_BYTES} are read.", place=file)
    if text.lstrip().startswith("{"):
        found = _json(text, file)
        if found is not None:
            return found
    import yaml  # noqa: PLC0415  # most calls bring a mapping and need no parser

    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        reason = getattr(error, "problem", None) or "it is not YAML"
        raise DescriptorUnreadable(f"It cannot be read: {reason}.", place=place) from error
    if node is None:
        return {}
    value = _value(node, file, set(), 0)
    if not isinstance(value, dict):
        raise DescriptorUnreadable("It is not a mapping.", place=f"{file}:1")
    return value


def _json(text: str, file: str) -> dict[str, Any] | None:
    """JSON as such: indented with tabs it is no YAML. None where it is YAML's flow style after all."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise DescriptorUnreadable("A key appears twice.", place=file)
        return made

    try:
        found = json.loads(text, object_pairs_hook=once, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _value(node: Any, file: str, seen: set[int], depth: int) -> Any:
    place = f"{file}:{node.start_mark.line + 1}"
    if id(node) in seen:
        raise DescriptorUnreadable("It uses an alias.", place=place)
    if depth > MAX_DEPTH:
        raise DescriptorUnreadable("It is nested too deeply.", place=place)
    seen.add(id(node))
    if node.id == "mapping":
        return _mapping(node, file, seen, depth)
    if node.id == "sequence":
        return [_value(item, file, seen, depth + 1) for item in node.value]
    return _scalar(node, place)


def _mapping(node: Any, file: str, seen: set[int], depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.id != "scalar" or key_node.tag == "tag:yaml.org,2002:merge":
            raise DescriptorUnreadable("A key is not a plain text.", place=f"{file}:{line}")
        # The text as written: `on:` and `1:` are keys people mean literally.
        key = key_node.value
        if key in result:
            raise DescriptorUnreadable(f"The key `{key}` appears twice.", place=f"{file}:{line}")
        result[key] = _value(value_node, file, seen, depth + 1)
    return result


_INT = "tag:yaml.org,2002:int"
_TEXT = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp"})


def _scalar(node: Any, place: str) -> Any:
    """Numbers with a point and dates stay text: `version: 1.10` means 1.10, not 1.1."""
    tag, text = node.tag, node.value
    if tag in _TEXT or tag == "tag:yaml.org,2002:value":
        return text
    if tag == _INT:
        return int(text) if _is_decimal(text) else text
    if tag == "tag:yaml.org,2002:bool":
        return {"true": True, "false": False}.get(text.lower(), text)
    if tag == "tag:yaml.org,2002:null":
        return None
    raise DescriptorUnreadable(f"The tag {tag} is not allowed.", place=place)


def _is_decimal(text: str) -> bool:
    digits = text.lstrip("+-")
    return (
        digits.isdecimal() and digits.isascii() and len(digits) < 19 and (digits == "0" or digits[0] != "0")
    )
