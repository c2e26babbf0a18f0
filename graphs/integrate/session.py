"""Everything one command or one server needs for `integrate`, opened late and closed together.

Takes values, not settings: whoever reads the settings says which store, which remote, which level.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import blobs, sandbox, telemetry, workers
from graphs.integrate import dry, guard, places
from graphs.integrate.deps import Deps, Remote, Unborn
from graphs.integrate.request import Request, given
from graphs.integrate.state import IntegrateState

if TYPE_CHECKING:
    from core.store import Run
    from core.store.sql import Store
    from graphs.integrate.runner import Answer, Seat

# regopy reserves more address space than a confined child may: it has to be loaded before.
PRELOAD = ("graphs.integrate.work", "jsonschema_rs", "regopy", "yaml")
WARM = ("datamodel_code_generator.parser.openapi", "graphs.integrate.work:warm")
AUTHOR = ("AutoWeave", "autoweave@autoweave.invalid")


@dataclass(frozen=True)
class Means:
    """Where state lives, whom to publish to, how strongly the child is confined."""

    home: Path
    store_url: str
    remote: str
    hosts: tuple[str, ...] = ()
    level: sandbox.Level = sandbox.Level.CONFINED
    limits: sandbox.Limits = sandbox.Limits()  # noqa: RUF009  # frozen
    kubernetes: str = "1.34"
    lease_s: float = 60.0
    is_warm: bool = False
    """Load the generator and compile the schemas once at the start: worth it for more than one spec."""
    token: Callable[[str], str] | None = None
    llm: Any = None
    """`graphs.models.Wanted`: which model the assistant talks through; None for the planner alone."""
    fetch: Callable[[str], bytes] | None = None
    """Gets a spec by its address; None where none may be fetched."""


class Telling:
    """The child, with a word before each call for whoever waits."""

    WORDS: Mapping[str, str] = {
        "names": "reading the folder",
        "findings": "reading the spec",
        "check": "checking",
        "parse": "reading the spec",
        "describe": "reading the module",
        "generate": "making models",
        "prove": "importing the models in the sandbox",
        "render": "rendering manifests",
        "validate": "checking everything",
    }

    def __init__(self, child: sandbox.Sandbox, say: Callable[[str], None]) -> None:
        self.inner = child
        self._say = say

    def call(self, target: str, /, *args: Any, read: Sequence[Path] = ()) -> sandbox.Outcome:
        step = target.rpartition(":")[2]
        self._say(f"… {self.WORDS.get(step, step)}")
        return self.inner.call(target, *args, read=read)


class Session:
    """Opened by `opened`. The store, git and LangGraph are reached only when something is written."""

    def __init__(self, means: Means, stack: contextlib.ExitStack, say: Callable[[str], None]) -> None:
        self.means = means
        self.reads: tuple[Path, ...] = ()
        """Folders the child may read, known before it is first used."""
        self._stack = stack
        self._say = say

    @cached_property
    def child(self) -> Telling:
        preload = (*PRELOAD, *WARM) if self.means.is_warm else PRELOAD
        box = sandbox.Sandbox(preload, level=self.means.level, limits=self.means.limits, read=self.reads)
        return Telling(self._stack.enter_context(box), self._say)

    @cached_property
    def store(self) -> Store:
        from core import store  # noqa: PLC0415  # SQLAlchemy: only a run needs it

        blobs.private(self.means.home)
        opened = store.open(self.means.store_url)
        self._stack.callback(opened.close)
        return opened

    @cached_property
    def kept(self) -> blobs.Blobs:
        """Beside a SQLite store a folder; with PostgreSQL the store itself, which all machines share."""
        if self.means.store_url.startswith("postgres"):
            return self.store.blobs
        return blobs.Folder(self.means.home / "blobs")

    def dry(self, request: Request) -> IntegrateState:
        """The state after the plan, with nothing written anywhere."""
        deps = self.deps(blobs.Memory(), makes=False)
        self.last = deps.blobs
        return dry.run(given(request, deps.blobs, today=_today()), deps)

    def run(
        self, request: Request, tenant: str, ask: Callable[[IntegrateState], Answer | None]
    ) -> tuple[Run, IntegrateState]:
        """Admit, execute, ask, publish; goes on with the same run if one was left unfinished."""
        from graphs.integrate import runner  # noqa: PLC0415  # LangGraph: 1.9 CPU s

        guard.admit(request.module, self.child)
        self.last = self.kept
        trace = (telemetry.current() or (secrets.token_hex(16),))[0]
        asked = given(request, self.kept, today=_today(), trace=trace)
        return runner.execute(asked, tenant=tenant, seat=self.seat, ask=ask)

    def apply(self, plan: bytes) -> dict[str, Any]:
        """Do exactly the plan in a plan file, once; the receipt."""
        from graphs.integrate import applying  # noqa: PLC0415  # SQLAlchemy, as above

        deps = self.deps(self.kept, makes=True)
        return applying.apply(plan, self.store, deps, worker=workers.name(), lease_s=self.means.lease_s)

    def resume(self) -> Iterator[tuple[Run, IntegrateState]]:
        """Go on with each run that a dead worker left behind."""
        from graphs.integrate import runner  # noqa: PLC0415  # LangGraph: 1.9 CPU s

        self.last = self.kept
        for run in self.left():
            yield runner.resume(run, seat=self.seat, ask=lambda _: None)

    def left(self) -> tuple[Run, ...]:
        """The runs nobody works on: never begun, lease over, or worker gone from this machine."""
        over = {run.id for run in self.store.runs.expired()}
        return tuple(
            run
            for run in self.store.runs.unfinished()
            if run.graph == "integrate"
            and (run.state == "admitted" or run.id in over or workers.is_gone(run.owner))
        )

    def check(self, files: Mapping[str, str], options: Mapping[str, Any], report: str) -> tuple[bool, str]:
        """Whether the files pass, and the report. Outside engines are programs, so they run outside."""
        if set(options["engines"]) <= {"builtin"}:
            ok, text = self.child.call(
                "graphs.integrate.work:check", dict(files), dict(options), report
            ).value
            return bool(ok), str(text)
        from graphs.integrate import work  # noqa: PLC0415  # only where a program is to be run

        return work.check(dict(files), dict(options), report)

    def findings(self, source: Mapping[str, bytes], entry: str, *, authority: bool) -> list[dict[str, Any]]:
        """What is wrong with a document that can be read."""
        given = {"files": dict(source), "entry": entry}
        found: list[dict[str, Any]] = self.child.call(
            "graphs.integrate.work:findings", given, authority
        ).value
        return found

    @property
    def actor(self) -> str:
        """Whoever sits at this machine; in a container the user may have a number and no name."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return f"uid {os.getuid()}"

    @cached_property
    def seat(self) -> Seat:
        from graphs import checkpoints  # noqa: PLC0415  # LangGraph: 1.9 CPU s
        from graphs.integrate import graph, runner  # noqa: PLC0415  # as above

        keeper = self._stack.enter_context(checkpoints.opened(self.means.home, self.means.store_url))
        return runner.Seat(
            graph=graph.build(keeper),
            store=self.store,
            deps=self.deps(self.kept, makes=True),
            worker=workers.name(),
            lease_s=self.means.lease_s,
            is_gone=workers.is_gone,
        )

    def plan_bytes(self, state: IntegrateState) -> bytes:
        return self.last.get(state["plan"])

    def remote(self, address: str | None, *, makes: bool) -> Remote:
        """The repository at `address`, or the default one, which `makes` creates where it is missing."""
        named = address if address and not address.startswith(places.TENANT) else None
        local = named or places.default(self.means.remote, address or "")
        path = Path(local)
        is_own = named is None and not places.is_far(local)
        if is_own and not makes and not path.exists():
            return Unborn()
        from tools import repo  # noqa: PLC0415  # git is only needed where there is a repository

        if is_own and makes:
            repo.create(path)
        roots = (path.absolute().parent,) if is_own else ()
        place = repo.Remote.parse(local, roots=roots, hosts=self.means.hosts)
        cache = self.means.home / "git" / blobs.digest(place.address.encode())[:24]
        return repo.Repository(place, cache, token=self.means.token)

    def deps(self, kept: blobs.Blobs, *, makes: bool = False) -> Deps:
        """What the nodes need; `makes` creates the default repository where it is missing."""
        opened: dict[str | None, Remote] = {}

        def remote(address: str | None) -> Remote:
            found = opened.get(address) or self.remote(address, makes=makes)
            if not isinstance(found, Unborn):  # somebody may make it meanwhile
                opened[address] = found
            return found

        return Deps(child=self.child, blobs=kept, remote=remote, author=AUTHOR, now=time.time)


@contextlib.contextmanager
def opened(means: Means, say: Callable[[str], None]) -> Iterator[Session]:
    with contextlib.ExitStack() as stack:
        yield Session(means, stack, say)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
