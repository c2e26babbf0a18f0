"""A chat as the chat playground shows it: messages in, text out.

The playground keeps no thread, only the words that were said. So a question names its thread in its
last line, and an answer finds it there.
"""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import Any

from core.http.front import Ask, Caller, Mode, Offer, Outcome, Threads, Ticket
from core.http.runnables import streams, words
from core.http.runnables.heard import Heard

INPUT: dict[str, Any] = {
    "title": "Chat",
    "type": "object",
    "required": ["messages"],
    "properties": {"messages": {"title": "Messages", "type": "array", "items": {"type": "object"}}},
}
OUTPUT: dict[str, Any] = {"title": "Reply", "type": "string"}
MODES: tuple[Mode, ...] = ("values", "messages")
_THREAD = re.compile(r"\(thread ([A-Za-z0-9._:@-]{1,255})\)\s*$")
_ANSWER = re.compile(r"\s*(approve|reject)\b[\s:,.]*(.*)", re.IGNORECASE | re.DOTALL)


async def resumed(threads: Threads, caller: Caller, said: Ask) -> Ask:
    """The same ask, or the answer that its last message gives to the question before it."""
    messages = (said.input or {}).get("messages", [])
    if len(messages) < 2 or not (given := _ANSWER.fullmatch(words.text(messages[-1]))):
        return said
    if not (named := _THREAD.search(words.text(messages[-2]))):
        return said
    thread = await threads.get(caller, named.group(1))
    decision = {"type": given.group(1).lower()}
    if decision["type"] == "reject" and given.group(2).strip():
        decision["message"] = given.group(2).strip()
    count = sum(len(words.requests(each)) for each in thread.interrupts)
    answer = {"decisions": [decision] * max(count, 1)}
    return Ask(graph=said.graph, answer=answer, thread=thread.id, modes=said.modes, metadata=said.metadata)


async def log(offer: Offer, ticket: Ticket) -> streams.Frames:
    """/stream_log of the chat playground: the words as they come, then the reply as it stands."""
    yield streams.patch(streams.beginning(offer, ticket.run))
    heard = Heard(offer, ticket)
    total = ""
    async with aclosing(heard.events()) as told:
        async for event in told:
            if not event.namespace and (said := streams.said(event)) and said[0]:
                total += said[0]
                yield streams.patch(*streams.chunk(said[0], total))
    outcome = await heard.outcome()
    final = reply(outcome)
    rest = final.removeprefix(total) if final.startswith(total) else final
    if rest:
        yield streams.patch(*streams.chunk(rest, final))


def reply(outcome: Outcome) -> str:
    """The last message; a question or a failure in words, for there is nowhere else to show it."""
    if outcome.problem:
        return words.excuse(outcome.problem)
    messages = outcome.values.get("messages") or [{}]
    last = words.text(messages[-1])
    if not outcome.interrupts:
        return last
    asked = f"{words.question(outcome.interrupts)}\n\nAnswer `approve`, or `reject: why`."
    return f"{last}\n\n{asked}\n(thread {outcome.thread})".lstrip()
