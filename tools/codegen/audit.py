"""An allow-list over generated Python: what a models package needs, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .errors import UnsafeModels
from .times import NAMES as TIMES

_IMPORTS: dict[str, frozenset[str]] = {
    "__future__": frozenset({"annotations"}),
    "datetime": frozenset({"date", "datetime", "time", "timedelta"}),
    "decimal": frozenset({"Decimal"}),
    "enum": frozenset({"Enum", "IntEnum", "StrEnum"}),
    "typing": frozenset({"Annotated", "Any", "Dict", "List", "Literal", "Optional", "Set", "Tuple", "Union"}),
    "uuid": frozenset({"UUID"}),
    "pydantic": frozenset(
        {"BaseModel", "ConfigDict", "Field", "RootModel", "StrictBool", "StrictFloat", "StrictInt"}
    ),
}
_CALLS = frozenset({"Field", "ConfigDict", "Later"})

# What may stand in the text, and which parts of it are looked at in turn.
_PARTS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Module: ("body",),
    ast.ImportFrom: (),
    ast.ClassDef: ("bases", "body"),
    ast.AnnAssign: ("target", "annotation", "value"),
    ast.Assign: ("targets", "value"),
    ast.Expr: ("value",),
    ast.Pass: (),
    ast.Name: (),
    ast.Constant: (),
    ast.Attribute: ("value",),
    ast.Subscript: ("value", "slice"),
    ast.Tuple: ("elts",),
    ast.List: ("elts",),
    ast.Dict: ("keys", "values"),
    ast.BinOp: ("left", "right"),
    ast.UnaryOp: ("operand",),
    ast.Call: ("func", "args", "keywords"),
    ast.keyword: ("value",),
}
# Below these a text is a value; in the rest of an annotation Pydantic evaluates it.
_VALUES = (ast.Call, ast.Dict, ast.List)


def audit(text: str) -> None:
    """Refuse text that does more than define models. It runs before anything imports the text."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnsafeModels("The generated code is not Python.", problem=str(error)[:200]) from error
    _refuse_rebinding(tree)
    stack: list[tuple[Any, bool]] = [(tree, False)]
    while stack:
        node, typed = stack.pop()
        kind = type(node)
        parts = _PARTS.get(kind)
        check = _CHECKS.get(kind)
        fault = kind.__name__ if parts is None else check(node) if check else ""
        if typed and kind is ast.Constant and isinstance(node.value, str) and not node.value.isidentifier():
            fault = "a text that would be evaluated"
        if fault:
            line = getattr(node, "lineno", 0)
            raise UnsafeModels(f"Line {line}: {fault} has no place in models.", place=f"line {line}")
        _follow(node, parts or (), typed, stack)


def _refuse_rebinding(tree: ast.Module) -> None:
    """A name that was imported means what it meant, or nothing said about its calls would hold."""
    imported = {a.name for n in tree.body if isinstance(n, ast.ImportFrom) and n.level == 0 for a in n.names}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = [t.id for t in targets if isinstance(t, ast.Name)]
        names += [node.name] if isinstance(node, ast.ClassDef) else []
        if not imported.isdisjoint(names):
            raise UnsafeModels(f"Line {node.lineno}: {names[0]} is given another meaning.")


def _follow(node: Any, parts: tuple[str, ...], typed: bool, stack: list[tuple[Any, bool]]) -> None:
    literal = (
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"
    )
    typed = typed and not isinstance(node, _VALUES) and not literal
    for part in parts:
        value = getattr(node, part)
        starts = part in ("annotation", "bases") or (part == "slice" and not literal)
        below = typed or starts
        if isinstance(value, list):
            stack += [(each, below) for each in value if each is not None]
        elif value is not None:
            stack.append((value, below))


def _import(node: ast.ImportFrom) -> str:
    if node.level == 1 and node.module == "_later":
        return "" if [(a.name, a.asname) for a in node.names] == [("Later", None)] else "an import"
    if node.level == 1 and node.module == "_times":
        return "" if all(a.name in TIMES and a.asname is None for a in node.names) else "an import"
    if node.level == 1 and node.module == "_generated":
        wrong = (a.name for a in node.names if a.asname != a.name or a.name.startswith("_"))
        return next((f"import of {name}" for name in wrong), "")
    known = _IMPORTS.get(node.module or "", frozenset()) if node.level == 0 else frozenset()
    return next((f"import of {node.module}.{a.name}" for a in node.names if a.name not in known), "")


def _name(node: ast.Name) -> str:
    dunder = node.id.startswith("__") and node.id != "__pydantic_extra__"
    return f"the name {node.id}" if dunder else ""


def _call(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        return ""
    return "" if _is_rebuild(node) else "a call"


def _is_rebuild(node: ast.expr) -> bool:
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args
    return is_method and not node.keywords and node.func.attr == "model_rebuild"  # type: ignore[attr-defined]


def _attribute(node: ast.Attribute) -> str:
    # `Pet.model_rebuild()` and `Color.RED`: one step from a name, nothing private.
    if isinstance(node.value, ast.Name) and not node.attr.startswith("_"):
        return ""
    return f"the attribute {node.attr}"


def _class(node: ast.ClassDef) -> str:
    if node.decorator_list or node.keywords or node.name.startswith("__"):
        return "a decorator, a metaclass or a private class"
    return next((f"{type(s).__name__} in a class" for s in node.body if isinstance(s, _OUTSIDE)), "")


def _assign(node: ast.Assign) -> str:
    target = node.targets[0]
    return "" if len(node.targets) == 1 and isinstance(target, ast.Name) else "an assignment"


def _annotated(node: ast.AnnAssign) -> str:
    return "" if isinstance(node.target, ast.Name) and node.simple else "an assignment"


def _statement(node: ast.Expr) -> str:
    is_doc = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return "" if is_doc or _is_rebuild(node.value) else "a statement that defines nothing"


def _binary(node: ast.BinOp) -> str:
    return "" if isinstance(node.op, ast.BitOr) else "arithmetic"


def _mapping(node: ast.Dict) -> str:
    return "an unpacked mapping" if None in node.keys else ""


def _unary(node: ast.UnaryOp) -> str:
    return "" if isinstance(node.op, ast.USub) else "an operator"


def _keyword(node: ast.keyword) -> str:
    return "" if node.arg else "an unpacked mapping"


_OUTSIDE = (ast.ClassDef, ast.ImportFrom)
_CHECKS: dict[type[ast.AST], Callable[[Any], str]] = {
    ast.ImportFrom: _import,
    ast.Name: _name,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.ClassDef: _class,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.Expr: _statement,
    ast.BinOp: _binary,
    ast.Dict: _mapping,
    ast.UnaryOp: _unary,
    ast.keyword: _keyword,
}
