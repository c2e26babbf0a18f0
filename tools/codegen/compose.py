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

_MARK = "aw_stub_mark"
_STUB: Node = {"type": "object", "properties": {_MARK: {"type": "integer"}}}
_KEPT_FORMATS = frozenset({"date-time", "date", "time", "uuid", "binary"})


@dataclass(frozen=True, slots=True)
class Composed:
    """Class text by name, in an order in which each base comes first, and the imports they need."""

    classes: tuple[tuple[str, str, str], ...]  # name, text, base
    imports: tuple[str, ...]


NOTHING = Composed((), ())


def compose(emitter: Emitter) -> Composed:
    """The classes of all composed entries and of the entries they are made of.

    An entry that the generator cannot merge takes any value, and its report says so: one schema must
    not cost the others.
    """
    wanted = [name for name, entry in emitter.entries.items() if entry.composed]
    if not wanted:
        return NOTHING
    try:
        return _together(wanted, emitter)
    except GenerationFailed:
        return _together([name for name in wanted if _is_possible(name, emitter)], emitter)


def _is_possible(name: str, emitter: Emitter) -> bool:
    try:
        _together([name], emitter)
    except GenerationFailed as error:
        emitter.open(name, f"everything ({error.message})")
        return False
    return True


def _together(wanted: list[str], emitter: Emitter) -> Composed:
    if not wanted:
        return NOTHING
    entries = emitter.entries
    whole = _closure(wanted, emitter)
    stubs = {name for each in whole for name in references(entries[each].schema)} - set(whole)
    for _ in range(4):
        found = _run(whole, stubs, emitter)
        clash = {name for name, _, _ in found.classes if name in entries} - set(whole)
        missing = set(wanted) - {name for name, _, _ in found.classes}
        if missing:
            raise GenerationFailed("The generator left out a class.", classes=sorted(missing))
        if not clash:
            # What needs no merging is written here, as everywhere: a class inherits from one that we know.
            kept = [
                each for each in found.classes if emitter.kinds.get(each[0]) != "class" or each[0] in wanted
            ]
            if not any(_MARK in text for _, text, _ in kept):
                return Composed(tuple(kept), found.imports)
            whole = [name for name in entries if name in stubs or name in whole]  # it merged into a stub
            stubs = {name for each in whole for name in references(entries[each].schema)} - set(whole)
        stubs |= clash  # a class it invented has the name of one of ours: now it will choose another
    raise GenerationFailed(
        "The generator's classes cannot be told from the document's.", classes=sorted(clash)
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
    _refuse_odd_roots(tree)
    imports = [ast.unparse(n) for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    classes = []
    for node in tree.body:
        name = _defined(node)
        if name and name not in stubs:
            classes.append((name, _text(node), _base(node)))
    return Composed(tuple(classes), tuple(i for i in imports if "__future__" not in i))


def _refuse_odd_roots(tree: ast.Module) -> None:
    """A class that inherits from a root model and adds fields of its own: Pydantic does not take it."""
    roots = {"RootModel"}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(_named(base) in roots for base in node.bases):
            roots.add(node.name)
            fields = [
                s.target.id
                for s in node.body
                if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
            ]
            if any(field != "root" for field in fields):
                raise GenerationFailed(f"The generator made {node.name} both an object and a plain value.")


def _named(base: ast.expr) -> str:
    base = base.value if isinstance(base, ast.Subscript) else base
    return base.id if isinstance(base, ast.Name) else ""


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
        node.body = [_extra(statement) for statement in node.body]
    return ast.unparse(node)


def _extra(statement: ast.stmt) -> ast.stmt:
    """`__annotations__ = {'__pydantic_extra__': X}` as the annotation that it stands for."""
    is_odd = _defined(statement) == "__annotations__" and isinstance(statement, ast.Assign)
    if is_odd and isinstance(statement.value, ast.Dict):  # type: ignore[attr-defined]
        target = ast.Name("__pydantic_extra__", ast.Store())
        (annotation,) = statement.value.values  # type: ignore[attr-defined]
        return ast.AnnAssign(target=target, annotation=annotation, value=None, simple=1)
    return statement


def _base(node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name):
        return node.bases[0].id
    return ""


def _generate(schemas: dict[str, Any]) -> str:
    import datamodel_code_generator as dcg  # noqa: PLC0415  # 0.9 s, and most documents do without
    from datamodel_code_generator.format import Formatter, PythonVersion  # noqa: PLC0415  # as above
    from datamodel_code_generator.types import StrictTypes  # noqa: PLC0415  # as above

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
            strict_types=[StrictTypes.bool, StrictTypes.float, StrictTypes.int],
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
