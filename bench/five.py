"""The servers that `bench.serving` compares: the same graph of five nodes behind each.

python -m bench.five KIND PORT HOME KEY
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypedDict

import uvicorn
from fastapi import FastAPI
from langgraph.graph import END, START, StateGraph
from langserve import add_routes
from pydantic import create_model

from core import store
from core.http import identity
from core.http.app import Parts, create_app
from core.http.front import Offer
from core.http.limits import Limits
from core.metrics import Metrics
from graphs.front.opened import Bounds, opened


class State(TypedDict, total=False):
    text: str
    words: list[str]
    longest: str
    count: int
    reply: str


async def split(state: State) -> State:
    return {"words": state["text"].split()}


async def measure(state: State) -> State:
    return {"count": len(state["words"])}


async def choose(state: State) -> State:
    return {"longest": max(state["words"], key=len)}


async def write(state: State) -> State:
    return {"reply": f"{state['count']} words, the longest is {state['longest']}"}


async def finish(state: State) -> State:
    return {"reply": state["reply"] + "."}


def graph() -> Any:
    nodes = (split, measure, choose, write, finish)
    made: StateGraph[Any] = StateGraph(State)
    names = [START, *(node.__name__ for node in nodes), END]
    for node in nodes:
        made.add_node(node)
    for start, end in itertools.pairwise(names):
        made.add_edge(start, end)
    return made.compile(name="five")


def models() -> tuple[Any, Any]:
    return create_model("FiveInput", text=(str, ...)), create_model(
        "FiveOutput", reply=(str, ""), count=(int, 0)
    )


def bare() -> Any:
    app, five = FastAPI(), graph()
    taken, given = models()

    async def run(body: Any) -> Any:
        return await five.ainvoke(body.model_dump())

    run.__annotations__ = {"body": taken, "return": given}
    app.post("/five")(run)
    return app


def langserve() -> Any:
    app = FastAPI()
    taken, given = models()
    add_routes(app, graph().with_types(input_type=taken, output_type=given), path="/five")
    return app


@contextlib.asynccontextmanager
async def ours(home: Path, key: str) -> AsyncIterator[Any]:
    """As `server.py` puts it together, with the graph among those that keep nothing."""

    taken, given = models()
    offer = Offer("five", "Five nodes.", taken, given, graph(), is_durable=False)
    metrics = Metrics()
    with contextlib.closing(store.open(f"sqlite:///{home / 'store.db'}")) as rows:
        rows.keys.add("bench", key_id=key[3:11], name="bench", digest=identity.digest(key))
        async with opened(rows, {}, Bounds(slots=0), ended=lambda *_: None, extra={"five": offer}) as hall:
            parts = Parts(
                keys=rows.keys, replies=rows.replies, secret=b"s" * 32, log=lambda *_, **__: None,
                metrics=metrics.render, observe=metrics.request, limits=Limits(per_key=10**9),
            )  # fmt: skip
            yield create_app(hall.front, parts)


async def serve(kind: str, port: int, home: Path, key: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        app = await stack.enter_async_context(ours(home, key)) if kind == "ours" else globals()[kind]()
        config = uvicorn.Config(app, port=port, log_config=None, access_log=False, ws="none", lifespan="off")
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
