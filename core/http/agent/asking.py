"""From a client's body to what the front is asked, with each option kept or refused by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.http.agent import bodies, refusals
from core.http.agent.assistants import offer
from core.http.agent.refusals import KeepsNothing, NotTheHead, OptionRefused
from core.http.front import Ask, Caller, Front, Mode, Offer, Ticket


class StepUnknown(OptionRefused):
    """A run was to stop at a step that the graph does not have."""

    fix = "GET /assistants/{id}/graph names the steps."


async def started(
    front: Front,
    caller: Caller,
    body: bodies.RunBody,
    *,
    thread: str = "",
    streams: bool = True,
    background: bool = False,
) -> tuple[Offer, Ticket]:
    """The run, admitted; or a refusal, with nothing done."""
    one = offer(front, caller, body.assistant_id)
    if thread and not one.is_durable:
        raise KeepsNothing(f"{one.id} keeps nothing, so it cannot run on a thread.", place="/assistant_id")
    if background and not one.is_durable:
        raise KeepsNothing(
            f"{one.id} keeps nothing, so its answer could never be read.", place="/assistant_id"
        )
    if body.on_completion == "delete" and one.is_durable:
        raise refusals.option("on_completion", "what ran is evidence, and is kept")
    ask = _ask(one, body, thread, plain(modes(body)) if streams else ())
    if thread:
        await _thread(front, caller, thread, body)
    elif _checkpoint(body, ""):
        raise refusals.option("checkpoint", "without a thread there is none")
    return one, await front.runs.start(caller, ask)


def modes(body: bodies.RunBody) -> tuple[bodies.StreamMode, ...]:
    """As the client calls them."""
    asked = body.stream_mode or "values"
    return tuple(asked) if isinstance(asked, list) else (asked,)


def plain(asked: Iterable[bodies.StreamMode]) -> tuple[Mode, ...]:
    """The front's words for them, each once, in the order asked."""
    words: list[Mode] = ["messages" if each == "messages-tuple" else each for each in asked]
    return tuple(dict.fromkeys(words))


def tuples(asked: Iterable[bodies.StreamMode]) -> bool:
    """Whether messages go out as `[chunk, metadata]`; else as the older partial and complete ones."""
    return "messages-tuple" in asked


def _ask(one: Offer, body: bodies.RunBody, thread: str, wanted: tuple[Mode, ...]) -> Ask:
    config = body.config or bodies.Config()
    answer = body.command.resume if body.command else None
    if answer is not None and body.input:
        raise refusals.option("input", "an answer goes on with the input that the run has")
    metadata = {**(config.metadata or {}), **(body.metadata or {})}
    if config.tags:
        metadata["tags"] = config.tags
    return Ask(
        graph=one.id,
        input=body.input if answer is None else None,
        answer=answer,
        thread=thread,
        modes=wanted,
        metadata=metadata,
        recursion_limit=config.recursion_limit or 0,
        interrupt_before=_steps(one, "interrupt_before", body.interrupt_before),
        interrupt_after=_steps(one, "interrupt_after", body.interrupt_after),
        if_busy=body.multitask_strategy or "reject",
    )


def _steps(one: Offer, name: str, asked: Any) -> tuple[str, ...]:
    if not asked:
        return ()
    steps = [each for each in one.graph.nodes if not each.startswith("__")]
    if asked == "*":
        return tuple(steps)
    if missing := [each for each in asked if each not in steps]:
        raise StepUnknown(f"{one.id} has no step {missing[0]}.", place=f"/{name}", steps=steps)
    return tuple(asked)


async def _thread(front: Front, caller: Caller, thread: str, body: bodies.RunBody) -> None:
    """Find or make the thread, and hold a checkpoint that was named against its last one."""
    if body.if_not_exists == "create":
        found = await front.threads.create(caller, thread=thread, metadata={}, if_exists="do_nothing")
    else:
        found = await front.threads.get(caller, thread)
    if asked := _checkpoint(body, thread):
        head = (await front.snapshots.state(caller, thread)).checkpoint if found.graph else {}
        if asked != {head.get("checkpoint_id")}:
            raise NotTheHead("The checkpoint is not the thread's last one.", place="/checkpoint")


def _checkpoint(body: bodies.RunBody, thread: str) -> set[str]:
    """What the three fields that may name one say; without a thread, there is none."""
    configured = (body.config.configurable if body.config else None) or bodies.Configurable()
    named = body.checkpoint or bodies.Checkpoint()
    if {configured.thread_id, named.thread_id} - {None, thread}:
        raise refusals.option("thread_id", "the path names the thread")
    three = (body.checkpoint_id, named.checkpoint_id, configured.checkpoint_id)
    return {each for each in three if each}
