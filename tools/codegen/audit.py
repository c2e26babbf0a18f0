"""An allow-list over generated Python: what a models package needs, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from .errors import UnsafeModels

_IMPORTS: dict[str, frozenset[str]] = {
    "__future__": frozenset({"annotations"}),
    "datetime": frozenset({"date", "datetime", "time", "timedelta"}),
    "decimal": frozenset({"Decimal"}),
    "enum": frozenset({"Enum", "IntEnum", "StrEnum"}),
    "typing": frozenset({"Annotated", "Any", "Dict", "List", "Literal", "Optional", "Set", "Tuple", "Union"}),
    "uuid": frozenset({"UUID"}),
    "pydantic": frozenset({"BaseModel", "ConfigDict", "Field", "RootModel"}),
}
_CALLS = frozenset({"Field", "ConfigDict", "Later"})
_NODES = (
    *(ast.Module, ast.ClassDef, ast.AnnAssign, ast.Assign, ast.Expr, ast.Pass, ast.ImportFrom, ast.alias),
    *(ast.Name, ast.Constant, ast.Subscript, ast.Tuple, ast.List, ast.Dict, ast.BinOp, ast.BitOr),
    *(ast.UnaryOp, ast.USub, ast.Call, ast.keyword, ast.Load, ast.Store, ast.Attribute),
)
_DUNDERS = frozenset({"__pydantic_extra__"})


def audit(text: str) -> None:
    """Refuse text that does more than define models. It runs before anything imports the text."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnsafeModels("The generated code is not Python.", problem=str(error)[:200]) from error
    for node in ast.walk(tree):
        fault = _fault(node)
        if fault:
            line = getattr(node, "lineno", 0)
            raise UnsafeModels(f"Line {line}: {fault} has no place in models.", place=f"line {line}")
    for fault_at in _misplaced(tree):
        raise UnsafeModels(f"Line {fault_at}: a statement that defines no model.", place=f"line {fault_at}")


def _fault(node: ast.AST) -> str:
    if not isinstance(node, _NODES):
        return type(node).__name__
    check = _CHECKS.get(type(node))
    return check(node) if check else ""


def _import(node: ast.ImportFrom) -> str:
    if node.level == 1 and node.module == "_later":
        return "" if [(a.name, a.asname) for a in node.names] == [("Later", None)] else "an import"
    if node.level == 1 and node.module == "_generated":
        return next((a.name for a in node.names if a.asname or a.name.startswith("_")), "")
    known = _IMPORTS.get(node.module or "", frozenset()) if node.level == 0 else frozenset()
    return next((f"import of {node.module}.{a.name}" for a in node.names if a.name not in known), "")


def _name(node: ast.Name) -> str:
    dunder = node.id.startswith("__") and node.id not in _DUNDERS
    return f"the name {node.id}" if dunder else ""


def _call(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        return ""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "model_rebuild" and not node.args:
        return ""
    return "a call"


def _attribute(node: ast.Attribute) -> str:
    # `Pet.model_rebuild()` and `Color.RED` (a default): one step from a name, nothing private.
    if isinstance(node.value, ast.Name) and not node.attr.startswith("_"):
        return ""
    return f"the attribute {node.attr}"


def _class(node: ast.ClassDef) -> str:
    if node.decorator_list or node.keywords or node.name.startswith("__"):
        return "a decorator, a metaclass or a private class"
    return ""


def _assign(node: ast.Assign) -> str:
    return "" if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) else "an assignment"


def _binary(node: ast.BinOp) -> str:
    return "" if isinstance(node.op, ast.BitOr) else "arithmetic"


_CHECKS: dict[type[ast.AST], Callable[[Any], str]] = {
    ast.ImportFrom: _import,
    ast.Name: _name,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.ClassDef: _class,
    ast.Assign: _assign,
    ast.BinOp: _binary,
}


def _misplaced(tree: ast.Module) -> Iterator[int]:
    """Lines of expressions that are neither a docstring nor `X.model_rebuild()`."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            for statement in node.body:
                if isinstance(statement, ast.Expr) and not _is_fine(statement.value):
                    yield statement.lineno
                if isinstance(statement, ast.ClassDef) and isinstance(node, ast.ClassDef):
                    yield statement.lineno


def _is_fine(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)
