"""Prove that generated models work: compile, import, build, and read the document's own examples.

Runs in the confined child. The package is imported from memory; nothing is written.
"""

from __future__ import annotations

import sys
from types import CodeType, ModuleType
from typing import Any

from .errors import ModelsDoNotImport
from .quiet import uncollected

PACKAGE = "models"
_ORDER = ("_later.py", "_times.py", "_generated.py", "__init__.py")
# Work, not time, so that the answer is the same on every machine: ten units for a class, one for each
# class inside its schema. 2,000 real classes need 50,000; 8,000 in one circle would need millions.
BUDGET = 60_000
# Importing so many classes takes seconds by itself; a sample of them is then built.
CROWD, SAMPLE = 5_000, 15_000


def prove(files: dict[str, str], names: dict[str, Any], examples: list[dict[str, Any]]) -> dict[str, Any]:
    """Plain data: what was checked, and each example accepted or refused with the reason.

    Raises `ModelsDoNotImport` when the package or one of its classes cannot be used at all.
    """
    with uncollected():
        return _prove(files, names, examples)


def _prove(files: dict[str, str], names: dict[str, Any], examples: list[dict[str, Any]]) -> dict[str, Any]:
    module = load(files)
    try:
        roles = names.get("operations", {}).values()
        wanted = [*names.get("schemas", {}).values(), *(name for each in roles for name in each.values())]
        missing = sorted({name for name in wanted if not hasattr(module, name)})
        if missing:
            raise ModelsDoNotImport(f"The package lacks {missing[0]!r}.", missing=missing[:20])
        built, classes = _build(module, names.get("order", {}))
        return {
            "classes": classes,
            "built": built,
            "missing": missing,
            "examples": [_try(module, example) for example in examples],
        }
    finally:
        unload()


def load(files: dict[str, str]) -> ModuleType:
    """The package, imported from its text under the name `models`. `unload` forgets it."""
    unload()
    try:
        codes = {
            path: compile(text, f"{PACKAGE}/{path}", "exec")
            for path, text in files.items()
            if path.endswith(".py")
        }
        package = ModuleType(PACKAGE)
        package.__path__ = []
        sys.modules[PACKAGE] = package
        for path, code in sorted(codes.items(), key=lambda item: _ORDER.index(item[0])):
            _run(path, code, package)
    except Exception as error:
        unload()
        raise ModelsDoNotImport(
            f"The generated package does not import: {_short(error)}", kind=type(error).__name__
        ) from error
    return package


def _run(path: str, code: CodeType, package: ModuleType) -> None:
    module = package
    if path != "__init__.py":
        name = f"{PACKAGE}.{path.removesuffix('.py')}"
        module = sys.modules[name] = ModuleType(name)
    module.__package__ = PACKAGE
    exec(code, module.__dict__)  # noqa: S102  # audited text, in a confined child: this is what it is for


def build(files: dict[str, str], names: list[str]) -> None:
    """Import the package and build these classes, or say why that cannot be done."""
    module = load(files)
    try:
        for name in names:
            _rebuild(getattr(module, name, None), name)
    finally:
        unload()


def _rebuild(model: Any, name: str) -> None:
    try:
        if hasattr(model, "model_rebuild"):
            model.model_rebuild()
    except Exception as error:
        raise ModelsDoNotImport(
            f"Class {name} does not build: {_short(error)}", kind=type(error).__name__
        ) from error


def unload() -> None:
    for name in [n for n in sys.modules if n == PACKAGE or n.startswith(PACKAGE + ".")]:
        del sys.modules[name]


def _build(module: ModuleType, order: dict[str, int]) -> tuple[int, int]:
    """How many classes were built, of how many. All of them, unless the budget of work runs out."""
    from pydantic import BaseModel, RootModel  # noqa: PLC0415  # the parent process needs no pydantic

    found = {v for v in vars(module).values() if isinstance(v, type) and issubclass(v, BaseModel)}
    rank = {name: i for i, name in enumerate(order)}
    classes = sorted(
        found - {BaseModel, RootModel}, key=lambda c: (rank.get(c.__name__, len(rank)), c.__name__)
    )
    work = built = 0
    budget = BUDGET if len(classes) < CROWD else SAMPLE
    for each in classes:
        if work > budget:
            break
        _rebuild(each, each.__name__)
        work += 10 + order.get(each.__name__, 1)
        built += 1
    return built, len(classes)


def _try(module: ModuleType, example: dict[str, Any]) -> dict[str, Any]:
    reason = refusal(getattr(module, example["name"], None), example["value"])
    return {"name": example["name"], "place": example["place"], "accepted": not reason, "why": reason}


def refusal(model: Any, value: Any) -> str:
    """Why the model does not take a JSON value; empty when it does."""
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415  # as above

    try:
        TypeAdapter(model).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    except RecursionError:
        return "the value is nested too deeply"
    return ""


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
