"""Which patterns a model may carry: those that Pydantic's own engine runs in linear time."""

from __future__ import annotations

import functools

LONGEST = 2_000


@functools.lru_cache(maxsize=4096)
def compiles(pattern: str) -> bool:
    """Whether pydantic-core's engine takes it: Rust `regex`, without look-around and back-references.

    It never goes back in the text, so it cannot be made to hang: `^(a+)+$` on a long probe takes
    linear time. A pattern it refuses would need Python's `re`, which can hang: it is left out.
    """
    from pydantic_core import SchemaError, SchemaValidator, core_schema  # noqa: PLC0415  # only with patterns

    if len(pattern) > LONGEST:
        return False
    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return False
    return True
