"""A run of the real server, seen in a real Phoenix: one trace, root to commit, and no secret anywhere."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.telemetry import phoenix
from tests import otlp, processes

pytestmark = [pytest.mark.phoenix, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parent.parent
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
STEPS = ["parse", "describe", "generate", "render", "validate", "plan", "approve", "publish", "commit"]
CANARY = "c4nary"
ENV = {
    "OPENAI_API_KEY": "c4nary-in-the-environment",
    "AUTOWEAVE_GIT_TOKENS": "git.example.com=c4nary-git-token",
    "AUTOWEAVE_TELEMETRY_HEADERS": "authorization=Bearer c4nary-otlp-header",
}


@dataclass
class Scene:
    """What is left after one module was published and one was refused."""

    shown: phoenix.Phoenix
    got: otlp.Received
    server: processes.Server
    home: Path

    @property
    def remote(self) -> Path:
        return next(self.home.rglob("*.git/HEAD")).parent

    def spans(self) -> list[dict[str, Any]]:
        """The trace of the published run, as Phoenix tells it."""
        answer = httpx.get(
            f"{self.shown.url}/v1/projects/autoweave/spans",
            params={"limit": 1000, "trace_id": TRACE},
            trust_env=False,
        )
        found = answer.json()["data"] if answer.is_success else []
        return [span for span in found if span["context"]["trace_id"] == TRACE]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[phoenix.Phoenix]:
    try:
        environment = phoenix.installed(ROOT)
    except phoenix.PhoenixMissing as error:
        pytest.skip(f"group phoenix: {error.message}")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    started = phoenix.start(tmp_path_factory.mktemp("phoenix"), port, environment=environment)
    try:
        started.wait(240)
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def scene(shown: phoenix.Phoenix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    home = folder / "home"
    with contextlib.ExitStack() as stack:
        got = stack.enter_context(otlp.receiver(forward=shown.endpoint))
        nursery = stack.enter_context(processes.nursery(folder))
        server = nursery.serve(home, env={**ENV, "AUTOWEAVE_TELEMETRY_ENDPOINT": got.url})
        client = stack.enter_context(processes.client())
        client.http.headers["traceparent"] = f"00-{TRACE}-{SPAN}-01"
        client.ask(server.url, "t1", "loaves")
        assert client.settled(server.url, "t1") == "interrupted"
        assert client.approve(server.url, "t1")
        assert client.settled(server.url, "t1") == "idle"
        del client.http.headers["traceparent"]
        refused(client.http, server.url)
        scene = Scene(shown, got, server, home)
        processes.until(lambda: {span["name"] for span in scene.spans()} >= {"integrate.commit", "integrate"})
        yield scene


def refused(http: httpx.Client, url: str) -> None:
    """A key that is none, a secret in a module's environment, one in a query and one in a thread's name."""
    http.get(
        f"{url}/threads/x", headers={"x-api-key": "c4nary-api-key", "authorization": "Bearer c4nary-bearer"}
    )
    http.get(f"{url}/threads/x", params={"api_key": "c4nary-query"})
    http.post(f"{url}/threads", json={"thread_id": "t2", "if_exists": "do_nothing"})
    module = {
        "spec": processes.SPEC % "crumbs",
        "name": "crumbs",
        "image": "registry.example.com/crumbs:1.0.0",
        "env": {"DB_PASSWORD": "c4nary-password"},
    }
    http.post(f"{url}/threads/t2/runs/wait", json={"assistant_id": "integrate", "input": module})


def test_one_trace_reaches_from_the_request_to_the_commit(scene: Scene) -> None:
    spans = scene.spans()
    names = {span["context"]["span_id"]: span["name"] for span in spans}
    parents = {(span["name"], names.get(span["parent_id"], "")) for span in spans}

    assert {f"integrate.{step}" for step in STEPS} <= {span["name"] for span in spans}
    assert ("integrate.commit", "integrate.publish") in parents
    assert all((f"integrate.{step}", "integrate") in parents for step in STEPS[:-1])
    assert ("integrate", "POST /threads/{thread_id}/runs") in parents
    assert {span["parent_id"] for span in spans if span["name"].startswith("POST")} == {SPAN}


def test_the_commit_names_the_trace_and_the_trace_the_commit(scene: Scene) -> None:
    (span,) = [span for span in scene.spans() if span["name"] == "integrate.commit"]

    message = git(scene.remote, "log", "-1", "--format=%H %B", "main")
    assert message.startswith(span["attributes"]["commit"])
    assert f"Trace-Id: {TRACE}" in message


def test_each_span_of_the_run_names_its_tenant_and_its_stack(scene: Scene) -> None:
    spans = [span for span in scene.spans() if span["name"].startswith("integrate")]

    port = int(scene.server.url.rpartition(":")[2])
    said = {tuple(span["attributes"].get(name) for name in ("stack_port", "agent_type")) for span in spans}
    assert said == {(port, "integrate")}
    assert all(span["attributes"]["tenant"] for span in spans)
    assert len({span["attributes"]["tenant"] for span in spans}) == 1


def test_no_secret_leaves_with_the_spans(scene: Scene) -> None:
    assert scene.got.bodies
    assert CANARY.encode() not in scene.got.everything


def test_the_receivers_key_reaches_the_receiver(scene: Scene) -> None:
    assert "authorization: Bearer c4nary-otlp-header" in scene.got.headers[0]


def test_no_secret_is_in_the_logs(scene: Scene) -> None:
    text = scene.server.log.read_text()

    assert '"run"' in text or '"event"' in text
    assert CANARY not in text


def test_no_secret_is_in_git(scene: Scene) -> None:
    objects = git(scene.remote, "cat-file", "--batch-check", "--batch-all-objects").split("\n")[:-1]

    assert len(objects) > 10
    for line in objects:
        name, kind, _ = line.split()
        assert CANARY not in git(scene.remote, "cat-file", kind, name)


def test_no_secret_is_in_the_store_or_beside_it(scene: Scene) -> None:
    files = [path for path in scene.home.rglob("*") if path.is_file()]

    assert any(path.name == "store.db" for path in files)
    guilty = [str(path.relative_to(scene.home)) for path in files if CANARY.encode() in unpacked(path)]
    assert guilty == []


def test_phoenix_is_told_to_call_nobody(scene: Scene) -> None:
    text = scene.shown.log.read_text()

    assert re.search(r"Telemetry\s+\S*\s*Disabled", text)


def unpacked(path: Path) -> bytes:
    """The bytes, and what git's loose objects hold."""
    data = path.read_bytes()
    with contextlib.suppress(zlib.error):
        return data + zlib.decompress(data)
    return data


def git(remote: Path, *args: str) -> str:
    command = ["git", f"--git-dir={remote}", *args]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", "replace")
