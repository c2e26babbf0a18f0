"""LiteLLM in the place of OpenAI's client: one adapter (ChatOpenAI) turns messages into JSON and back.

langchain-litellm would be a second adapter of the same thing: it costs 2.9 s CPU to import, up to three
times as much per call, and leaves out what an answer lacks.
"""

from __future__ import annotations

import os
from typing import Any

from core.gateway.errors import ModelMissing
from core.switches import SWITCHES


def load() -> Any:
    """LiteLLM itself: 2.3 to 5 s CPU and 160 MB, so only where a seat needs it, and before its first call."""
    # Read when it is imported: it fetches a list of prices without this.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = SWITCHES["LITELLM_LOCAL_MODEL_COST_MAP"]
    try:
        import litellm  # noqa: PLC0415  # see above
    except ImportError as error:
        raise ModelMissing(f"litellm is not installed: {error}.") from error
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    return litellm


class _Parsed:
    """As an answer of OpenAI's client with its headers: only `parse` is asked for."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.headers: dict[str, str] = {}

    def parse(self) -> Any:
        return self._answer


class Completions:
    def __init__(self, litellm: Any, fixed: dict[str, Any]) -> None:
        self._litellm = litellm
        self._fixed = fixed

    @property
    def with_raw_response(self) -> _Raw:
        return _Raw(self)

    def create(self, **payload: Any) -> Any:
        return self._litellm.completion(**payload, **self._fixed).model_dump()


class _Raw:
    def __init__(self, inner: Completions) -> None:
        self._inner = inner

    def create(self, **payload: Any) -> _Parsed:
        return _Parsed(self._inner.create(**payload))


class AsyncCompletions:
    def __init__(self, litellm: Any, fixed: dict[str, Any]) -> None:
        self._litellm = litellm
        self._fixed = fixed

    @property
    def with_raw_response(self) -> _AsyncRaw:
        return _AsyncRaw(self)

    async def create(self, **payload: Any) -> Any:
        return (await self._litellm.acompletion(**payload, **self._fixed)).model_dump()


class _AsyncRaw:
    def __init__(self, inner: AsyncCompletions) -> None:
        self._inner = inner

    async def create(self, **payload: Any) -> _Parsed:
        return _Parsed(await self._inner.create(**payload))
