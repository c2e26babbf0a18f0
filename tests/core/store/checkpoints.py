"""A program the checkpoint tests run: reads hostile rows and watches what is called meanwhile.

checkpoints.py FILE    prints JSON: what each hostile row of the saver's own table became
"""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import sys
from collections.abc import Iterator
from typing import Any

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"  # read when LangGraph is first imported

import ormsgpack
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver

CALLS = [("os", "getenv", "AW_CANARY"), ("os", "system", "touch canary"), ("subprocess", "run", ["true"])]
WATCHED = {"os.system", "subprocess.Popen", "os.posix_spawn", "os.fork", "exec", "pickle.find_class"}
called: list[str] = []


class Trap:
    def __reduce__(self) -> Any:
        return os.system, ("touch canary",)


def hostile() -> Iterator[tuple[str, str, bytes]]:
    for kind in range(6):
        for call in CALLS:
            bomb = ormsgpack.Ext(kind, ormsgpack.packb(call))
            yield f"ext {kind} {call[1]}", "msgpack", ormsgpack.packb({"channel_values": {"x": bomb}})
    yield "pickle", "pickle", pickle.dumps(Trap())
    lc = {"lc": 2, "type": "constructor", "id": ["os", "system"], "args": ["touch canary"], "kwargs": {}}
    yield "json lc2", "json", json.dumps({"channel_values": {"x": lc}}).encode()
    lc = {"lc": 1, "type": "constructor", "id": ["langchain", "os", "system"], "kwargs": {}}
    yield "json lc1", "json", json.dumps({"channel_values": {"x": lc}}).encode()
    yield "cut", "msgpack", ormsgpack.packb({"channel_values": {}})[:-3]
    yield "deep", "msgpack", b"\x91" * 100_000 + b"\x00"


def read(saver: SqliteSaver, file: sqlite3.Connection, kind: str, row: bytes) -> str:
    file.execute("UPDATE checkpoints SET type = ?, checkpoint = ?", (kind, row))
    del called[:]
    try:
        found = saver.get_tuple({"configurable": {"thread_id": "t", "checkpoint_ns": ""}})
    except (NotImplementedError, ValueError) as error:
        return type(error).__name__
    return repr(found and found.checkpoint)


def main(path: str) -> None:
    file = sqlite3.connect(path, check_same_thread=False)
    saver = SqliteSaver(file)
    saver.setup()
    config: Any = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    saver.put(config, empty_checkpoint(), {"source": "loop"}, {})
    sys.addaudithook(lambda event, _args: called.append(event) if event in WATCHED else None)
    became = {
        name: {"read": read(saver, file, kind, row)[:2000], "called": list(called)}
        for name, kind, row in hostile()
    }
    print(json.dumps(became))


if __name__ == "__main__":
    main(sys.argv[1])
