"""What an offer takes and gives on these routes: its own models, and where it is durable the thread,
the answer to what a thread asks, and what a waiting run shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pydantic
from pydantic import BaseModel, Field, create_model

from core.http.front import Ask, Mode, Offer, Outcome
from core.http.runnables import bodies

Json = dict[str, Any]
THREAD = "Empty: a new thread. Else the thread to go on with."
ANSWER = "Only for a thread that waits: the decision on what its last run asked."


class Question(BaseModel):
    id: str
    value: Any


@dataclass(frozen=True)
class Shape:
    """`added` names the input fields that are ours, not the graph's."""

    input: type[BaseModel]
    output: type[BaseModel]
    added: frozenset[str]
    shown: frozenset[str] | None
    """The keys of the state that are output; None: all."""
    is_durable: bool


class _Reply(BaseModel):
    """The added fields alone, read first: an answer needs no input."""

    thread: bodies.ThreadId = ""
    answer: bodies.Answer | None = None


def of(offer: Offer) -> Shape:
    return _shape(offer.input, offer.output, is_durable=offer.is_durable)


@lru_cache(maxsize=512)
def _shape(taken: type[BaseModel], given: type[BaseModel], *, is_durable: bool) -> Shape:
    shown = None if given.model_config.get("extra") == "allow" else frozenset(given.model_fields)
    if not is_durable:
        return Shape(taken, given, frozenset(), shown, is_durable=False)
    fields: Json = {
        "thread": (bodies.ThreadId, Field(default="", title="Thread", description=THREAD)),
        "answer": (bodies.Answer, Field(default=bodies.Answer(), title="Answer", description=ANSWER)),
    }
    added = {name: field for name, field in fields.items() if name not in taken.model_fields}
    results: Json = {
        "run": (str, ""),
        "thread": (str, ""),
        "interrupts": (list[Question], []),
        "problem": (dict[str, Any] | None, None),
    }
    return Shape(
        input=create_model(taken.__name__, __base__=taken, **added),
        output=create_model(given.__name__, __base__=given, **results),
        added=frozenset(added),
        shown=shown,
        is_durable=True,
    )


def ask(offer: Offer, raw: Any, config: bodies.Config, modes: tuple[Mode, ...], place: str = "/input") -> Ask:
    """What the client wants, checked against the offer's own models."""
    shape = of(offer)
    try:
        reply = _reply(shape, raw)
        own = None if reply.answer else _own(shape, raw)
    except pydantic.ValidationError as error:
        raise bodies.refusal(error, place) from error
    thread = (reply.thread or config.check().thread) if shape.is_durable else ""
    if reply.answer and not thread:
        raise bodies.BodyInvalid("An answer came without the thread that asked.", place=f"{place}/thread")
    return Ask(
        graph=offer.id,
        input=own,
        answer=reply.answer.plain() if reply.answer else None,
        thread=thread,
        modes=modes,
        metadata=config.notes,
        recursion_limit=config.limit,
    )


def _reply(shape: Shape, raw: Any) -> _Reply:
    """The form of a playground sends every field: an answer without a decision is none."""
    if not shape.added or not isinstance(raw, Mapping):
        return _Reply()
    reply = _Reply.model_validate({name: raw[name] for name in shape.added if raw.get(name) is not None})
    return reply if reply.answer and reply.answer.plain() else _Reply(thread=reply.thread)


def _own(shape: Shape, raw: Any) -> Json:
    if not shape.added or not isinstance(raw, Mapping):
        return shape.input.model_validate(raw).model_dump(exclude=set(shape.added))
    given = {name: value for name, value in raw.items() if name not in shape.added}
    return shape.input.model_validate(given).model_dump(mode="json", exclude=set(shape.added))


def filled(offer: Offer, raw: Any) -> Any:
    """What somebody wrote into a form: it sends every field, and what may be left out was left empty."""
    if not isinstance(raw, Mapping):
        return raw
    needed = {name for name, field in offer.input.model_fields.items() if field.is_required()}
    return {name: value for name, value in raw.items() if name in needed or value not in ("", [], {}, None)}


def output(shape: Shape, outcome: Outcome) -> Json:
    """The state's public part; where the offer is durable also how to find it again and what it asks."""
    shown = shape.shown
    values = {name: value for name, value in outcome.values.items() if shown is None or name in shown}
    found = trail(outcome) if shape.is_durable else {}
    if outcome.problem:
        found["problem"] = outcome.problem
    return {
        **found,
        **values,
        **found,
    }  # ours first: a plan may be long


def trail(outcome: Outcome) -> Json:
    asked = [{"id": each.id, "value": each.value} for each in outcome.interrupts]
    return {"run": outcome.run, "thread": outcome.thread, "interrupts": asked}
