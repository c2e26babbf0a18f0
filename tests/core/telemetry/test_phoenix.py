"""How Phoenix is started, waited for and ended, with a small program in its place."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from core.telemetry import phoenix

ANSWERS = """
import http.server, json, os, pathlib
pathlib.Path("seen.json").write_text(json.dumps(dict(os.environ)))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
http.server.HTTPServer((os.environ["PHOENIX_HOST"], int(os.environ["PHOENIX_PORT"])), Handler).serve_forever()
"""
SILENT = (
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\nsignal.pause()\n"
)


def environment(folder: Path, program: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "bin" / "phoenix").write_text(program)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_it_is_ready_once_it_answers(tmp_path: Path) -> None:
    started = phoenix.start(
        tmp_path / "data", free_port(), environment=environment(tmp_path / "env", ANSWERS)
    )

    started.wait(30)
    started.stop()

    assert started.process.returncode is not None
    assert started.endpoint == f"{started.url}/v1/traces"


def test_it_is_given_no_key_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "c4nary")
    started = phoenix.start(
        tmp_path / "data", free_port(), environment=environment(tmp_path / "env", ANSWERS)
    )

    started.wait(30)
    started.stop()

    seen = (tmp_path / "data" / "seen.json").read_text()
    assert "c4nary" not in seen
    assert '"PHOENIX_TELEMETRY_ENABLED": "false"' in seen
    assert '"PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false"' in seen
    assert '"PHOENIX_HOST": "127.0.0.1"' in seen


def test_one_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    broken = environment(tmp_path / "env", "raise SystemExit('the port is taken')")
    started = phoenix.start(tmp_path / "data", free_port(), environment=broken)

    with pytest.raises(phoenix.PhoenixFailed, match="ended with code 1") as caught:
        started.wait(30)

    assert "the port is taken" in Path(caught.value.place).read_text()


def test_one_that_never_answers_is_ended(tmp_path: Path) -> None:
    silent = environment(tmp_path / "env", ANSWERS.replace("/healthz", "/other"))
    started = phoenix.start(tmp_path / "data", free_port(), environment=silent)

    with pytest.raises(phoenix.PhoenixFailed, match="did not answer"):
        started.wait(0.3)

    assert started.process.returncode is not None


def test_one_that_does_not_listen_to_a_request_to_end_is_killed(tmp_path: Path) -> None:
    silent = environment(tmp_path / "env", SILENT)
    started = phoenix.start(tmp_path / "data", free_port(), environment=silent)
    with started.log.open("rb") as log:
        while not log.read(1):
            pass

    started.stop(within_s=0.1)

    assert started.process.returncode == -9


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(phoenix.PhoenixMissing) as caught:
        phoenix.start(tmp_path / "data", 6006, environment=tmp_path)

    assert caught.value.place == str(tmp_path / "bin" / "phoenix")


def test_a_missing_uv_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(phoenix.PhoenixMissing, match="uv is not installed"):
        phoenix.installed(tmp_path)


def test_uvs_own_last_word_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "uv"
    tool.write_text("#!/bin/sh\necho first >&2\necho the lock is old >&2\nexit 2\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(phoenix.PhoenixMissing, match="the lock is old"):
        phoenix.installed(tmp_path)
