"""The one file of a models package that is not made from the document: always these bytes."""

TEXT = '''"""A reference that is followed when a value arrives, not when the class is built."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class Later:
    """`Annotated[Pet, Later('Pet')]` is a Pet, looked up by its name in this package."""

    name: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"title": self.name}

    def read(self, value: Any) -> Any:
        return getattr(sys.modules[f"{__package__}._generated"], self.name).model_validate(value)
'''
