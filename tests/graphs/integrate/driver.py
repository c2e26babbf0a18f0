"""Integrations in processes of their own, each killed with SIGKILL at a chosen point.

Reads lines of JSON, `{"home", "spec", "point", "count"}`, forks a process for each, and answers with
`{"killed", "state", "receipt", "calls"}`. A point is `child.call<`, just before the call, or
`child.call>`, just after it; `count` says at which of its calls. An empty point runs to the end.
A point `after` kills from outside, `count` milliseconds after the start.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
os.environ["LANGSMITH_TRACING"] = "false"

from langgraph.checkpoint.sqlite import SqliteSaver

from graphs.integrate import asking, graph, runner, session


class Dying:
    """Passes every call on, and ends the process at the chosen one."""

    left = 0
    point = ""
    seen: ClassVar[dict[str, int]] = {}

    def __init__(self, name: str, inner: Any) -> None:
        self._name = name
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found) or name.startswith("_"):
            return found

        def call(*args: Any, **options: Any) -> Any:
            self._die(f"{self._name}.{name}<")
            answer = found(*args, **options)
            self._die(f"{self._name}.{name}>")
            return answer

        return call

    def _die(self, here: str) -> None:
        Dying.seen[here] = Dying.seen.get(here, 0) + 1
        if here == Dying.point:
            Dying.left -= 1
            if Dying.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def dying_saver(file: Any) -> Any:
    class Saver(SqliteSaver):
        def put(self, *args: Any, **options: Any) -> Any:
            gate._die("saver.put<")
            answer = super().put(*args, **options)
            gate._die("saver.put>")
            return answer

        def put_writes(self, *args: Any, **options: Any) -> None:
            gate._die("saver.put_writes<")
            super().put_writes(*args, **options)
            gate._die("saver.put_writes>")

    gate = Dying("saver", None)
    return Saver(file)


def integrate(home: str, spec: str, point: str, count: int) -> dict[str, Any]:
    Dying.point, Dying.left = point, count
    means = session.Means(
        home=Path(home), store_url=f"sqlite:///{home}/store.db", remote=f"{home}/remote.git", lease_s=60.0
    )
    with session.opened(means, lambda _: None) as work:
        plain = work.seat
        deps = replace(
            plain.deps,
            child=Dying("child", plain.deps.child),
            blobs=Dying("blobs", plain.deps.blobs),
            remote=lambda address: Dying("remote", plain.deps.remote(address)),
        )
        store = Dying("store", plain.store)
        store.runs = Dying("runs", plain.store.runs)
        store.effects = Dying("effects", plain.store.effects)
        store.approvals = Dying("approvals", plain.store.approvals)
        file = sqlite3.connect(Path(home) / "checkpoints.db", check_same_thread=False, timeout=30)
        seat = replace(plain, deps=deps, store=store, graph=graph.build(dying_saver(file)))
        request = asking.request(spec, {}, work.child, kubernetes="1.34", fetch=None)
        given = session.given(request, plain.deps.blobs, today="2026-11-20", trace="0" * 32)
        answer = {"decisions": [{"type": "approve"}], "actor": "driver"}
        run, state = runner.execute(given, tenant="bakery", seat=seat, ask=lambda _: answer)
        return {
            "state": run.state,
            "problem": run.problem,
            "receipt": state.get("receipt"),
            "calls": Dying.seen,
        }


def trial(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, run, and tell how it ended. The process is a group of its own, killed as a whole."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        answer = integrate(order["home"], order["spec"], order["point"], order["count"])
        os.write(writes, json.dumps(answer).encode())
        os._exit(0)
    os.close(writes)
    if order["point"] == "after":
        select.select([reads], [], [], order["count"] / 1000)
        os.kill(pid, signal.SIGKILL)
    with os.fdopen(reads, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    answer = json.loads(said) if said else {"state": "", "receipt": None, "problem": None, "calls": {}}
    return {**answer, "killed": os.WIFSIGNALED(status), "status": status}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(trial(json.loads(line))), flush=True)
