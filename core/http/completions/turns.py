"""From a client's list of messages to what the front is asked: a new turn, or an answer to a question."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.http.completions import approval
from core.http.completions.errors import ModelUnknown, ThreadUnclear
from core.http.completions.request import Completion, Message
from core.http.front import Ask, Caller, Front, NothingWaits, Offer, Thread, ThreadUnknown

_NAME = re.compile(r"[\x21-\x7e]{1,200}")
_SPACE = uuid.UUID("6f6d6f54-0f3c-5c0a-9f53-6c0c7f6f2a11")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Again:
    """The turn did not answer the question that is open, so it is asked again."""

    text: str
    thread: str


def model(front: Front, caller: Caller, name: str) -> Offer:
    offer = front.runs.offers(caller).get(name)
    if offer is None or not offer.is_chat:
        raise ModelUnknown(f"There is no model {name[:100]!r}.", place="model")
    return offer


async def take(front: Front, caller: Caller, asked: Completion, chat: str) -> Ask | Again:
    """`chat` is the client's name for the conversation, or empty: then the messages are all there is."""
    offer = model(front, caller, asked.model)
    if not offer.is_durable:
        return _whole(offer, asked.messages)
    if chat:
        name = _thread_id(caller, chat)
        thread = await front.threads.create(
            caller, thread=name, metadata={"graph_id": offer.id}, if_exists="do_nothing"
        )
    elif (found := await _questioned(front, caller, asked.messages)) is not None:
        thread = found
    else:
        return _whole(offer, asked.messages)
    if thread.interrupts:
        return _answered(offer, thread, asked.messages)
    return Ask(offer.id, input=_input(_fresh(thread, asked.messages)), thread=thread.id, modes=MODES)


MODES: Any = ("messages", "values")


def _whole(offer: Offer, messages: Sequence[Message]) -> Ask:
    return Ask(offer.id, input=_input(messages), modes=MODES)


def _answered(offer: Offer, thread: Thread, messages: Sequence[Message]) -> Ask | Again:
    answer = approval.read(messages[-1].text, _before(messages), thread.interrupts)
    if answer is None:
        return Again(approval.question(thread.interrupts, thread.id), thread.id)
    return Ask(offer.id, answer=answer, thread=thread.id, modes=MODES)


async def _questioned(front: Front, caller: Caller, messages: Sequence[Message]) -> Thread | None:
    """The thread whose question the assistant asked last, where the client sends no thread."""
    _, name = approval.asked(_before(messages))
    if not name:
        return None
    try:
        thread = await front.threads.get(caller, name)
    except ThreadUnknown:
        thread = None
    if thread is not None and thread.interrupts:
        return thread
    if approval.decides(messages[-1].text):
        raise NothingWaits("The question was answered already, or its thread is gone.")
    return None


def _before(messages: Sequence[Message]) -> str:
    """What the assistant said last."""
    return next((each.text for each in reversed(messages) if each.role == "assistant"), "")


def _fresh(thread: Thread, messages: Sequence[Message]) -> Sequence[Message]:
    """What the thread does not know yet: all of it at first, then what follows its own last words."""
    if not thread.values or not thread.values.get("messages"):
        return messages
    last = max((at for at, each in enumerate(messages) if each.role == "assistant"), default=-1)
    new = [each for each in messages[last + 1 :] if each.role == "user"]
    return new or messages[-1:]


def _input(messages: Sequence[Message]) -> dict[str, Any]:
    names = {"developer": "system"}
    return {
        "messages": [{"role": names.get(each.role, each.role), "content": each.text} for each in messages]
    }


def _thread_id(caller: Caller, chat: str) -> str:
    """A UUID as it is; any other name as one of the caller's tenant, always the same."""
    if not _NAME.fullmatch(chat):
        raise ThreadUnclear("The thread's name is empty, too long or holds odd characters.")
    if _UUID.fullmatch(chat):
        return chat
    return str(uuid.uuid5(_SPACE, f"{caller.tenant}\n{chat}"))
