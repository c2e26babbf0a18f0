"""What tracing costs: CPU of a five-node graph, six spans a run, sent to a receiver in its own process.

Ours against OpenInference's LangChain instrumentation behind OpenTelemetry's batch processor, in one run,
each in a process of its own, in turn. OpenInference is fetched into an environment of its own by uv.
"""

from __future__ import annotations

import argparse
import asyncio
import http.server
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

ROOT = Path(__file__).resolve().parent.parent
GOAL_MS = 1.5
OTHER = "openinference-instrumentation-langchain"
TEXT = "Integrate the orders service and keep its two replicas. " * 8


class State(TypedDict):
    text: str
    seen: list[str]


class Sink(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def graph() -> Any:
    def step(name: str) -> Any:
        async def node(state: State) -> dict[str, Any]:
            return {"seen": [*state["seen"], name]}

        return node

    made = StateGraph(State)
    names = [f"step{number}" for number in range(5)]
    for name in names:
        made.add_node(name, step(name))
    for before, after in zip([START, *names], [*names, END], strict=True):
        made.add_edge(before, after)
    return made.compile(name="five")


def ours(endpoint: str) -> tuple[Callable[[], dict[str, Any]], Callable[[], object]]:
    from core import telemetry  # noqa: PLC0415  # each kind loads its own
    from graphs.tracing import Tracer  # noqa: PLC0415  # each kind loads its own

    for number in range(5):  # as many as a server knows
        telemetry.known_secret(f"a-secret-of-the-settings-{number}")
    set_up = telemetry.set_up(endpoint=endpoint, everywhere={"stack_port": 8000})
    return lambda: {"callbacks": [Tracer("five")]}, lambda: set_up.flush(30)


def theirs(endpoint: str) -> tuple[Callable[[], dict[str, Any]], Callable[[], object]]:
    from openinference.instrumentation.langchain import LangChainInstrumentor  # noqa: PLC0415  # each kind loads its own
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  # each kind loads its own
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # each kind loads its own
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  # each kind loads its own

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    LangChainInstrumentor().instrument(tracer_provider=provider)
    return dict, provider.force_flush


def none(_: str) -> tuple[Callable[[], dict[str, Any]], Callable[[], object]]:
    return dict, lambda: None


async def measured(kind: str, endpoint: str, runs: int) -> float:
    """CPU milliseconds a run, sending included."""
    compiled = graph()
    config, flush = {"none": none, "ours": ours, "theirs": theirs}[kind](endpoint)
    given = {"text": TEXT, "seen": []}
    for _ in range(30):
        await compiled.ainvoke(given, config())
    flush()
    start = time.process_time()
    for _ in range(runs):
        await compiled.ainvoke(given, config())
    flush()
    return (time.process_time() - start) * 1000 / runs


def in_process(kind: str, endpoint: str, runs: int) -> float:
    python = [sys.executable]
    if kind == "theirs":
        uv = shutil.which("uv") or str(ROOT / "build" / "uv" / "bin" / "uv")
        python = [uv, "run", "--quiet", "--no-sync", "--with", OTHER, "python"]
    done = subprocess.run(
        [*python, "-m", "bench.tracing", "--kind", kind, "--endpoint", endpoint, "--runs", str(runs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1])["ms"])


def compared(rounds: int, runs: int) -> bool:
    sink = subprocess.Popen(
        [sys.executable, "-m", "bench.tracing", "--kind", "sink"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert sink.stdout is not None
        endpoint = f"http://127.0.0.1:{sink.stdout.readline().strip()}/v1/traces"
        found: dict[str, list[float]] = {"none": [], "ours": [], "theirs": []}
        for _ in range(rounds):
            for kind, figures in found.items():
                figures.append(in_process(kind, endpoint, runs))
    finally:
        sink.terminate()
        sink.wait()
    bare = statistics.median(found["none"])
    cost = {kind: statistics.median(figures) - bare for kind, figures in found.items()}
    print(f"no tracing     {bare:6.2f} ms CPU a run, medians of {rounds} rounds of {runs} runs")
    print(f"ours          +{cost['ours']:6.2f} ms for six spans, masked and sent (goal {GOAL_MS})")
    print(f"OpenInference +{cost['theirs']:6.2f} ms for six spans, batched and sent")
    print(f"ratio          {cost['ours'] / cost['theirs']:6.2f}")
    return cost["ours"] <= GOAL_MS


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--runs", type=int, default=400)
    given.add_argument("--kind", choices=["none", "ours", "theirs", "sink"], help="one measurement alone")
    given.add_argument("--endpoint", default="")
    asked = given.parse_args()
    if asked.kind == "sink":
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
        print(server.server_address[1], flush=True)
        server.serve_forever()
    if asked.kind:
        print(json.dumps({"ms": asyncio.run(measured(asked.kind, asked.endpoint, asked.runs))}))
        return 0
    is_met = compared(asked.rounds, asked.runs)
    print("goal: met" if is_met else "goal: MISSED")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
