"""`langgraph dev` on our graphs, in an environment of its own: its server is not ours to ship."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_sync_client

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "studio"
UP = "Application started up"
SPEC = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1.0.0"},
    "paths": {"/pets": {"get": {"operationId": "listPets", "responses": {"200": {"description": "ok"}}}}},
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program() -> Path:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("group studio: no uv on this machine to make its environment")
    HOME.parent.mkdir(exist_ok=True)
    with (HOME.parent / "studio.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # the workers of one test run share the folder
        for command in _commands(uv):
            made = subprocess.run(
                command, cwd=ROOT, env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(HOME)},
                capture_output=True, text=True, timeout=250, check=False,
            )  # fmt: skip
            if made.returncode:
                pytest.skip(f"group studio: its environment cannot be made: {made.stderr[-300:]}")
    return HOME / "bin" / "langgraph"


def _commands(uv: str) -> list[list[str]]:
    groups = ["--group", "studio", "--group", "server", "--group", "postgres"]
    return [
        [uv, "sync", "--quiet", "--locked", "--inexact", "--no-default-groups", *groups],
        # LangGraph's server asks for an older one than our own checks need, and runs on this one.
        [uv, "pip", "install", "--quiet", "--python", str(HOME / "bin" / "python"), "jsonschema-rs>=0.60"],
    ]


@pytest.fixture(scope="module")
def url(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("studio")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "langgraph.json").write_text(_config())
    quiet = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGSMITH_TRACING": "false"}
    own = {"AUTOWEAVE_HOME": str(folder / "home"), "PATH": f"{program.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        [program, "dev", "--no-browser", "--no-reload", "--port", str(port)],
        cwd=folder, env={**os.environ, **quiet, **own}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    said: list[str] = []
    up = threading.Event()
    reader = threading.Thread(target=_read, args=(process, said, up), daemon=True)
    reader.start()
    try:
        assert up.wait(90), "".join(said)[-3000:]
        assert UP in said[-1], "".join(said)[-3000:]
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(10)
        assert process.stdout is not None
        process.stdout.close()


def _config() -> str:
    """Our langgraph.json with its paths made absolute: its server leaves files where it is started."""
    known = json.loads((ROOT / "langgraph.json").read_text())
    known["dependencies"] = [str(ROOT / each) for each in known["dependencies"]]
    for graph in known["graphs"].values():
        graph["path"] = str(ROOT / graph["path"])
    return json.dumps(known)


def _read(process: subprocess.Popen[str], said: list[str], up: threading.Event) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if not up.is_set():
            said.append(line)
        if UP in line:
            up.set()
    up.set()


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Any]:
    with get_sync_client(url=url, api_key=None, timeout=120) as made:
        yield made


def test_langgraph_dev_starts_on_our_graphs(url: str, client: Any) -> None:
    [found] = client.assistants.search(graph_id="integrate")
    schemas = client.assistants.get_schemas(found["assistant_id"])

    assert httpx.get(f"{url}/ok").json()["ok"] is True
    assert "shown as a plan, approved, and committed" in found["description"]
    assert schemas["input_schema"]["required"] == ["spec"]
    assert "receipt" in schemas["output_schema"]["properties"]


def test_langgraph_dev_runs_integrate_to_its_question_and_on(client: Any) -> None:
    thread = client.threads.create()["thread_id"]
    given = {"spec": json.dumps(SPEC), "image": "registry.example.com/pets:1.0.0"}

    asked = client.runs.wait(thread, "integrate", input=given)
    status = client.threads.get(thread)["status"]
    done = client.runs.wait(thread, "integrate", command={"resume": {"decisions": [{"type": "approve"}]}})

    assert asked["__interrupt__"][0]["value"]["action_requests"][0]["name"] == "apply_plan"
    assert status == "interrupted"
    assert done["decision"] == "approve"
    assert len(done["receipt"]["commit"]) == 40


def test_langgraph_dev_says_what_is_wrong_with_a_spec(client: Any) -> None:
    thread = client.threads.create()["thread_id"]

    done = client.runs.wait(thread, "integrate", input={"spec": "{}"})

    assert done["problem"]["code"].startswith("AW1")
