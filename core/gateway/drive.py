"""Do what a course says, in a thread or in a coroutine, and never wait longer than it allows."""

from __future__ import annotations

import asyncio
import contextvars
import json
import queue
import threading
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    InvalidToolCall,
    message_chunk_to_message,
)
from langchain_core.runnables import Runnable, RunnableConfig

from core.gateway import until
from core.gateway.course import Answer, Call, Course, Do, Wait

_QUIET: RunnableConfig = {"callbacks": []}
"""A seat's own tokens are shown to nobody: they may be of an answer that is not used."""


def wait(course: Course) -> Answer:
    """In this thread."""
    sent: Any = None
    while True:
        try:
            step = course.send(sent)
        except StopIteration as done:
            return _answer(done.value)
        if isinstance(step, Wait):
            sent = threading.Event().wait(step.seconds)
        else:
            sent = step.work() if isinstance(step, Do) else _within(step)


async def follow(course: Course, *, is_far: bool) -> Answer:
    """In this coroutine. `is_far`: what may wait for the network is done in another thread."""
    sent: Any = None
    try:
        while True:
            try:
                step = course.send(sent)
            except StopIteration as done:
                return _answer(done.value)
            if isinstance(step, Call):
                sent = await _awithin(step)
            elif isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
                sent = None
            else:
                sent = await asyncio.to_thread(step.work) if is_far else step.work()
    finally:
        course.close()


def _answer(value: Any) -> Answer:
    assert isinstance(value, Answer)
    return value


def _within(call: Call) -> Answer | BaseException:
    """A thread of its own does the asking: one that never comes back is left behind."""
    came: queue.SimpleQueue[Answer | BaseException] = queue.SimpleQueue()

    def ask() -> None:
        until.begin(call.within_s)
        came.put(_tried(lambda: _ask(call)))

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(ask,), name=f"llm.{call.seat.name}", daemon=True).start()
    try:
        return came.get(timeout=call.within_s)
    except queue.Empty:
        return TimeoutError()


def _tried(ask: Callable[[], Answer]) -> Answer | BaseException:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001  # providers' libraries throw anything; the course decides
        return error


async def _awithin(call: Call) -> Answer | BaseException:
    """Not `asyncio.timeout`: that waits for a task which does not take its cancellation."""
    task = asyncio.ensure_future(_aask(call))
    try:
        await asyncio.wait({task}, timeout=call.within_s)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_seen)
    if not task.done() or task.cancelled():
        return TimeoutError()
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error if error is not None else task.result()


def _seen(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()


def _ready(call: Call) -> Runnable[Any, BaseMessage]:
    wanted, model = call.request.wanted, call.seat.model
    if not wanted.tools:
        return model
    return model.bind_tools(list(wanted.tools), tool_choice=wanted.choice)


def _ask(call: Call) -> Answer:
    request = call.request
    if not request.is_streamed:
        return Answer(_ready(call).invoke(list(request.messages), _QUIET, **request.options))
    parts = _ready(call).stream(list(request.messages), _QUIET, **request.options)
    return _whole([part for part in parts if isinstance(part, BaseMessage)])


async def _aask(call: Call) -> Answer:
    request = call.request
    if not request.is_streamed:
        return Answer(await _ready(call).ainvoke(list(request.messages), _QUIET, **request.options))
    parts: list[BaseMessage] = []
    stream = _ready(call).astream(list(request.messages), _QUIET, **request.options)
    while True:
        try:
            async with asyncio.timeout(call.seat.idle_s):
                parts.append(await anext(stream))
        except StopAsyncIteration:
            return _whole(parts)


def _whole(parts: list[BaseMessage]) -> Answer:
    """The message that the parts make. LangChain mends cut-off arguments by guessing; that is undone here."""
    if len(parts) == 1 and type(parts[0]) is AIMessage:  # from a model that does not stream
        return Answer(parts[0], (AIMessageChunk(**parts[0].model_dump(exclude={"type"})),))
    chunks = [part for part in parts if isinstance(part, AIMessageChunk)]
    if not chunks or len(chunks) < len(parts):
        raise ValueError("the stream held no answer")
    total: AIMessageChunk = reduce(add, chunks)
    message = message_chunk_to_message(total)
    assert isinstance(message, AIMessage)
    spoiled = [
        InvalidToolCall(
            type="invalid_tool_call", name=one["name"], args=one["args"], id=one["id"], error="not whole"
        )
        for one in total.tool_call_chunks
        if not _is_object(one["args"])
    ]
    if spoiled:
        message = message.model_copy(update={"invalid_tool_calls": spoiled})
    return Answer(message, tuple(chunks))


def _is_object(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or "{}"), dict)
    except ValueError:
        return False
