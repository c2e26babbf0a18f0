"""A conversation in a process of its own, killed with SIGKILL when a chosen step was done.

    python dying.py HOME THREAD STEP COUNT [approve]

Says the order, and answers with yes where that is asked for. `STEP` is a node of the agent.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
os.environ["LANGSMITH_TRACING"] = "false"
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from graphs.assistant.planner import Planner
from graphs.assistant.served import Assistant
from graphs.assistant.talk import Talk
from graphs.catalog import served as catalog
from graphs.integrate import session
from graphs.integrate.served import Integrate
from tests.graphs.assistant.conftest import ACME, ORDER, means


class Dying(Assistant):
    """Dies when it hears that a step was done for the so-many-eth time."""

    step, count = "", 0

    def drive(self, run: Any, tell: Any) -> Any:
        def hear(mode: str, data: Any) -> None:
            if mode == "updates" and self.step in data:
                self.count -= 1
                if self.count == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        return super().drive(run, hear)


def main(home: str, thread: str, step: str, count: str, answer: str = "") -> None:
    with session.opened(means(Path(home)), lambda _: None) as work:
        kind = Dying.of(work, Integrate.of(work), Planner(), catalog=catalog.offered())
        assert isinstance(kind, Dying)
        kind.step, kind.count = step, int(count)
        talk = Talk(kind, ACME, thread)
        talk.said(ORDER, lambda _: None)
        if answer:
            talk.said(answer, lambda _: None)


main(*sys.argv[1:])
