"""The rows as values, the canonical JSON they are kept in, and the key made from it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from core.store.errors import ValueNotPlain

State = Literal["admitted", "running", "waiting", "done", "failed", "cancelled"]
Decision = Literal["approve", "edit", "reject"]
ENDED: frozenset[str] = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a graph. `fence` grows with each claim: it tells a holder from a zombie.

    `awaits` is the digest of the plan a waiting run wants answered. Times are seconds since the epoch.
    """

    id: str
    tenant: str
    graph: str
    key: str
    state: State
    input: Any
    result: Any
    problem: Any
    awaits: str
    attempt: int
    owner: str
    lease_until: float
    lease_s: float
    fence: int
    trace_id: str
    created: float
    updated: float
    parent_span: str = ""
    """16 hex digits of the span that admitted the run; its worker's spans hang below it."""

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Effect:
    """Something visible outside, journaled before (`detail`) and after (`receipt`).

    `is_fresh` says that this very call wrote the intent. If it is false and there is no receipt,
    an earlier attempt may have made the effect: look outside first.
    """

    tenant: str
    run: str
    key: str
    name: str
    detail: Any
    receipt: Any
    created: float
    recorded: float | None
    is_fresh: bool = False

    @property
    def is_done(self) -> bool:
        return self.recorded is not None


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's answer to one plan digest. Never changed, never removed."""

    tenant: str
    run: str
    seq: int
    plan_digest: str
    actor: str
    decision: Decision
    at: float
    content: Any = None
    """What an edit changes: an answer is whole, so whoever takes the run over needs no second one."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A run that is wanted. `thread`, where it is named, is made if missing and gets the run;
    `metadata` is merged into the thread's."""

    tenant: str
    graph: str
    key: str
    input: Any
    trace_id: str = ""
    parent_span: str = ""
    thread: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A caller's thread. `runs` oldest first; `graph` is empty until the first run or a change."""

    id: str
    tenant: str
    graph: str
    metadata: dict[str, Any]
    runs: tuple[str, ...]
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret: `digest` is what the secret hashes to."""

    id: str
    tenant: str
    name: str
    digest: str
    created: float
    expires: float | None = None
    revoked: float | None = None

    def is_valid(self, now: float) -> bool:
        return self.revoked is None and (self.expires is None or now < self.expires)


@dataclass(frozen=True, slots=True)
class Reply:
    """What stands under an Idempotency-Key. `new`: the caller holds it now, as `holder`."""

    state: Literal["new", "running", "done"]
    fingerprint: str
    status: int
    headers: dict[str, str]
    body: bytes
    holder: str


def canonical(value: Any) -> str:
    """The one JSON text of a plain value: sorted keys, no spaces. Refuses what JSON cannot hold."""
    _refuse_odd(value)
    try:
        return orjson.dumps(value, option=_STRICT).decode()
    except (TypeError, ValueError) as error:  # a 65-bit number, a lone surrogate, a key that is no text
        raise ValueNotPlain(f"The value cannot be kept as JSON: {error}.") from error


def key(tenant: str, value: Any, *, version: str, templates: str) -> str:
    """The idempotency key of an input: the same input for the same tenant and tool is the same run."""
    return hashlib.sha256(canonical([tenant, value, version, templates]).encode()).hexdigest()


_STRICT = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def _refuse_odd(value: Any) -> None:
    """orjson writes NaN as null and a tuple as a list: two inputs would then share a key."""
    left: list[tuple[Any, int]] = [(value, 0)]
    while left:
        item, depth = left.pop()
        if depth > _DEPTH:
            raise ValueNotPlain(f"The value is nested deeper than {_DEPTH} levels.")
        if isinstance(item, float) and not math.isfinite(item):
            raise ValueNotPlain(f"The number {item} cannot be kept as JSON.")
        if isinstance(item, dict):
            left.extend((child, depth + 1) for child in item.values())
        elif isinstance(item, list):
            left.extend((child, depth + 1) for child in item)
        elif not (item is None or isinstance(item, str | int | float)):
            raise ValueNotPlain(f"A {type(item).__name__} cannot be kept as JSON.")


_DEPTH = 250  # orjson stops at 254
