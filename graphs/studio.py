"""Composition root for `langgraph dev`: our graphs with what they need bound to them. Nobody imports it.

A developer's tool: what a plan publishes is journaled in the same store as elsewhere, but the steps are
kept by LangGraph's own server, in memory. `server.py` serves for real.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from langgraph.graph.state import CompiledStateGraph

from core import settings, workers
from core.http.front import Caller
from core.store import Effect, Run
from graphs import means
from graphs.integrate import graph, session
from graphs.integrate.deps import Deps
from graphs.integrate.places import MAIN
from graphs.integrate.served import Integrate, IntegrateInput, IntegrateOutput
from graphs.integrate.session import Session

DEVELOPER = Caller(MAIN, "studio")


@dataclass(frozen=True)
class Opened:
    """An effect, and the run it belongs to, which ends with it."""

    run: Run
    effect: Effect

    @property
    def is_done(self) -> bool:
        return self.effect.is_done

    @property
    def receipt(self) -> Mapping[str, Any]:
        return self.effect.receipt or {}


@dataclass(frozen=True)
class Journal:
    """Writes a publication down as `./autoweave apply` does: its own run, found by the plan's digest."""

    work: Session

    def intend(self, name: str, *, key: str, detail: Mapping[str, Any]) -> Opened:
        runs = self.work.store.runs
        own = hashlib.sha256(key.encode()).hexdigest()
        run = runs.admit(MAIN, graph="apply", key=own, input=dict(detail))
        if run.has_ended:
            run = runs.reopen(MAIN, run.id)
        worker = workers.name()
        left = run.owner if run.owner == worker or workers.is_gone(run.owner) else ""
        run = runs.claim(MAIN, run.id, worker=worker, lease_s=self.work.means.lease_s, instead_of=left)
        opened = Opened(run, self.work.store.effects.intend(run, name, key=key, detail=dict(detail)))
        if opened.is_done:
            runs.finish(run, result=dict(opened.receipt))
        return opened

    def record(self, effect: Opened, receipt: Mapping[str, Any]) -> None:
        self.work.store.effects.record(effect.effect, dict(receipt))
        self.work.store.runs.finish(effect.run, result=dict(receipt))


class Bound(CompiledStateGraph[Any, Any, Any, Any]):
    """A graph that takes what clients of AutoWeave send, and brings its own dependencies."""

    def stream(self, input: Any, *args: Any, context: Any = None, **words: Any) -> Iterator[Any]:  # noqa: A002, ARG002  # LangGraph's names; nobody but us brings a context
        return super().stream(_admitted(input), *args, context=_deps(), **words)

    async def astream(self, input: Any, *args: Any, context: Any = None, **words: Any) -> AsyncIterator[Any]:  # noqa: A002, ARG002  # as above
        import asyncio  # noqa: PLC0415  # only a server's loop has something to keep free

        given = await asyncio.to_thread(_admitted, input)
        deps = await asyncio.to_thread(_deps)
        async for part in super().astream(given, *args, context=deps, **words):
            yield part

    def get_input_jsonschema(self, config: Any = None) -> dict[str, Any]:  # noqa: ARG002  # as above
        return IntegrateInput.model_json_schema()

    def get_output_jsonschema(self, config: Any = None) -> dict[str, Any]:  # noqa: ARG002  # as above
        return IntegrateOutput.model_json_schema()

    def get_config_jsonschema(self, *, include: Any = None) -> dict[str, Any]:  # noqa: ARG002  # as above
        return {}

    def get_context_jsonschema(self) -> None:
        """The context is ours to bring."""


def integrate() -> Bound:
    """`integrate`, without a checkpointer: the server that loads it brings one."""
    built = vars(graph.build())
    return Bound(**{name: value for name, value in built.items() if name != "__orig_class__"})


@functools.cache
def _work() -> Session:
    known = settings.load({}, environ=os.environ, folder=Path.cwd())
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(session.opened(means.of(known, is_warm=True), lambda _: None))


@functools.cache
def _deps() -> Deps:
    work = _work()
    return replace(work.deps(work.kept, makes=True), journal=Journal(work))


@functools.cache
def _kind() -> Integrate:
    return Integrate.of(_work())


def _admitted(given: Any) -> Any:
    """A client's input as the graph's; an answer to a question passes as it is."""
    if not isinstance(given, Mapping):
        return given
    return _kind().prepare(DEVELOPER, IntegrateInput.model_validate(given), secrets.token_hex(16)).input
