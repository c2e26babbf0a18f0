"""Another file of a models package that is always these bytes: dates and times as JSON has them."""

TEXT = '''"""Dates and times are text in JSON: a number is none, though Python could read it as one."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator


def _no_number(value: Any) -> Any:
    if isinstance(value, (int, float)):
        raise ValueError("a date or time is text, not a number")
    return value


Date = Annotated[date, BeforeValidator(_no_number)]
DateTime = Annotated[datetime, BeforeValidator(_no_number)]
Time = Annotated[time, BeforeValidator(_no_number)]
'''
NAMES = ("Date", "DateTime", "Time")
