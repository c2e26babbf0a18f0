"""What a client may ask. Whatever would change the answer and is not done is refused, never ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

Text = Annotated[str, Field(max_length=8_000_000)]
Nothing = Annotated[list[Any], Field(max_length=0)]
"""An empty list: some clients send one where they mean none."""


def _no(value: bool) -> bool:  # a validator's form
    if value:
        raise ValueError("only false is taken")
    return value


No = Annotated[bool, AfterValidator(_no), WithJsonSchema({"const": False})]
"""`Literal[False]` would take 0 as well."""


class Part(BaseModel):
    """A piece of text; pictures, sound and files are not read."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["text"]
    text: Text


class Message(BaseModel):
    """What clients send back of an answer (`refusal`, `audio` …) may be there, and empty."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | list[Part] | None = None
    name: str | None = None
    refusal: None = None
    audio: None = None
    function_call: None = None
    reasoning_content: str | None = None
    tool_calls: Nothing | None = None
    annotations: Nothing | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    include_usage: bool = False
    include_obfuscation: bool = False


class TextFormat(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["text"]


class Completion(BaseModel):
    """A chat completion. Sampling parameters are taken and have no effect on graphs that run by rules."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Annotated[str, Field(min_length=1, max_length=200)]
    messages: Annotated[list[Message], Field(min_length=1, max_length=2000)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    # Only their neutral values: anything else would be left undone.
    n: Annotated[int, Field(ge=1, le=1)] | None = None
    logprobs: No | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=0)] | None = None
    tools: Nothing | None = None
    tool_choice: Literal["none", "auto"] | None = None
    functions: Nothing | None = None
    function_call: Literal["none", "auto"] | None = None
    response_format: TextFormat | None = None
    modalities: list[Literal["text"]] | None = None
    audio: None = None
    prediction: None = None
    stop: Nothing | None = None
    store: No | None = None
    web_search_options: None = None

    # Without effect.
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    parallel_tool_calls: bool | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
