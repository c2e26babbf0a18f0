"""How streams keep alive, end, and are left; and the chat that answers in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.http.front import Ask, Caller, Event, Interrupt, Outcome
from core.http.runnables import chat, streams, wire, words
from tests.fronts import front
from tests.http.ground import OTHER
from tests.http.playing import Stage, data, events

pytestmark = pytest.mark.anyio
ACME = Caller("acme", "key:x")


@dataclass
class Slow:
    """A run whose next event comes when the test says so."""

    run: str = "r"
    thread: str = ""
    graph: str = "echo"
    go: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None
    is_left: bool = False
    outcomes: int = 0

    async def events(self, after: int = -1) -> AsyncIterator[Event]:
        try:
            yield Event(0, "updates", {"first": {"a": 1}})
            await self.go.wait()
            if self.error:
                raise self.error
            yield Event(1, "updates", {"second": {"b": 2}})
            yield Event(2, "values", {"text": "x", "length": 1})
        finally:
            self.is_left = True

    async def outcome(self) -> Outcome:
        self.outcomes += 1
        return Outcome(self.run, self.thread, "done", {"text": "x", "length": 1})


def told(slow: Slow, graph: str = "echo") -> AsyncGenerator[bytes, None]:
    return streams.whole(slow, streams.log(front()[1].offers(ACME)[graph], slow))


async def test_a_silent_stream_is_kept_alive() -> None:
    slow = Slow()
    kept = wire.kept(told(slow), 0.001)

    async for frame in kept:
        if frame.startswith(b":"):
            break
    slow.go.set()
    rest = [frame async for frame in kept if not frame.startswith(b":")]

    assert b"second" in rest[0]
    assert rest[-1] == wire.frame("end")


async def test_a_stream_that_is_left_leaves_its_run_at_once() -> None:
    slow = Slow()
    kept = wire.kept(told(slow), 60)
    await anext(kept)
    await anext(kept)

    await kept.aclose()

    assert slow.is_left


async def test_a_graph_that_keeps_nothing_runs_once_for_its_stream() -> None:
    slow = Slow()
    slow.go.set()

    frames = [frame async for frame in wire.kept(told(slow), 60)]

    assert b'"length":1' in frames[-2]
    assert frames[-1] == wire.frame("end")
    assert slow.outcomes == 0


async def test_the_outcome_of_a_durable_run_is_its_rows() -> None:
    slow = Slow(thread="t")
    slow.go.set()

    frames = [frame async for frame in told(slow, "review")]

    assert b'"thread":"t"' in frames[-2]
    assert slow.outcomes == 1


async def test_a_stream_that_breaks_says_so_without_its_insides() -> None:
    slow = Slow(error=ZeroDivisionError("secret detail"))
    slow.go.set()

    frames = [frame async for frame in told(slow)]

    assert b"AW999" in frames[-2]
    assert b"secret detail" not in b"".join(frames)
    assert frames[-1] == wire.frame("end")


async def test_a_client_that_goes_away_ends_its_stream() -> None:
    slow, gone = Slow(), asyncio.Event()
    sent: list[bytes] = []

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))
        if b"first" in sent[-1]:
            gone.set()

    await wire.stream(told(slow))({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)

    assert slow.is_left


async def talk(stage: Stage, *words: str) -> str:
    """What the chat playground sends (everything that was said so far), and the reply it shows."""
    kinds = ("human", "ai")
    messages = [{"type": kinds[at % 2], "content": each} for at, each in enumerate(words)]
    answer = await stage.post(
        "/ask/chat_playground/stream_log", {"input": {"messages": messages}, "config": {}}
    )
    assert events(answer)[-1] == ("end", None)
    reply: str = data(answer)[-1]["ops"][-1]["value"]
    return reply


def asking(stage: Stage) -> None:
    """A chat that asks before it does something."""
    from dataclasses import replace

    from langchain_core.messages import AIMessage
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import interrupt

    from tests.fronts import TalkState

    async def ask(state: TalkState) -> TalkState:
        request = {"name": "apply", "args": {"file": "a.yaml"}, "description": "Write one file."}
        decision = interrupt({"action_requests": [request], "review_configs": []})["decisions"][0]
        return {"messages": [AIMessage(f"{decision['type']} {decision.get('message', '')}".strip())]}

    graph = StateGraph(TalkState)
    graph.add_node(ask)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", END)
    offers: Any = stage.memory.offers(ACME)
    offers["ask"] = replace(offers["talk"], id="ask", graph=graph.compile(checkpointer=InMemorySaver()))


async def test_a_chat_shows_what_it_asks_and_takes_a_word_for_an_answer(stage: Stage) -> None:
    asking(stage)

    question = await talk(stage, "do it")
    done = await talk(stage, "do it", question, "Approve")

    assert "Write one file." in question
    assert '"file": "a.yaml"' in question
    assert done == "approve"


async def test_a_chat_takes_the_reason_of_a_refusal(stage: Stage) -> None:
    asking(stage)

    question = await talk(stage, "do it")

    assert await talk(stage, "do it", question, "reject: not on a Friday") == "reject not on a Friday"


async def test_a_chat_that_is_told_something_else_starts_anew(stage: Stage) -> None:
    asking(stage)
    question = await talk(stage, "do it")

    again = await talk(stage, "do it", question, "what would that change?")

    assert "Write one file." in again
    assert stage.memory.asked[-1][1].answer is None


async def test_a_chat_answers_no_question_of_another_tenant(stage: Stage) -> None:
    asking(stage)
    question = await talk(stage, "do it")
    messages = [{"type": "ai", "content": question}, {"type": "human", "content": "approve"}]

    answer = await stage.post("/ask/chat_playground/stream_log", {"input": {"messages": messages}}, OTHER)

    assert (answer.status_code, answer.json()["code"]) == (404, "AW932")


async def test_a_chats_failure_is_shown_as_words() -> None:
    problem = {"code": "AW700", "message": "It is taken.", "fix": "Choose another."}

    said = chat.reply(Outcome("r", "t", "failed", {}, problem=problem))

    assert said == "AW700 It is taken.\n\nChoose another."


async def test_each_of_several_requests_gets_the_decision() -> None:
    made, memory = front()
    await memory.create(ACME, thread="t", metadata={})
    from dataclasses import replace

    asked = (Interrupt("i", {"action_requests": [{"name": "a"}, {"name": "b"}]}),)
    memory._threads["acme", "t"] = replace(memory._threads["acme", "t"], interrupts=asked)
    messages = [{"type": "ai", "content": "?\n(thread t)"}, {"type": "human", "content": "approve"}]

    ask = await chat.resumed(made.threads, ACME, Ask(graph="talk", input={"messages": messages}))

    assert ask.answer == {"decisions": [{"type": "approve"}, {"type": "approve"}]}


@pytest.mark.parametrize(
    "content", ["hi", [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}], ["h", "i"]]
)
async def test_a_message_is_read_in_each_of_its_forms(content: Any) -> None:
    assert words.text({"type": "ai", "content": content}) == "hi"
