"""What generated code may hold, and what is refused before anything imports it."""

from __future__ import annotations

import pytest

from tools import codegen
from tools.codegen.errors import UnsafeModels

GOOD = '''"""Models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Pet(BaseModel):
    """A pet."""

    model_config = ConfigDict(extra='forbid')
    __pydantic_extra__: dict[str, int]
    kind: Literal['a b', -1] | None = None
    name: Annotated[str, Field(pattern='^os.system()$')] = Field('x', description="__import__('os')")
    next: 'Pet | None' = None


Pets = list['Pet']
NAMES: dict[str, str] = {'a b': 'Pet'}
Pet.model_rebuild()
'''


def test_models_pass() -> None:
    codegen.audit(GOOD.replace("'Pet | None'", "Pet | None"))


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "from os import system",
        "from pydantic import *",
        "from pydantic import validate_call",
        "from typing import get_type_hints",
        "from . import other",
        "from .._generated import Pet as Pet",
        "from ._generated import _hidden as _hidden",
        "from ._later import Later as BaseModel",
        "print(1)",
        "Field('x')",
        "x = __import__('os')",
        "x = eval('1')",
        "x = Field.__init__",
        "x = Pet.model_config.items",
        "x = (lambda: 1)",
        "x = [y for y in (1,)]",
        "x = f'{Pet}'",
        "x = 1 + 1",
        "x = not 1",
        "x, y = 1, 2",
        "x = y = 1",
        "Pet.x = 1",
        "Pet.x: int = 1",
        "__builtins__ = {}",
        'x: list[\'__import__("os").system("true")\'] = None',
        "x: '__import__(\"os\")' = None",
        "x = list['a.b']",
        "x = Field(**{})",
        "x = Field(*[])",
        "x = Pet.model_rebuild(1)",
        "Pet.model_validate({})",
        "def f(): pass",
        "async def f(): pass",
        "class A(Pet, metaclass=type): pass",
        "@Field\nclass A(Pet): pass",
        "class A(eval('Pet')): pass",
        "class A(Pet):\n    import os",
        "class A(Pet):\n    class B(Pet): pass",
        "class A(Pet):\n    def f(self): pass",
        "class A(Pet):\n    x: int = open('/etc/passwd')",
        "class Field(Pet): pass",
        "Literal = list",
        "if 1: pass",
        "for x in (): pass",
        "while 1: pass",
        "try:\n    pass\nexcept ValueError:\n    pass",
        "with Pet: pass",
        "del Pet",
        "assert 1",
        "raise Pet",
        "global x",
        "x = yield",
        "x = await Pet",
        "x = (y := 1)",
        "x = Pet if 1 else 2",
        "x = Pet == Pet",
        "x = {1, 2}",
        "x = {**{}}",
        "not python",
        "x = '\0'",
    ],
)
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(UnsafeModels):
        codegen.audit(GOOD.replace("'Pet | None'", "Pet | None") + line + "\n")


def test_a_text_that_pydantic_would_evaluate_is_refused() -> None:
    with pytest.raises(UnsafeModels):
        codegen.audit(GOOD)
