"""One LangChain chat model with several seats behind it. Whoever uses it sees whole, usable answers only.

A stream is shown once its whole answer is there: text that was shown cannot be taken back when the stream
is cut, and half an answer that goes on in another model's words is worse than a second of silence.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field

from core.breaker import Phase
from core.gateway import course, drive, form
from core.gateway.course import Answer, Desk, Request, Seat

_WORST: Mapping[Phase, int] = {"closed": 0, "half-open": 1, "open": 2}


class Gateway(BaseChatModel):
    """Asks its seats in their order. `of(tenant)` is the same gateway for one tenant: breakers and budget."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    seats: tuple[Seat, ...] = Field(exclude=True, repr=False)
    desk: Desk = Field(exclude=True, repr=False)
    tenant: str = ""

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        course.check(self.seats, self.desk.budget)

    def of(self, tenant: str) -> Gateway:
        """For the tenant of an authenticated caller, and from nowhere else."""
        return self.model_copy(update={"tenant": tenant})

    def states(self) -> Mapping[str, Phase]:
        """The breaker of each seat as this process last saw it; of several tenants', the worst."""
        found: dict[str, Phase] = {seat.name: "closed" for seat in self.seats}
        for key, phase in self.desk.breakers.phases().items():
            name = key.split("|", 2)[1]
            if name in found:
                found[name] = max(found[name], phase, key=_WORST.__getitem__)
        return found

    def close(self) -> None:
        """Close the connections that threads made. For the end of the process."""
        for seat in self.seats:
            client = getattr(seat.model, "http_client", None)
            if client is not None:
                client.close()

    async def aclose(self) -> None:
        """Close the connections of this event loop, before it ends. The gateway goes on in others."""
        for seat in self.seats:
            client = getattr(seat.model, "http_async_client", None)
            if client is not None:
                await client.aclose()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(
            tools=[convert_to_openai_tool(one) for one in tools], tool_choice=tool_choice, **kwargs
        )

    @property
    def _llm_type(self) -> str:
        return "autoweave-gateway"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"seats": [f"{seat.name}:{seat.label}" for seat in self.seats]}

    def _course(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        options: dict[str, Any],
        *,
        is_streamed: bool,
    ) -> course.Course:
        wanted = form.Wanted.of(options.pop("tools", ()), options.pop("tool_choice", None))
        for name in _OURS & options.keys():
            del options[name]
        if stop is not None:
            options["stop"] = stop
        request = Request(tuple(messages), wanted, options, is_streamed)
        return course.run(self.desk, self.tenant, self.seats, request)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002  # LangChain hands it over
        **kwargs: Any,
    ) -> ChatResult:
        answer = drive.wait(self._course(messages, stop, kwargs, is_streamed=False))
        return ChatResult(generations=[ChatGeneration(message=answer.message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002  # LangChain hands it over
        **kwargs: Any,
    ) -> ChatResult:
        followed = self._course(messages, stop, kwargs, is_streamed=False)
        answer = await drive.follow(followed, is_far=self.desk.is_far)
        return ChatResult(generations=[ChatGeneration(message=answer.message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = drive.wait(self._course(messages, stop, kwargs, is_streamed=True))
        for chunk in _shown(answer):
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        followed = self._course(messages, stop, kwargs, is_streamed=True)
        answer = await drive.follow(followed, is_far=self.desk.is_far)
        for chunk in _shown(answer):
            if run_manager is not None:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


# What LangChain adds for its own tracing; a provider would refuse it.
_OURS = frozenset({"ls_structured_output_format", "ls_model_name"})


def _shown(answer: Answer) -> Iterator[ChatGenerationChunk]:
    """The parts as they came, the last one signed."""
    signed = answer.message.response_metadata["gateway"]
    *first, last = answer.parts
    for part in first:
        yield ChatGenerationChunk(message=part)
    metadata = {**last.response_metadata, "gateway": signed}
    yield ChatGenerationChunk(message=_signed(last, metadata))


def _signed(part: AIMessageChunk, metadata: dict[str, Any]) -> AIMessageChunk:
    return part.model_copy(update={"response_metadata": metadata})
