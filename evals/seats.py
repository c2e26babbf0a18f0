"""Who has the model's seat in a case: what a line scripts, what was recorded, or a model that answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, Field

from core.errors import NotFound
from evals.cases import Case, Scripted

_CHANGING = re.compile(r"\b[0-9a-f]{12,64}\b")
"""Digests of commits and plans: a date is in some of them."""


class RecordingMissing(NotFound):
    """A recorded model is asked what it was never asked."""

    code = "AW387"
    fix = "The prompt, a tool or the case changed. Record it anew: ./autoweave eval run --record FOLDER."


@dataclass
class Tape:
    """Recorded answers of a model, by what it was asked."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Tape:
        if not path.is_file():
            raise RecordingMissing("There is no recording of this set.", place=str(path))
        lines = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        return cls({each["asked"]: each["answer"] for each in lines})

    def write(self, path: Path) -> None:
        lines = [{"asked": key, "answer": self.answers[key]} for key in sorted(self.answers)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(orjson.dumps(each, option=_SORTED) + b"\n" for each in lines))


_SORTED = orjson.OPT_SORT_KEYS


class Playing(BaseChatModel):
    """Answers from a list, or from a tape; a conversation that is not on the tape fails the turn."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    case: str
    script: Sequence[Scripted] = ()
    tape: Tape | None = Field(default=None, exclude=True)
    at: list[int] = Field(default_factory=lambda: [0])

    @property
    def _llm_type(self) -> str:
        return "autoweave-recorded"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:  # noqa: ARG002  # LangChain's form
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._said(messages))])

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        yield _chunk(self._said(messages))

    def _said(self, messages: Sequence[BaseMessage]) -> AIMessage:
        if self.tape is not None:
            found = self.tape.answers.get(asked(messages))
            if found is None:
                raise RecordingMissing("The recording has no answer to this.", place=self.case)
            return message(found)
        self.at[0] += 1
        if self.at[0] > len(self.script):
            return AIMessage("I am done.")
        turn = self.script[self.at[0] - 1]
        calls = [{"name": each.name, "args": dict(each.args)} for each in turn.calls]
        return message({"content": turn.content, "calls": calls}, self.at[0])


class Recording(BaseChatModel):
    """Another model, whose answers are kept on a tape."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: BaseChatModel = Field(exclude=True)
    tape: Tape = Field(exclude=True)
    tools: Sequence[Any] = ()

    @property
    def _llm_type(self) -> str:
        return "autoweave-recording"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:  # noqa: ARG002  # as above
        return self.model_copy(update={"tools": tuple(tools)})

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._said(messages))])

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        yield _chunk(self._said(messages))

    def _said(self, messages: list[BaseMessage]) -> AIMessage:
        made = self.model.bind_tools(self.tools).invoke(messages)
        calls = [{"name": each["name"], "args": each["args"]} for each in made.tool_calls]
        answer = {"content": made.text, "calls": calls}
        self.tape.answers[asked(messages)] = answer
        return message(answer, len(messages))


def seat(case: Case, model: BaseChatModel) -> BaseChatModel:
    """The model a case is run with: a script in the case has the seat before any other."""
    if case.scripted:
        return Playing(case=case.id, script=case.scripted)
    return model.model_copy(update={"case": case.id}) if isinstance(model, Playing) else model


def asked(messages: Sequence[BaseMessage]) -> str:
    """The digest of a conversation, without what is another in each run."""
    said = [[each.type, _CHANGING.sub("#", each.text), _calls(each)] for each in messages]
    return hashlib.sha256(orjson.dumps(said, option=_SORTED)).hexdigest()[:32]


def message(answer: Mapping[str, Any], at: int = 0) -> AIMessage:
    calls = [
        {"name": each["name"], "args": each["args"], "id": f"call-{at}-{number}", "type": "tool_call"}
        for number, each in enumerate(answer["calls"])
    ]
    return AIMessage(answer["content"], tool_calls=calls)


def _calls(message: BaseMessage) -> list[Any]:
    return (
        [[each["name"], each["args"]] for each in message.tool_calls]
        if isinstance(message, AIMessage)
        else []
    )


def _chunk(made: AIMessage) -> ChatGenerationChunk:
    calls = [
        tool_call_chunk(name=each["name"], args=orjson.dumps(each["args"]).decode(), id=each["id"], index=at)
        for at, each in enumerate(made.tool_calls)
    ]
    return ChatGenerationChunk(
        message=AIMessageChunk(content=made.content, tool_call_chunks=calls, chunk_position="last")
    )
