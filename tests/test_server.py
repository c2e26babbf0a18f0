"""The real server as a process: how it starts, what it refuses, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from bench import start

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


def refused(home: Path, *words: str, **variables: str) -> dict[str, Any]:
    """The last line of the log of a server that does not start."""
    done = subprocess.run(
        [str(ROOT / "autoweave"), "serve", "--port", "0", *words],
        env={**os.environ, "AUTOWEAVE_HOME": str(home), **variables},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    found: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return found


def test_a_server_tells_where_it_is_answers_and_ends_when_told(tmp_path: Path) -> None:
    with start.served(str(tmp_path)) as (process, url):
        with urllib.request.urlopen(f"{url}/ready", timeout=10) as answer:
            ready = json.load(answer)
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    assert ready["status"] == "ok"
    assert {"integrate", "catalog"} <= set(ready["graphs"])
    assert code == 0


def test_a_start_costs_what_a_laptop_can_bear(tmp_path: Path) -> None:
    spent = min((start.once() for _ in range(2)), key=lambda each: each.cpu_s)

    assert spent.cpu_s <= start.CPU_S
    assert spent.integrated_mb <= start.MEMORY_MB


def test_nothing_listens_beyond_this_machine_without_a_key(tmp_path: Path) -> None:
    assert refused(tmp_path, "--host", "0.0.0.0")["code"] == "AW989"


def test_with_development_mode_off_a_key_is_needed_on_loopback_too(tmp_path: Path) -> None:
    assert refused(tmp_path, AUTOWEAVE_SERVE_IS_OPEN="false")["code"] == "AW989"


@pytest.mark.parametrize("root", ["serve", "worker"])
def test_a_wrong_word_is_64(root: str) -> None:
    done = subprocess.run(
        [str(ROOT / "autoweave"), root, "--nope"], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 64
    assert "--nope" in done.stderr


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refused(tmp_path, "--port", str(taken.getsockname()[1]))

    assert line["code"] == "AW988"
    assert "--port" in line["fix"]


def test_a_key_made_on_the_command_line_opens_its_tenants_door_only(tmp_path: Path) -> None:
    environ = {**os.environ, "AUTOWEAVE_HOME": str(tmp_path)}
    made = subprocess.run(
        [str(ROOT / "autoweave"), "keys", "add", "--tenant", "acme", "-q"],
        env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    key = made.stdout.strip()

    with start.served(str(tmp_path)) as (_, url):
        asked = urllib.request.Request(f"{url}/catalog/input_schema", headers={"X-Api-Key": key})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            opened = answer.status
        with pytest.raises(urllib.error.HTTPError) as shut:
            urllib.request.urlopen(f"{url}/catalog/input_schema", timeout=10)

    assert opened == 200
    assert shut.value.code == 401
    shut.value.close()
    assert key.encode() not in (tmp_path / "store.db").read_bytes()
