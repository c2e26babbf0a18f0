"""datamodel-code-generator for the schemas that need merging: `allOf`, a choice beside properties.

It gets those schemas, what they are made of, and a stub for each class they merely mention; the
stubs are taken out of what it writes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .emit import Emitter
from .errors import GenerationFailed
from .nodes import Node
from .table import references

_STUB: Node = {"type": "object", "properties": {"stub": {"type": "integer"}}}
_KEPT_FORMATS = frozenset({"date-time", "date", "time", "uuid", "binary"})


@dataclass(frozen=True, slots=True)
class Composed:
    """Class text by name, in an order in which each base comes first, and the imports they need."""

    classes: tuple[tuple[str, str, str], ...]  # name, text, base
    imports: tuple[str, ...]


def compose(emitter: Emitter) -> Composed:
    """The classes of all composed entries and of the entries they are made of."""
    entries = emitter.entries
    wanted = [name for name, entry in entries.items() if entry.composed]
    if not wanted:
        return Composed((), ())
    whole = _closure(wanted, emitter)
    stubs = {name for each in whole for name in references(entries[each].schema)} - set(whole)
    for _ in range(4):
        found = _run(whole, stubs, emitter)
        clash = {name for name, _, _ in found.classes if name in entries} - set(whole)
        if not clash:
            return found
        stubs |= clash  # a class it invented has the name of one of ours: now it will choose another
    raise GenerationFailed(
        "The generator's own class names collide with the document's.", classes=sorted(clash)
    )


def _closure(wanted: list[str], emitter: Emitter) -> list[str]:
    """The entries that must be given whole: what `allOf`, `oneOf` and `anyOf` of a composed one name."""
    whole: dict[str, None] = {}
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name in whole:
            continue
        whole[name] = None
        waiting += [each for each, _ in _bases(emitter.entries[name].schema)]
        waiting += [base for base in [emitter.entries[name].base] if base]
    return [name for name in emitter.entries if name in whole]


def _bases(node: Node) -> Iterator[tuple[str, str]]:
    """(class, keyword) for each reference that stands for the value itself, not for a part of it."""
    if "$ref" in node:
        yield node["$ref"], "$ref"
    for key in ("allOf", "anyOf", "oneOf"):
        for part in node.get(key, ()):
            for name, _ in _bases(part):
                yield name, key


def _run(whole: list[str], stubs: set[str], emitter: Emitter) -> Composed:
    schemas: dict[str, Any] = {name: _STUB for name in emitter.entries if name in stubs}
    for name in whole:
        entry = emitter.entries[name]
        base = {"allOf": [{"$ref": entry.base}]} if entry.base else {}
        schemas[name] = _schema({**base, **entry.schema}, emitter)
    source = _generate(schemas)
    tree = ast.parse(source)
    imports = [ast.unparse(n) for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    classes = []
    for node in tree.body:
        name = _defined(node)
        if name and name not in stubs:
            classes.append((name, _text(node), _base(node)))
    return Composed(tuple(classes), tuple(i for i in imports if "__future__" not in i))


def _defined(node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def _text(node: ast.stmt) -> str:
    """The statement, with `RootModel` for `RootModel[X]`: the annotation of `root` says it, and only
    that may name a class that stands further down. Written anew from its tree: texts from the
    document hold characters that some count as the end of a line."""
    if isinstance(node, ast.ClassDef):
        node.bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    return ast.unparse(node)


def _base(node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name):
        return node.bases[0].id
    return ""


def _generate(schemas: dict[str, Any]) -> str:
    import datamodel_code_generator as dcg  # noqa: PLC0415  # 0.9 s, and most documents do without
    from datamodel_code_generator.format import Formatter, PythonVersion  # noqa: PLC0415  # as above

    document = {
        "openapi": "3.1.0",
        "info": {"title": "models", "version": "1"},
        "paths": {},
        "components": {"schemas": schemas},
    }
    try:
        found = dcg.generate(
            document,
            input_file_type=dcg.InputFileType.OpenAPI,
            output_model_type=dcg.DataModelType.PydanticV2BaseModel,
            target_python_version=PythonVersion.PY_311,
            output_datetime_class=dcg.DatetimeClassType.Datetime,
            enum_field_as_literal=dcg.LiteralType.All,
            formatters=[Formatter.BUILTIN],
            base_class="models.Model",
            allow_remote_refs=False,
            disable_timestamp=True,
            field_constraints=True,
            strict_nullable=True,
            treat_dot_as_module=False,
            use_annotated=True,
            use_schema_description=True,
            use_field_description=True,
        )
    except Exception as error:  # it raises whatever its forty modules raise
        raise GenerationFailed(
            f"The generator gave up: {_short(error)}", kind=type(error).__name__
        ) from error
    return found if isinstance(found, str) else ""


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _schema(node: Node, emitter: Emitter) -> Any:
    """A normal form as JSON Schema 2020-12, references as `#/components/schemas/<class>`."""
    null = node.get("nullable") or ("$ref" in node and emitter.is_null(node["$ref"]))
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key not in ("nullable", "keys"):
            found[key] = _value(key, value, emitter)
    if found.get("format") not in _KEPT_FORMATS or node.keys() & {"pattern", "minLength", "maxLength"}:
        found.pop("format", None)
    if not null or not found:
        return found
    outer = {key: found.pop(key) for key in ("description", "default") if key in found}
    return {"anyOf": [found, {"type": "null"}], **outer} if found else {**found, **outer}


def _value(key: str, value: Any, emitter: Emitter) -> Any:
    if key == "$ref":
        return f"#/components/schemas/{value}"
    if key == "properties":
        return {name: _schema(each, emitter) for name, each in value.items()}
    if key in ("allOf", "anyOf", "oneOf"):
        return [_schema(each, emitter) for each in value]
    if key in ("items", "additionalProperties") and isinstance(value, dict):
        return _schema(value, emitter)
    return value
