"""Python names for schemas and properties: stable, unique, and never one that Python or Pydantic owns."""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re
import unicodedata
from collections.abc import Iterable

LONGEST = 80

# What the generated modules import or define themselves: a schema of that name gets another class name.
IMPORTED = frozenset(
    {
        *("Annotated", "Any", "AnyUrl", "AwareDatetime", "BaseModel", "ByteSize", "ConfigDict", "Date"),
        *(
            "DateTime",
            "Decimal",
            "Dict",
            "EmailStr",
            "Enum",
            "Field",
            "Generic",
            "IntEnum",
            "Later",
            "List",
            "Literal",
            "Model",
        ),
        *(
            "OPERATIONS",
            "Optional",
            "Path",
            "RootModel",
            "SCHEMAS",
            "Set",
            "StrEnum",
            "StrictBool",
            "StrictFloat",
            "StrictInt",
            "Time",
            "Tuple",
            "UUID",
            "Union",
        ),
    }
)
_BUILTINS = frozenset(dir(builtins))
_WORD = re.compile(r"[^\W_]+")
_NOT_FIELD = re.compile(r"\W")


def class_name(text: str) -> str:
    """`pet-item` as `PetItem`: capitalised words, letters and digits only, at most 80 characters."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text))
    name = "".join(word[0].upper() + word[1:] for word in words)
    if not name.isidentifier():
        name = "Model" + "".join(c for c in name if ("M" + c).isidentifier())
    if len(name) > LONGEST:
        name = f"{name[: LONGEST - 8]}{_digest(text)}"
    if name in IMPORTED or name in _BUILTINS or keyword.iskeyword(name):
        name += "Model"
    return unicodedata.normalize("NFKC", name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def is_importable(text: str) -> bool:
    """Whether `from models import <text>` can be written and means exactly this text."""
    plain = (
        text.isidentifier() and not keyword.iskeyword(text) and unicodedata.normalize("NFKC", text) == text
    )
    return plain and not (text.startswith("__") and text.endswith("__")) and text not in _EXPORTS


_EXPORTS = frozenset({"SCHEMAS", "OPERATIONS"})


class Register:
    """Hands out each name once; the second asker gets a number."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._taken

    def take(self, wanted: str) -> str:
        name = wanted
        count = self._next.get(wanted, 1)
        while name in self._taken:
            count += 1
            name = f"{wanted}{count}"
        self._next[wanted] = count
        self._taken.add(name)
        return name


def component_names(originals: Iterable[str]) -> dict[str, str]:
    """A class name for each component schema.

    A name that is already good keeps it, whatever the others are called; then the rest, in order.
    """
    register, found = Register(), {}
    originals = list(originals)
    good = [name for name in originals if class_name(name) == name]
    for name in [*good, *(name for name in originals if class_name(name) != name)]:
        found[name] = register.take(class_name(name))
    return {name: found[name] for name in originals}


def field_names(keys: Iterable[str], shadowed: frozenset[str] | set[str]) -> dict[str, str]:
    """A field name for each property; `shadowed` are names that this class's annotations use.

    A property that can keep its name keeps it, so `a_b` wins over `a-b` wherever it stands.
    """
    keys = list(keys)
    keep = [key for key in keys if _is_field(key) and key not in shadowed]
    found = {key: key for key in keep}
    register = Register([*keep, *shadowed])
    for key in keys:
        if key not in found:
            found[key] = _take_field(register, key)
    return {key: found[key] for key in keys}


def _take_field(register: Register, key: str) -> str:
    name = unicodedata.normalize("NFKC", _NOT_FIELD.sub("_", unicodedata.normalize("NFKC", key)))
    name = name.lstrip("_")[:LONGEST]
    if not name.isidentifier():
        name = f"field_{name}".rstrip("_") if name else "field"
    if name in register or not _is_field(name):
        name = f"{name}_" if _is_field(f"{name}_") else f"field_{name}"
    return register.take(name if name.isidentifier() else "field")


def _is_field(name: str) -> bool:
    plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name and not name.startswith("_")
    return plain and not keyword.iskeyword(name) and name not in OWNED and not name.startswith(_PROTECTED)


# Attributes of pydantic.BaseModel 2.x (dir() of it, without importing it): a field must not hide one.
# `Config` is how Pydantic 1 was told its settings, and is still looked for.
OWNED = frozenset(
    {
        *(
            "Config",
            "construct",
            "copy",
            "dict",
            "from_orm",
            "json",
            "parse_file",
            "parse_obj",
            "parse_raw",
            "root",
        ),
        *("schema", "schema_json", "update_forward_refs", "validate"),
        *("model_computed_fields", "model_config", "model_construct", "model_copy", "model_extra"),
        *("model_fields", "model_fields_set", "model_json_schema", "model_parametrized_name"),
        *("model_post_init", "model_rebuild"),
    }
)
_PROTECTED = ("model_dump", "model_validate")
